"""A month of paid requests: lines of every game at least once, closing lines as far as the credits allow."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.slates import tip as tip_off_of
from tipoff.landing.base import FetchRecord
from tipoff.plan import plan_day
from tipoff.sources.base import Request, Slate
from tipoff.sources.budget import (
    NEAR_TIP,
    REPEAT_AFTER,
    affordable_requests,
    budget_at,
    credits_in_headers,
    paid_records,
)
from tipoff.sources.odds import GameLines, PlayerPointsProps
from tipoff.sources.providers import THE_ODDS_API
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, PlanStep, SlateGame, eastern
from workflows import gates, rate_limiter_state
from workflows.contracts import AcquireRequest, ProviderFeedback, RateLimiterState
from workflows.step_records import SourceRecord

CREDITS = 500
FIRST = date(2024, 3, 1)
REAL_MONTHS = {
    "2023-11": (13, 4, 7, 8, 5, 12, 0, 14, 2, 9, 4, 11, 4, 10, 8, 2, 11, 6, 9, 8, 5, 14, 0, 10, 6, 8, 5, 8, 7, 9),
    "2024-01": (8, 6, 12, 2, 14, 4, 9, 6, 5, 10, 5, 10, 8, 5, 11, 3, 9, 5, 7, 8, 6, 8, 5, 8, 7, 8, 10, 5, 12, 5, 10),
    "2024-03": (9, 5, 8, 6, 9, 8, 7, 8, 7, 9, 6, 7, 9, 6, 6, 9, 7, 8, 5, 8, 7, 8, 8, 6, 11, 4, 12, 2, 12, 3, 10),
    "2024-12": (10, 4, 11, 6, 8, 7, 7, 12, 1, 2, 2, 3, 8, 2, 7, 6, 0, 0, 13, 3, 12, 3, 14, 0, 5, 9, 8, 9, 6, 7, 6),
}
"""Games of each day."""
FULL_MONTH = (14,) * 30
TIPS = (15.5, 19, 19, 19, 19.5, 19.5, 20, 20, 20, 20.5, 21, 22, 22, 22.5, 22.5)
"""Hours of an evening, Eastern."""
PAID = (GameLines(), PlayerPointsProps())


def slate_of(day: date, games: int) -> Slate:
    tips = [eastern(day, 0) + timedelta(hours=hour) for hour in TIPS[:games]]
    return Slate(
        game_date=day,
        games=tuple(
            SlateGame(game_id=f"{day:%m%d}{number:06}", away=f"A{number:02}", home=f"H{number:02}", tip_off=tip)
            for number, tip in enumerate(tips)
        ),
    )


class CreditReservation(NamedTuple):
    """A request that was made, and when."""

    day: date
    at: datetime
    url: str
    game_id: str | None
    tip_off: datetime
    credits: int


def poll_times_of(step: PlanStep) -> Iterator[datetime]:
    """The plan's poll times of a source that is always complete, and every half hour besides."""
    record = SourceRecord(complete=True)
    while poll := gates.next_poll(step, record):
        yield poll
        record = replace(record, last_poll=poll)
    opens, closes = step.cadence[0].start, step.cadence[0].until
    yield from (opens + timedelta(minutes=30 * n) for n in range((closes - opens) // timedelta(minutes=30) + 1))


def record_of(
    request: Request, as_of: datetime, outcome: Outcome = Outcome.OK, status: int | None = 200
) -> FetchRecord:
    """A record of the manifest, as a poll writes it."""
    return FetchRecord(
        source=PAID[1].name,
        game_date=FIRST,
        game_id=request.game_id,
        url=request.url,
        status=status,
        outcome=outcome,
        fetched_at=as_of,
    )


class Month:
    """A provider and its rate limiter for a month, with the functions of a worker."""

    def __init__(self, monthly_credits: int = CREDITS, outcome: Outcome = Outcome.OK) -> None:
        self.outcome = outcome
        self.rate_limit = THE_ODDS_API.rate_limit.model_copy(update={"monthly_credits": monthly_credits})
        self.credits = monthly_credits
        self.state = RateLimiterState()
        self.paid: list[CreditReservation] = []
        self.refused = 0

    @property
    def spent(self) -> dict[str, int]:
        """By the provider's calendar month (UTC), into which the last evening of the month before reaches."""
        months = sorted({f"{paid.at:%Y-%m}" for paid in self.paid})
        return {month: sum(paid.credits for paid in self.paid if f"{paid.at:%Y-%m}" == month) for month in months}

    @property
    def counts(self) -> Counter[tuple[date, str]]:
        """Count of each request on a day."""
        return Counter((paid.day, paid.url) for paid in self.paid)

    @property
    def closing_lines(self) -> list[CreditReservation]:
        """Requests of player lines near tip-off."""
        return [paid for paid in self.paid if paid.game_id and paid.tip_off - NEAR_TIP <= paid.at]

    def play(self, first: date, sizes: Iterable[int]) -> Month:
        for number, games in enumerate(sizes):
            if games:
                self._play_day(slate_of(first + timedelta(days=number), games))
        return self

    def _play_day(self, slate: Slate) -> None:
        steps = {step.name: step for step in plan_day(slate.game_date, slate.games, SOURCES).steps}
        polls = {(poll, source) for source in PAID for poll in poll_times_of(steps[source.name])}
        records: list[FetchRecord] = []
        for as_of, source in sorted(polls, key=lambda poll: (poll[0], poll[1].name)):
            requests = source.requests(slate, as_of, {game.game_id: game.game_id for game in slate.games})
            self._look(requests, slate, as_of, records)

    def _look(self, requests: Sequence[Request], slate: Slate, as_of: datetime, records: list[FetchRecord]) -> None:
        budget = budget_at(as_of, self.state.credits_left(self.credits, as_of), self.credits)
        for request in affordable_requests(requests, slate, as_of, paid_records(records), budget) if requests else ():
            self.state, answer = rate_limiter_state.acquire(
                self.state,
                AcquireRequest(
                    host=THE_ODDS_API.host,
                    rate_limit=self.rate_limit,
                    credits=request.credits,
                    deadline=as_of + timedelta(hours=1),
                ),
                as_of,
            )
            if answer.slot is None:
                assert answer.outcome is Outcome.QUOTA_SPENT
                self.refused += 1
                continue
            records.append(record_of(request, as_of, self.outcome))
            self._pay(request, slate, as_of, answer.slot)

    def _pay(self, request: Request, slate: Slate, as_of: datetime, slot: datetime) -> None:
        tips = {game.game_id: tip_off_of(game) for game in slate.games}
        tip_off = tips[request.game_id] if request.game_id else min(tips.values())
        self.paid.append(
            CreditReservation(
                slate.game_date, as_of.astimezone(UTC), request.url, request.game_id, tip_off, request.credits
            )
        )
        used = self.spent[f"{as_of:%Y-%m}"]
        news = ProviderFeedback(slot=slot, credits_used=used, credits_remaining=max(self.credits - used, 0))
        self.state = rate_limiter_state.report(self.state, news, as_of)


@pytest.mark.parametrize(
    ("name", "spent", "closing_lines"),
    [("2023-11", 500, 124), ("2024-01", 500, 98), ("2024-03", 500, 88), ("2024-12", 499, 145)],
)
def test_a_real_month_of_half_hourly_polls_stays_within_the_credits_and_misses_no_game(
    name: str, spent: int, closing_lines: int
) -> None:
    sizes = REAL_MONTHS[name]
    month = Month().play(date.fromisoformat(f"{name}-01"), sizes)
    assert (month.spent[name], len(month.closing_lines)) == (spent, closing_lines)
    assert spent <= CREDITS
    assert month.refused == 0
    assert max(month.counts.values()) == 2
    assert len({paid.game_id for paid in month.paid if paid.game_id}) == sum(sizes)
    assert len({paid.day for paid in month.paid}) == sum(size > 0 for size in sizes)


def test_closing_lines_are_requested_throughout_the_month() -> None:
    month = Month().play(FIRST, (8,) * 30)
    closed = Counter(paid.day for paid in month.closing_lines)
    assert len(closed) == 30
    assert max(closed.values()) - min(closed.values()) <= 2


def test_a_month_of_full_slates_gives_every_day_its_first_request_until_no_credits_are_left() -> None:
    month = Month().play(FIRST, FULL_MONTH)
    assert CREDITS - 3 < month.spent["2024-03"] <= CREDITS
    assert set(month.counts.values()) == {1}


@pytest.mark.parametrize("outcome", [Outcome.WRONG_TYPE, Outcome.GONE, Outcome.STALE])
def test_unusable_responses_that_cost_are_not_requested_at_every_poll(outcome: Outcome) -> None:
    month = Month(outcome=outcome).play(FIRST, (9,))
    assert sum(month.spent.values()) <= 2 * (9 + 3)
    whole = Month(outcome=outcome).play(FIRST, (8,) * 31)
    assert len({paid.game_id for paid in whole.paid if paid.game_id}) == 8 * 31, "later days' games are still requested"


def test_with_enough_credits_lines_are_requested_every_two_hours_and_before_each_tip_off() -> None:
    month = Month(20_000).play(FIRST, (8,))
    tips = {eastern(FIRST, 0) + timedelta(hours=hour) for hour in TIPS[:8]}
    lines = [paid.at for paid in month.paid if paid.game_id is None]
    assert {tip for tip in tips if any(tip - NEAR_TIP <= at < tip for at in lines)} == tips
    for url in {paid.url for paid in month.paid if paid.game_id}:
        requests = [paid for paid in month.paid if paid.url == url]
        *apart, close = (later.at - paid.at for paid, later in itertools.pairwise(requests))
        assert all(timedelta(hours=2) <= gap <= timedelta(hours=2.5) for gap in apart)
        assert (requests[-1].at >= requests[-1].tip_off - NEAR_TIP, close <= timedelta(hours=2)) == (True, True)


@given(st.lists(st.integers(0, len(TIPS)), min_size=31, max_size=31), st.integers(0, 1_000))
@settings(max_examples=8, deadline=None)
def test_no_month_uses_more_than_its_credits(sizes: list[int], monthly_credits: int) -> None:
    assert max(Month(monthly_credits).play(FIRST, sizes).spent.values(), default=0) <= monthly_credits


TONIGHT = slate_of(FIRST, 9)
REQUESTS = PlayerPointsProps().requests(TONIGHT, eastern(FIRST, 8), {g.game_id: g.game_id for g in TONIGHT.games})
MORNING = paid_records(record_of(request, eastern(FIRST, 8)) for request in REQUESTS)


def test_the_nearest_tip_off_comes_first() -> None:
    requests = affordable_requests(
        tuple(reversed(REQUESTS)), TONIGHT, eastern(FIRST, 8), {}, budget_at(eastern(FIRST, 8), 9, CREDITS)
    )
    assert [_tip_off_of(request) for request in requests] == [game.tip_off for game in TONIGHT.games]


def test_a_game_without_a_fixed_tip_off_comes_last_and_has_no_closing_line() -> None:
    first, *others = TONIGHT.games
    slate = TONIGHT.model_copy(update={"games": (*others, first.model_copy(update={"tip_off": None}))})
    rich = budget_at(eastern(FIRST, 8), CREDITS, CREDITS)
    assert affordable_requests(REQUESTS, slate, eastern(FIRST, 8), {}, rich) == (*REQUESTS[1:], REQUESTS[0])
    assert affordable_requests(REQUESTS[:1], slate, eastern(FIRST, 18, 55), MORNING, rich) == ()
    assert affordable_requests(REQUESTS[:1], slate, eastern(FIRST, 18, 55), {}, rich) == REQUESTS[:1]


@pytest.mark.parametrize(("hour", "minute", "games"), [(12, 0, 0), (18, 44, 0), (18, 45, 3), (18, 55, 3), (19, 20, 2)])
def test_lines_of_the_morning_are_requested_again_only_near_tip_off(hour: int, minute: int, games: int) -> None:
    as_of = eastern(FIRST, hour, minute)
    there = [request for request in REQUESTS if _tip_off_of(request) > as_of]
    assert len(affordable_requests(there, TONIGHT, as_of, MORNING, budget_at(as_of, CREDITS, CREDITS))) == games


def test_a_closing_line_is_requested_once() -> None:
    paid = MORNING | {REQUESTS[1].url: record_of(REQUESTS[1], eastern(FIRST, 18, 45))}
    requests = affordable_requests(
        REQUESTS[1:4], TONIGHT, eastern(FIRST, 18, 55), paid, budget_at(eastern(FIRST, 8), CREDITS, CREDITS)
    )
    assert requests == REQUESTS[2:4]


@pytest.mark.parametrize(
    ("outcome", "status", "costs"),
    [
        (Outcome.OK, 200, True),
        (Outcome.WRONG_TYPE, 200, True),
        (Outcome.WRONG_TYPE, None, True),
        (Outcome.NOT_PUBLISHED_YET, 200, False),
        (Outcome.NOT_PUBLISHED_YET, 404, False),
        (Outcome.PROVIDER_ERROR, None, False),
        (Outcome.BLOCKED, 403, False),
    ],
)
def test_complete_responses_cost_but_not_without_lines(outcome: Outcome, status: int | None, costs: bool) -> None:
    assert bool(paid_records([record_of(REQUESTS[0], eastern(FIRST, 8), outcome, status)])) is costs


@pytest.mark.parametrize(
    ("credits_left", "after", "games"),
    [(CREDITS, REPEAT_AFTER, 1), (CREDITS, REPEAT_AFTER / 2, 0), (494, REPEAT_AFTER, 1), (493, REPEAT_AFTER, 0)],
    ids=["after two hours", "not at once", "beside all closing lines", "not instead of a closing line"],
)
def test_a_game_with_few_quoted_players_is_requested_again_if_all_closing_lines_stay_affordable(
    credits_left: int, after: timedelta, games: int
) -> None:
    as_of = eastern(FIRST, 8) + after
    thin = MORNING | {REQUESTS[4].url: record_of(REQUESTS[4], eastern(FIRST, 8), Outcome.PARTIAL)}
    requests = affordable_requests(REQUESTS, TONIGHT, as_of, thin, budget_at(as_of, credits_left, CREDITS))
    assert requests == REQUESTS[4:5][:games]


@pytest.mark.parametrize(
    ("day", "hour", "days_left"), [(29, 22, 3), (30, 22, 2), (31, 12, 1), (31, 19.5, 1), (31, 20.5, 30)]
)
def test_an_evening_counts_as_its_own_day_until_the_end_of_the_providers_month(
    day: int, hour: float, days_left: int
) -> None:
    now = eastern(date(2024, 3, day), 0) + timedelta(hours=hour)
    assert budget_at(now, CREDITS, CREDITS).days_left == days_left


def test_on_the_last_day_of_the_month_all_credits_may_be_used() -> None:
    last = datetime(2024, 3, 31, 20, tzinfo=UTC)
    assert budget_at(last, 37, CREDITS).spare == 37
    assert budget_at(datetime(2024, 3, 1, tzinfo=UTC), CREDITS, CREDITS).spare == pytest.approx(CREDITS / 31)


def test_a_warning_starts_at_four_fifths_of_the_credits() -> None:
    on_the_tenth = datetime(2024, 3, 10, 12, tzinfo=UTC)
    assert budget_at(on_the_tenth, 101, CREDITS).warning == ""
    assert budget_at(on_the_tenth, 100, CREDITS).warning == ("400 of the month's 500 credits used, 22 days left")


@pytest.mark.parametrize(
    ("header", "read"),
    [("498", 498), (" 498.0 ", 498), ("0", 0), ("", None), ("-1", None), ("many", None), ("9" * 40, None)],
)
def test_the_quota_header_is_read_if_it_is_a_number(header: str, read: int | None) -> None:
    assert credits_in_headers({"x-requests-remaining": header}, "remaining") == read
    assert credits_in_headers({}, "remaining") is None


def _tip_off_of(request: Request) -> datetime:
    return next(tip_off_of(game) for game in TONIGHT.games if game.game_id == request.game_id)
