"""How each provider bears to be asked, as data, and the slots by which all workers together keep to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.vocabulary import RateLimit

_MINUTE = timedelta(minutes=1)
_ADDRESS_BLOCK = timedelta(hours=2)
"""The NBA's networks refuse an address for hours; asking meanwhile prolongs it."""


def per_minute(requests: int, cooldown: timedelta = timedelta(minutes=30)) -> RateLimit:
    """Evenly spaced, never two at once."""
    return RateLimit(gap=_MINUTE / requests, spacing=_MINUTE / requests, cooldown=cooldown)


DEFAULT_RATE_LIMIT = per_minute(20)
"""For hosts that name no limit."""

RATE_LIMITS: Mapping[str, RateLimit] = {
    # It blocks after two quick calls; beyond those, fifteen seconds are known to be safe.
    "cdn.nba.com": RateLimit(gap=timedelta(seconds=1), spacing=timedelta(seconds=15), burst=2, cooldown=_ADDRESS_BLOCK),
    "stats.nba.com": per_minute(30, _ADDRESS_BLOCK),
    "ak-static.cms.nba.com": per_minute(20, _ADDRESS_BLOCK),
    "site.api.espn.com": per_minute(60),
    "api.the-odds-api.com": per_minute(30),
}

CONDITIONAL = frozenset({"cdn.nba.com"})
"""Hosts that answer "not modified" to whoever names the answer he has."""


def rate_limit_of(host: str, settings: Settings) -> RateLimit:
    """The manners to keep at a host, by what is known of it and by the plan that was bought there."""
    if host == "api.balldontlie.io":
        return per_minute(settings.balldontlie_per_minute)
    rate_limit = RATE_LIMITS.get(host, DEFAULT_RATE_LIMIT)
    if host == "api.the-odds-api.com":
        return rate_limit.model_copy(update={"monthly_credits": settings.odds_monthly_credits})
    return rate_limit


def rate_limits_apply(settings: Settings) -> bool:
    """Whether providers are asked at the pace they bear: a replay's bear anything, unless its manners are tried."""
    return settings.upstream is None if settings.rate_limits_enabled is None else settings.rate_limits_enabled


def cooldown_after(judgement: Judgement, response: Response, rate_limit: RateLimit) -> timedelta | None:
    """How long everybody leaves the provider alone after an answer; None: it takes no offence."""
    cooldown = OUTCOME_POLICIES[judgement.outcome].cooldown
    usual = rate_limit.cooldown if cooldown == "cooldown" else cooldown
    if usual is None or judgement.retry_at is None:
        return usual
    return max(judgement.retry_at - response.fetched_at, timedelta())


class RateLimiter(Protocol):
    """Leave to ask a provider, given so that all who ask it together keep its manners."""

    async def acquire(self, request: Request, as_of: datetime) -> Judgement | None:
        """Return when the question may be asked, or say at once why it may not and when to come again."""

    async def report(self, request: Request, response: Response, judgement: Judgement) -> None:
        """Say what came back, for those who ask next."""

    async def budget(self, host: str) -> Budget | None:
        """What may still be spent at a host this month; None: there is nothing to count."""


class Unlimited:
    """No manners: a replay's providers bear anything."""

    async def acquire(self, request: Request, as_of: datetime) -> Judgement | None:
        """At once."""
        return None

    async def report(self, request: Request, response: Response, judgement: Judgement) -> None:
        """Nobody listens."""

    async def budget(self, host: str) -> Budget | None:
        """Nothing is counted."""
        return None
