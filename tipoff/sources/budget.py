"""Credits of paid providers: how many are left, and which questions are worth them now."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from tipoff.sources.base import Request, Slate
from tipoff.vocabulary import Frozen

NEAR_TIP = timedelta(minutes=15)
"""What is asked within this time before a tip is taken for the closing line."""
WARN_FROM = 0.8
"""The share of the month's credits from which on people are warned."""

_EVENING = timedelta(hours=10)
"""So far American evenings reach into the next day of UTC."""


class Budget(Frozen):
    """What a paid provider may still be asked in a calendar month (UTC, as the-odds-api counts)."""

    credits_left: int
    monthly_credits: int
    days_left: int
    """Of the month, today among them."""
    days: int
    """Of the whole month."""

    @property
    def spare(self) -> float:
        """What may go today when each later day is to have its even share of the month's credits."""
        return self.credits_left - self.monthly_credits * (self.days_left - 1) / self.days

    @property
    def used(self) -> int:
        """Spent, or promised to questions under way."""
        return self.monthly_credits - self.credits_left

    @property
    def says(self) -> str:
        """In words."""
        return f"{self.used} of the month's {self.monthly_credits} credits are used, {self.days_left} days left"

    @property
    def warning(self) -> str:
        """What people should know of; empty: nothing."""
        return self.says if self.used >= WARN_FROM * self.monthly_credits else ""


def budget_at(now: datetime, credits_left: int, monthly_credits: int) -> Budget:
    """The budget at a moment of a month. An evening's games belong to its day, unless the month is over meanwhile."""
    today = now.astimezone(UTC)
    begun = today - _EVENING
    days = calendar.monthrange(today.year, today.month)[1]
    day = begun.day if begun.month == today.month else 1
    return Budget(credits_left=credits_left, monthly_credits=monthly_credits, days_left=days - day + 1, days=days)


def credits_told(headers: Mapping[str, str], what: Literal["remaining", "used"]) -> int | None:
    """What an answer says of the quota (`x-requests-…` of the-odds-api v4); None when it does not."""
    told = re.fullmatch(r"([0-9]{1,9})(\.[0-9]*)?", headers.get(f"x-requests-{what}", "").strip())
    return int(told[1]) if told else None


def worth_asking(
    requests: Sequence[Request], slate: Slate, as_of: datetime, had: Mapping[str, datetime], budget: Budget
) -> tuple[Request, ...]:
    """The paid questions to ask now, nearest tip first; the others' earlier answers stand.

    Two pulls a day at most: what was not had today is asked at any price, since an answer without lines is free; what
    was had is asked once more near its tip, as far as the day's even share of the month goes. `had`: the moments of
    today's usable answers, by URL.
    """
    tips = _tips(slate)
    spare = budget.spare - sum(request.credits for request in requests if request.url not in had)
    asked: list[Request] = []
    for request in sorted(requests, key=lambda request: tips[request.game_id]):
        if request.url in had:
            if not had[request.url] < tips[request.game_id] - NEAR_TIP <= as_of or request.credits > spare:
                continue
            spare -= request.credits
        asked.append(request)
    return tuple(asked)


def _tips(slate: Slate) -> dict[str | None, datetime]:
    """When what a question is about begins; a question about the whole slate is about its first game."""
    tips: dict[str | None, datetime] = {game.game_id: game.tip_off for game in slate.games}
    return {**tips, None: min(tips.values())}
