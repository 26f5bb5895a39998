"""Credits of paid providers: how many are left, and which questions are worth them today."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from tipoff.sources.base import Request, Slate
from tipoff.vocabulary import Frozen

NEAR_TIP = timedelta(minutes=15)
"""What is asked within this time before a tip is taken for the closing line."""
WARN_FROM = 0.8
"""The share of the month's credits from which on people are warned."""
PULLS_A_DAY = 2
"""One for the predictions, one for the close."""
TYPICAL_PULL = 11
"""Credits of a full pull on a usual date: eight games' props and the three game markets."""


class Budget(Frozen):
    """What a paid provider may still be asked this month."""

    credits_left: int
    monthly_credits: int
    days_left: int
    """In this month, today among them."""

    @property
    def is_short(self) -> bool:
        """Whether people should be warned."""
        return self.monthly_credits - self.credits_left >= WARN_FROM * self.monthly_credits


def credits_told(headers: Mapping[str, str], what: Literal["remaining", "used"]) -> int | None:
    """What an answer says of the quota (`x-requests-…` of the-odds-api v4); None when it does not."""
    told = re.fullmatch(r"([0-9]{1,9})(\.[0-9]*)?", headers.get(f"x-requests-{what}", "").strip())
    return int(told[1]) if told else None


def pulls_affordable(budget: Budget, pull_credits: int) -> int:
    """How many more full pulls of today's slate the month bears, at most two.

    The first always comes before what other days may need; a second only when they could have two as well.
    """
    if budget.credits_left < pull_credits:
        return 0
    kept = (budget.days_left - 1) * PULLS_A_DAY * TYPICAL_PULL
    return PULLS_A_DAY if budget.credits_left - PULLS_A_DAY * pull_credits >= kept else 1


def worth_asking(
    requests: Sequence[Request],
    slate: Slate,
    as_of: datetime,
    had: Mapping[str | None, datetime],
    *,
    refresh: bool,
) -> tuple[Request, ...]:
    """The paid questions to ask now, nearest tip first: those not had today, and with `refresh` those near tip.

    `had`: game (None: the whole slate) -> when it was last had.
    """
    tips = _tips(slate)

    def is_worth_it(request: Request) -> bool:
        last, close = had.get(request.game_id), tips[request.game_id] - NEAR_TIP
        return last is None or (refresh and last < close <= as_of)

    return tuple(sorted(filter(is_worth_it, requests), key=lambda request: tips[request.game_id]))


def next_close(requests: Sequence[Request], slate: Slate, as_of: datetime) -> datetime | None:
    """When the next of the questions comes near its tip."""
    tips = _tips(slate)
    closes = [tips[request.game_id] - NEAR_TIP for request in requests]
    return min((close for close in closes if close > as_of), default=None)


def _tips(slate: Slate) -> dict[str | None, datetime]:
    """When what a question is about begins; a question about the whole slate is about its first game."""
    tips: dict[str | None, datetime] = {game.game_id: game.tip_off for game in slate.games}
    return {**tips, None: min(tips.values())}
