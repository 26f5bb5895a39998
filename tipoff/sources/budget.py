"""Credits of paid providers: how many are left, and which requests to spend them on."""

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
from tipoff.vocabulary import Frozen, Outcome, counted

NEAR_TIP = timedelta(minutes=15)
"""A line polled within this time before tip-off counts as the closing line."""
WARN_FROM = 0.8
"""The used share of the month's credits from which on a warning is published."""

REPEAT_AFTER = timedelta(minutes=110)
"""Below the plan's two hours between polls, since a poll may start some seconds early."""

_CREDITS_FOR_TWO_POLLS = 22
"""For the points and game lines of a usual day's eight games, twice."""
_NOT_FIXED = datetime.max.replace(tzinfo=UTC)
"""Stands for a tip-off that is not fixed: after all others."""
_EVENING = timedelta(hours=10)
"""How far an American evening reaches into the next day of UTC."""


class Budget(Frozen):
    """The credits left at a provider in a calendar month (UTC, as the-odds-api counts)."""

    credits_left: int
    monthly_credits: int
    days_left: int
    """Of the month, including today."""
    days: int
    """Of the whole month."""

    @property
    def spare(self) -> float:
        """Credits to spend today so that each later day keeps its even share of the month."""
        return self.credits_left - self.monthly_credits * (self.days_left - 1) / self.days

    @property
    def is_rich(self) -> bool:
        """Whether the month's credits allow two polls of every game a day."""
        return self.monthly_credits >= _CREDITS_FOR_TWO_POLLS * self.days

    @property
    def used(self) -> int:
        """Credits used, or reserved for requests under way."""
        return self.monthly_credits - self.credits_left

    @property
    def text(self) -> str:
        """For the status: used credits and days left."""
        used = f"{self.used} of the month's {counted(self.monthly_credits, 'credit')} used"
        return f"{used}, {counted(self.days_left, 'day')} left"

    @property
    def warning(self) -> str:
        """The text once most credits are used; else empty."""
        return self.text if self.used >= WARN_FROM * self.monthly_credits else ""


def budget_at(now: datetime, credits_left: int, monthly_credits: int) -> Budget:
    """The budget at a time. Hours of an American evening belong to the day before, except at the start of a month."""
    today = now.astimezone(UTC)
    day_start = today - _EVENING
    days = calendar.monthrange(today.year, today.month)[1]
    day = day_start.day if day_start.month == today.month else 1
    return Budget(credits_left=credits_left, monthly_credits=monthly_credits, days_left=days - day + 1, days=days)


def credits_in_headers(headers: Mapping[str, str], what: Literal["remaining", "used"]) -> int | None:
    """Credits in a response header (`x-requests-…` of the-odds-api v4); None without one."""
    match = re.fullmatch(r"([0-9]{1,9})(\.[0-9]*)?", headers.get(f"x-requests-{what}", "").strip())
    return int(match[1]) if match else None


def paid_records(records: Iterable[FetchRecord]) -> dict[str, FetchRecord]:
    """The last record of each URL that cost credits. Responses without lines and failed requests are free.

    `records`: of the day, in order of time.
    """
    return {record.url: record for record in records if _has_cost(record)}


def _has_cost(record: FetchRecord) -> bool:
    """Complete responses cost credits; one above the size cap has no status and is WRONG_TYPE."""
    is_complete = record.status == HTTPStatus.OK or record.outcome is Outcome.WRONG_TYPE
    return is_complete and record.outcome is not Outcome.NOT_PUBLISHED_YET


def affordable_requests(
    requests: Sequence[Request], slate: Slate, as_of: datetime, paid: Mapping[str, FetchRecord], budget: Budget
) -> tuple[Request, ...]:
    """The paid requests to make now, nearest tip-off first; the earlier responses of the others stay valid.

    A request without a paid response today is always made. It is repeated near its tip-off as far as the day's even
    share of the month allows, and at other times only where that share also covers the closing lines of all upcoming
    games. `paid`: the day's last paid record by URL.
    """
    spare = budget.spare - sum(request.credits for request in requests if request.url not in paid)
    closing_credits = len(slate.upcoming(as_of))  # one each
    affordable: list[Request] = []
    for request in sorted(requests, key=lambda request: _tip_offs(request, slate) or [_NOT_FIXED]):
        last = paid.get(request.url)
        if last is not None:
            reserve = _reserve(last, _tip_offs(request, slate), as_of, budget, closing_credits)
            if request.credits > spare - reserve:
                continue
            spare -= request.credits
        affordable.append(request)
    return tuple(affordable)


def _reserve(
    last: FetchRecord, tip_offs: Sequence[datetime], as_of: datetime, budget: Budget, closing_credits: int
) -> float:
    """The credits that a repeated request must leave for others; infinite when it is not worth repeating."""
    if any(_is_closing_time(last, tip_off, as_of) for tip_off in tip_offs[:1]):
        return 0
    repeat = as_of >= last.fetched_at + REPEAT_AFTER and (budget.is_rich or last.outcome is not Outcome.OK)
    later_close = budget.is_rich and any(_is_closing_time(last, tip_off, as_of) for tip_off in tip_offs[1:])
    return closing_credits if repeat or later_close else math.inf


def _is_closing_time(last: FetchRecord, tip_off: datetime, as_of: datetime) -> bool:
    return last.fetched_at < tip_off - NEAR_TIP <= as_of


def _tip_offs(request: Request, slate: Slate) -> list[datetime]:
    """The fixed tip-offs of the games a request is about, in order; one without a game is about the whole slate."""
    return sorted({game.tip_off for game in slate.games if game.tip_off and request.game_id in (None, game.game_id)})
