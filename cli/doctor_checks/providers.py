"""The providers: cooldowns, and the credits used this month."""

from __future__ import annotations

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from cli.providers import rate_limiter_views


async def check(installation: Installation) -> CheckResult:
    """OK if no provider is in cooldown or out of credits."""
    if isinstance(installation.client, str) or isinstance(installation.settings, str):
        return CheckResult(ok=False, summary="not checked: this needs a server and a valid configuration")
    views = await rate_limiter_views(installation.client, installation.settings)
    details = tuple(f"{view.host}: {view.summary}" for view in views)
    refusing = [view.warning for view in views if view.refuses]
    if refusing:
        fix = "wait, set a proxy for a host that blocks this address, or buy credits"
        return CheckResult(ok=False, summary="; ".join(refusing), details=details, fix=fix)
    warnings = [view.warning for view in views if view.warning]
    return CheckResult(
        ok=True, summary="; ".join(warnings) or f"{len(views)} in use, none in cooldown", details=details
    )


CHECK = DoctorCheck("providers", check)
