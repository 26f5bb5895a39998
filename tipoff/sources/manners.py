"""How each provider bears to be asked, as data, and the slots by which all workers together keep to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget
from tipoff.sources.outcomes import DECISIONS
from tipoff.vocabulary import Manners

_MINUTE = timedelta(minutes=1)
_ADDRESS_BLOCK = timedelta(hours=2)
"""The NBA's networks refuse an address for hours; asking meanwhile prolongs it."""


def per_minute(requests: int, cool_down: timedelta = timedelta(minutes=30)) -> Manners:
    """Evenly spaced, never two at once."""
    return Manners(gap=_MINUTE / requests, spacing=_MINUTE / requests, cool_down=cool_down)


POLITE = per_minute(20)
"""For hosts that name no limit."""

MANNERS: Mapping[str, Manners] = {
    # It blocks after two quick calls; beyond those, fifteen seconds are known to be safe.
    "cdn.nba.com": Manners(gap=timedelta(seconds=1), spacing=timedelta(seconds=15), burst=2, cool_down=_ADDRESS_BLOCK),
    "stats.nba.com": per_minute(30, _ADDRESS_BLOCK),
    "ak-static.cms.nba.com": per_minute(20, _ADDRESS_BLOCK),
    "site.api.espn.com": per_minute(60),
    "api.the-odds-api.com": per_minute(30),
}

CONDITIONAL = frozenset({"cdn.nba.com"})
"""Hosts that answer "not modified" to whoever names the answer he has."""


def manners_of(host: str, settings: Settings) -> Manners:
    """The manners to keep at a host, by what is known of it and by the plan that was bought there."""
    if host == "api.balldontlie.io":
        return per_minute(settings.balldontlie_per_minute)
    manners = MANNERS.get(host, POLITE)
    if host == "api.the-odds-api.com":
        return manners.model_copy(update={"monthly_credits": settings.odds_monthly_credits})
    return manners


def are_kept(settings: Settings) -> bool:
    """Whether providers are asked at the pace they bear: a replay's bear anything, unless its manners are tried."""
    return settings.upstream is None if settings.manners is None else settings.manners


def rest_after(judgement: Judgement, response: Response, manners: Manners) -> timedelta | None:
    """How long everybody leaves the provider alone after an answer; None: it takes no offence."""
    rest = DECISIONS[judgement.outcome].rest
    usual = manners.cool_down if rest == "cool_down" else rest
    if usual is None or judgement.retry_at is None:
        return usual
    return max(judgement.retry_at - response.fetched_at, timedelta())


class Slots(Protocol):
    """Leave to ask a provider, given so that all who ask it together keep its manners."""

    async def take(self, request: Request, as_of: datetime) -> Judgement | None:
        """Return when the question may be asked, or say at once why it may not and when to come again."""

    async def tell(self, request: Request, response: Response, judgement: Judgement) -> None:
        """Say what came back, for those who ask next."""

    async def budget(self, host: str) -> Budget | None:
        """What may still be spent at a host this month; None: there is nothing to count."""


class Free:
    """No manners: a replay's providers bear anything."""

    async def take(self, request: Request, as_of: datetime) -> Judgement | None:
        """At once."""
        return None

    async def tell(self, request: Request, response: Response, judgement: Judgement) -> None:
        """Nobody listens."""

    async def budget(self, host: str) -> Budget | None:
        """Nothing is counted."""
        return None
