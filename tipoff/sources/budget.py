"""Credits of paid providers: how many are left, and which questions are worth them now."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Literal

from tipoff.landing.base import FetchRecord
from tipoff.sources.base import Request, Slate
from tipoff.vocabulary import Frozen, Outcome

NEAR_TIP = timedelta(minutes=15)
"""What is asked within this time before a tip is taken for the closing line."""
WARN_FROM = 0.8
"""The share of the month's credits from which on people are warned."""

REPEAT_AFTER = timedelta(minutes=110)
"""A pull is repeated with a plan's two-hourly looks, each of which may come some seconds early."""

_TWO_PULLS_A_DAY = 22
"""Credits: the points of a usual day's eight games and their game lines, twice."""
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
    def is_rich(self) -> bool:
        """Whether the month's credits are for more than two pulls of every day."""
        return self.monthly_credits >= _TWO_PULLS_A_DAY * self.days

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


def credits_in_headers(headers: Mapping[str, str], what: Literal["remaining", "used"]) -> int | None:
    """What an answer says of the quota (`x-requests-…` of the-odds-api v4); None when it does not."""
    match = re.fullmatch(r"([0-9]{1,9})(\.[0-9]*)?", headers.get(f"x-requests-{what}", "").strip())
    return int(match[1]) if match else None


def paid_records(records: Iterable[FetchRecord]) -> dict[str, FetchRecord]:
    """What cost credits, usable or not, the last of each URL: an answer without lines is free, and one that never came.

    `records`: of the day, in the order of time.
    """
    return {record.url: record for record in records if _has_cost(record)}


def _has_cost(record: FetchRecord) -> bool:
    """Whole answers do; one above the cap has no status, and is of the wrong type."""
    came = record.status == HTTPStatus.OK or record.outcome is Outcome.WRONG_TYPE
    return came and record.outcome is not Outcome.NOT_PUBLISHED_YET


def affordable_requests(
    requests: Sequence[Request], slate: Slate, as_of: datetime, had: Mapping[str, FetchRecord], budget: Budget
) -> tuple[Request, ...]:
    """The paid questions to ask now, nearest tip first; the others' earlier answers stand.

    What was not pulled today is asked at any price, since an answer without lines is free. It is asked once more near
    its tip, as far as the day's even share of the month goes; and besides, where that share covers the closing lines
    of all games to come, too. `had`: the day's last pull by URL.
    """
    spare = budget.spare - sum(request.credits for request in requests if request.url not in had)
    closes_due = len(slate.upcoming(as_of))  # a credit each
    asked: list[Request] = []
    for request in sorted(requests, key=lambda request: _tips(request, slate)):
        pull = had.get(request.url)
        if pull is not None:
            left_for_others = _to_be_left(pull, _tips(request, slate), as_of, budget, closes_due)
            if request.credits > spare - left_for_others:
                continue
            spare -= request.credits
        asked.append(request)
    return tuple(asked)


def _to_be_left(pull: FetchRecord, tips: Sequence[datetime], as_of: datetime, budget: Budget, closes_due: int) -> float:
    """The credits that one more pull must leave to others; more than there are where it is worth none."""
    first_tip, *later_tips = tips
    if _is_close(pull, first_tip, as_of):
        return 0
    again = as_of >= pull.fetched_at + REPEAT_AFTER and (budget.is_rich or pull.outcome is not Outcome.OK)
    later_close = budget.is_rich and any(_is_close(pull, tip, as_of) for tip in later_tips)
    return closes_due if again or later_close else math.inf


def _is_close(pull: FetchRecord, tip: datetime, as_of: datetime) -> bool:
    return pull.fetched_at < tip - NEAR_TIP <= as_of


def _tips(request: Request, slate: Slate) -> list[datetime]:
    """When what a question is about begins; one about the whole slate is about each of its games."""
    return sorted({game.tip_off for game in slate.games if request.game_id in (None, game.game_id)})
