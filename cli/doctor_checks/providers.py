"""The providers: whether they were reached in the last day, cooldowns, and the credits used this month."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from cli.providers import RateLimiterView, rate_limiter_views
from tipoff.landing.landing import open_landing
from tipoff.provider_success import recent_success

_TO_REACH_ONE = "to reach one now: starter.py collect --source nbac_schedule --dry-run"


async def check(installation: Installation) -> CheckResult:
    """OK if no provider is in cooldown or out of credits; a warning if those in use were not reached."""
    if isinstance(installation.client, str) or isinstance(installation.settings, str):
        return CheckResult(ok=False, summary="not checked: this needs a server and a valid configuration")
    views = await rate_limiter_views(installation.client, installation.settings)
    landing = open_landing(installation.settings.landing)
    success = await asyncio.to_thread(recent_success, landing, datetime.now(UTC))
    reached = sorted(host for host, each in success.items() if each.usable or each.not_yet)
    lost = sorted(host for host, each in success.items() if each.failed and host not in reached)
    result = _result(views, reached, lost)
    listed = f"reached in the last 24 hours: {', '.join(reached) or 'none'}"
    return result.model_copy(update={"details": (*(f"{view.host}: {view.summary}" for view in views), listed)})


def _result(views: Sequence[RateLimiterView], reached: Sequence[str], lost: Sequence[str]) -> CheckResult:
    refusing = [view.warning for view in views if view.refuses]
    if refusing:
        fix = "wait, set a proxy for a host that blocks this address, or buy credits"
        return CheckResult(ok=False, summary="; ".join(refusing), fix=fix)
    warnings = [view.warning for view in views if view.warning]
    warnings += [f"not reached in the last 24 hours: {', '.join(lost)}"] if lost else []
    if not reached:
        summary = "; ".join(["none was reached in the last 24 hours", *warnings])
        return CheckResult(ok=True, warning=True, summary=summary, fix=_TO_REACH_ONE)
    summary = "; ".join(warnings) or f"{len(reached)} reached in the last 24 hours, none in cooldown"
    return CheckResult(ok=True, warning=bool(warnings), summary=summary)


CHECK = DoctorCheck("providers", check)
