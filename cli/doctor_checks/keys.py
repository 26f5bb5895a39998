"""Keys of the providers: whether a worker has them, never their values."""

from __future__ import annotations

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from tipoff.settings import NOT_SET
from tipoff.sources.registry import SOURCES


async def check(installation: Installation) -> CheckResult:
    """OK because a day without a key degrades by rule; a warning for each absent key that a source needs."""
    there = {value.key: value.value for value in installation.values}
    if not there:
        return CheckResult(ok=False, summary="not checked: the configuration is wrong")
    if there["upstream"] != NOT_SET:
        return CheckResult(ok=True, summary="a replay needs no keys")
    providers = {name: source.provider for name, source in SOURCES.items()}
    needed = {name: provider.api_key.setting for name, provider in providers.items() if provider.api_key}
    absent = sorted({key for key in needed.values() if there.get(key, NOT_SET) == NOT_SET})
    details = tuple(f"{source}: {key} {'absent' if key in absent else 'present'}" for source, key in needed.items())
    details = (*details, "all other sources need no key")
    if not absent:
        return CheckResult(ok=True, summary="all present", details=details)
    variables = ", ".join(f"TIPOFF_{key.upper()}" for key in absent)
    return CheckResult(
        ok=True,
        warning=True,
        summary=f"absent: {', '.join(absent)}; days run without the sources that need them",
        details=details,
        fix=f"set {variables} where the worker runs, and restart it",
    )


CHECK = DoctorCheck("keys", check)
