"""Rate limiting: a host's limit under the purchased plan, the cooldown after a refusal, and the limiter's interface."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.providers import per_minute, provider_of
from tipoff.vocabulary import RateLimit, Route


def rate_limit_of(host: str, settings: Settings) -> RateLimit:
    """The rate limit of a host (`tipoff.sources.providers`) under the purchased plan."""
    provider = provider_of(host)
    rate_limit = provider.rate_limit
    if provider.per_minute_setting:
        rate_limit = per_minute(getattr(settings, provider.per_minute_setting))
    if provider.credits_setting:
        rate_limit = rate_limit.model_copy(update={"monthly_credits": getattr(settings, provider.credits_setting)})
    return rate_limit


def rate_limits_apply(settings: Settings) -> bool:
    """Whether requests wait for the rate limiter: as the setting says, else always except in a replay."""
    return settings.upstream is None if settings.rate_limits_enabled is None else settings.rate_limits_enabled


def cooldown_after(judgement: Judgement, response: Response | None, rate_limit: RateLimit) -> timedelta | None:
    """How long nobody may poll the provider after a response; None: no cooldown.

    The provider's own Retry-After takes precedence over the outcome's and the provider's cooldown.
    """
    cooldown = OUTCOME_POLICIES[judgement.outcome].cooldown
    usual = rate_limit.cooldown if cooldown == "cooldown" else cooldown
    if usual is None or response is None or judgement.retry_at is None:
        return usual
    return max(judgement.retry_at - response.fetched_at, timedelta())


class RateLimiter(Protocol):
    """Grants requests so that all processes together stay within a provider's rate limit."""

    async def acquire(
        self, request: Request, as_of: datetime, routes: Sequence[Route], avoid: Route | None = None
    ) -> Route | Judgement:
        """Wait until the request may be sent, by the first available route but the one to avoid.

        A Judgement: it may not be sent, why, and when to try again.
        """

    async def report(self, request: Request, response: Response | None, judgement: Judgement, route: Route) -> None:
        """Pass on what a response by a route, or its lack, means for the next requests: a block, credits used."""

    async def budget(self, host: str) -> Budget | None:
        """The credits left at a host this month; None where requests cost nothing."""


class Unlimited:
    """Grants every request at once, for replays."""

    async def acquire(
        self, request: Request, as_of: datetime, routes: Sequence[Route], avoid: Route | None = None
    ) -> Route | Judgement:
        """At once."""
        return next(route for route in routes if route is not avoid)

    async def report(self, request: Request, response: Response | None, judgement: Judgement, route: Route) -> None:
        """Ignore it."""

    async def budget(self, host: str) -> Budget | None:
        """None: nothing is counted."""
        return None
