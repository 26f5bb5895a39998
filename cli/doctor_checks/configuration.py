"""The configuration: every setting, and where it comes from."""

from __future__ import annotations

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from tipoff.settings import describe


async def check(installation: Installation) -> CheckResult:
    """OK if every value is valid; secrets are not shown."""
    if isinstance(installation.settings, str):
        return CheckResult(
            ok=False,
            summary="invalid",
            details=tuple(installation.settings.splitlines()),
            fix="correct the values above",
        )
    values = describe(installation.settings)
    changed = sum(value.origin != "default" for value in values)
    return CheckResult(
        ok=True,
        summary=f"{len(values)} settings, {changed} of them differ from the default",
        details=tuple(f"{value.key} = {value.value}  ({value.origin})" for value in values),
    )


CHECK = DoctorCheck("configuration", check)
