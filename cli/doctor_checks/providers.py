"""The providers: whether they were reached in the last day, cooldowns, and the credits used this month."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from cli.providers import rate_limiter_views
from tipoff.landing.open import open_landing
from tipoff.provider_success import recent_success

_NOT_REACHED = "to reach one now: starter.py collect --source nbac_schedule --dry-run"


async def check(installation: Installation) -> CheckResult:
    """OK if no provider is in cooldown or out of credits; a warning if those in use were not reached."""
    if isinstance(installation.client, str) or isinstance(installation.settings, str):
        return CheckResult(ok=False, summary="not checked: this needs a server and a valid configuration")
    views = await rate_limiter_views(installation.client, installation.settings)
    landing = open_landing(installation.settings.landing)
    success = await asyncio.to_thread(recent_success, landing, datetime.now(UTC))
    reached = {host for host, each in success.items() if each.usable or each.not_yet}
    details = (
        *(f"{view.host}: {view.summary}" for view in views),
        f"reached in the last 24 hours: {', '.join(sorted(reached)) or 'none'}",
    )
    refusing = [view.warning for view in views if view.refuses]
    if refusing:
        fix = "wait, set a proxy for a host that blocks this address, or buy credits"
        return CheckResult(ok=False, summary="; ".join(refusing), details=details, fix=fix)
    warnings = [view.warning for view in views if view.warning]
    lost = sorted(host for host, each in success.items() if each.failed and host not in reached)
    if lost:
        warnings.append(f"not reached in the last 24 hours: {', '.join(lost)}")
    if not reached:
        summary = "; ".join(["none was reached in the last 24 hours", *warnings])
        return CheckResult(ok=True, warning=True, summary=summary, details=details, fix=_NOT_REACHED)
    summary = "; ".join(warnings) or f"{len(reached)} reached in the last 24 hours, none in cooldown"
    return CheckResult(ok=True, warning=bool(warnings), summary=summary, details=details)


CHECK = DoctorCheck("providers", check)
