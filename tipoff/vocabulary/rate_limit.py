"""What a provider allows."""

from __future__ import annotations

from datetime import timedelta

from pydantic import AwareDatetime, Field

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.words import Outcome


class RateLimit(Frozen):
    """A provider's rate limit: `burst` requests at `gap` after an idle time, then one request per `spacing`."""

    gap: timedelta = Field(gt=timedelta())
    """Minimum time between any two requests."""
    spacing: timedelta = Field(gt=timedelta())
    burst: int = Field(default=1, ge=1, le=100)
    cooldown: timedelta = timedelta(minutes=30)
    """Cooldown after a block that names no end."""
    monthly_credits: int | None = Field(default=None, ge=0)
    """Credits that may be spent in a month; None: requests cost nothing."""


class Cooldown(Frozen):
    """No request is sent to a provider until then, and why."""

    until: AwareDatetime
    outcome: Outcome
    reason: str = Field(max_length=300)
