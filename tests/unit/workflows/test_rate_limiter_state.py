"""A provider's patience as arithmetic: whatever is asked and answered, it is asked neither too soon nor too dearly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.vocabulary import Outcome, RateLimit
from workflows import rate_limiter_state
from workflows.contracts import AcquireRequest, AcquireResult, ProviderFeedback, RateLimiterState

START = datetime(2024, 3, 29, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOST = "cdn.nba.com"
CDN = RateLimit(gap=SECOND, spacing=15 * SECOND, burst=2)
PAID = RateLimit(gap=2 * SECOND, spacing=2 * SECOND, monthly_credits=500)

gaps = st.integers(1, 5_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
waits = st.lists(st.integers(0, 60_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds)), max_size=60)


@st.composite
def any_manners(draw: st.DrawFn) -> RateLimit:
    gap = draw(gaps)
    return RateLimit(gap=gap, spacing=gap * draw(st.integers(1, 20)), burst=draw(st.integers(1, 5)))


def asked(rate_limit: RateLimit = PAID, cost: int = 0, until: datetime = START + timedelta(days=60)) -> AcquireRequest:
    return AcquireRequest(host=HOST, rate_limit=rate_limit, credits=cost, until=until)


def taken(rate_limit: RateLimit, after: Iterable[timedelta]) -> list[tuple[datetime, datetime]]:
    """(moment of asking, slot) of questions that come so long after one another."""
    state, now, granted = RateLimiterState(), START, []
    for wait in after:
        now += wait
        state, answer = rate_limiter_state.acquire(state, asked(rate_limit), now)
        granted.append((now, slot_of(answer)))
    return granted


def slot_of(answer: AcquireResult) -> datetime:
    assert answer.slot is not None, answer
    return answer.slot


def told(
    state: RateLimiterState, now: datetime = START, slot: datetime = START, **feedback: object
) -> RateLimiterState:
    return rate_limiter_state.report(state, ProviderFeedback.model_validate({"slot": slot, **feedback}), now)


@given(any_manners(), waits)
def test_however_questions_come_no_two_are_closer_than_the_gap_and_no_more_than_the_burst_than_the_spacing(
    rate_limit: RateLimit, after: list[timedelta]
) -> None:
    granted = [slot for _, slot in taken(rate_limit, after)]
    for first, second in itertools.pairwise(granted):
        assert second - first >= rate_limit.gap
    for start in range(len(granted)):
        for later in range(start + rate_limit.burst, len(granted)):
            beyond = later - start - rate_limit.burst + 1
            assert granted[later] - granted[start] >= beyond * rate_limit.spacing


@given(any_manners(), waits)
def test_nobody_waits_longer_than_the_questions_before_take(rate_limit: RateLimit, after: list[timedelta]) -> None:
    for number, (now, slot) in enumerate(taken(rate_limit, after)):
        assert timedelta() <= slot - now <= number * rate_limit.spacing


def test_after_a_rest_the_network_bears_two_quick_questions_and_then_one_in_fifteen_seconds() -> None:
    granted = [slot - START for _, slot in taken(CDN, [timedelta()] * 4)]
    assert granted == [0 * SECOND, SECOND, 15 * SECOND, 30 * SECOND]


@given(st.integers(0, 7 * 24 * 3600), st.integers(0, 7 * 24 * 3600))
def test_a_provider_that_refused_is_asked_by_nobody_before_its_time_and_by_anybody_after(
    seconds: int, later: int
) -> None:
    cooldown = told(RateLimiterState(), cooldown_for=seconds * SECOND, outcome=Outcome.BLOCKED, reason="HTTP 403")
    _, answer = rate_limiter_state.acquire(cooldown, asked(), START + later * SECOND)
    if later < seconds:
        assert (answer.slot, answer.outcome, answer.not_before) == (None, Outcome.BLOCKED, START + seconds * SECOND)
    else:
        assert answer.slot == START + later * SECOND


def test_a_late_and_milder_answer_does_not_open_a_provider_that_blocks() -> None:
    blocked = told(RateLimiterState(), cooldown_for=timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403")
    both = told(blocked, START + SECOND, cooldown_for=60 * SECOND, outcome=Outcome.THROTTLED, reason="HTTP 429")
    _, answer = rate_limiter_state.acquire(both, asked(), START + timedelta(minutes=5))
    assert answer.outcome is Outcome.BLOCKED
    assert answer.reason == "left alone until 10:00 ET: HTTP 403"


def test_a_question_whose_turn_comes_too_late_for_it_takes_nobodys_turn() -> None:
    state = RateLimiterState()
    for _ in range(3):
        state, _ = rate_limiter_state.acquire(state, asked(CDN), START)
    unchanged, answer = rate_limiter_state.acquire(state, asked(CDN, until=START + 20 * SECOND), START)
    assert (answer.outcome, answer.not_before) == (Outcome.THROTTLED, START + 30 * SECOND)
    _, next_one = rate_limiter_state.acquire(unchanged, asked(CDN), START)
    assert next_one.slot == START + 30 * SECOND


questions = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1), st.booleans()), max_size=80)


@given(questions, st.integers(0, 500))
def test_answers_that_overtake_each_other_or_never_come_overspend_nothing(
    asked_for: list[tuple[int, float, bool]], monthly: int
) -> None:
    """Each question costs up to what it said; answers are told in any order, some never, all within their time."""
    rate_limit = PAID.model_copy(update={"monthly_credits": monthly})
    state, spent, answers = RateLimiterState(), 0, []
    for cost, share, answered in asked_for:
        state, answer = rate_limiter_state.acquire(state, asked(rate_limit, cost), START)
        if answer.slot is None:
            assert answer.outcome is Outcome.QUOTA_SPENT
            assert answer.not_before == datetime(2024, 4, 1, tzinfo=UTC)
            continue
        spent += int(cost * share)
        if answered:
            answers.append((answer.slot, spent))
        if len(answers) == 2:
            for slot, used in reversed(answers):
                state = told(state, slot=slot, credits_used=used, credits_remaining=max(monthly - spent, 0))
            answers.clear()
    assert spent <= monthly


def test_credits_that_somebody_else_spends_are_missed_here_too() -> None:
    state = told(RateLimiterState(), credits_used=100, credits_remaining=2)
    _, refused = rate_limiter_state.acquire(state, asked(cost=3), START)
    _, granted = rate_limiter_state.acquire(state, asked(cost=2), START)
    assert refused.reason == "3 credits wanted, 2 of the month's 500 left"
    assert granted.slot is not None


def test_what_costs_nothing_is_asked_when_the_credits_are_spent() -> None:
    _, answer = rate_limiter_state.acquire(
        told(RateLimiterState(), credits_used=500, credits_remaining=0), asked(cost=0), START
    )
    assert answer.slot == START


def test_a_new_month_has_its_credits_again() -> None:
    state = told(RateLimiterState(), credits_used=500, credits_remaining=0)
    _, spent = rate_limiter_state.acquire(state, asked(cost=1), datetime(2024, 3, 31, 23, 59, tzinfo=UTC))
    _, fresh = rate_limiter_state.acquire(state, asked(cost=500), datetime(2024, 4, 1, tzinfo=UTC))
    assert (spent.outcome, fresh.outcome) == (Outcome.QUOTA_SPENT, Outcome.OK)


@pytest.mark.parametrize(("told_later", "known"), [(3, 3), (249, 249), (498, 500), (501, 501)])
def test_the_higher_count_is_right_unless_the_providers_own_month_began(told_later: int, known: int) -> None:
    state = told(told(RateLimiterState(), credits_used=500), credits_used=told_later)
    assert state.credits_used == known


def test_a_paid_question_that_never_tells_its_cost_is_given_up_after_its_time() -> None:
    state, _ = rate_limiter_state.acquire(RateLimiterState(), asked(cost=500), START)
    _, at_once = rate_limiter_state.acquire(state, asked(cost=1), START + 14 * 60 * SECOND)
    _, later = rate_limiter_state.acquire(state, asked(cost=500), START + rate_limiter_state.ANSWERS_WITHIN)
    assert (at_once.outcome, later.outcome) == (Outcome.QUOTA_SPENT, Outcome.OK)


def test_a_slot_that_was_missed_costs_nothing() -> None:
    state, missed = rate_limiter_state.acquire(RateLimiterState(), asked(cost=500), START)
    again = asked(cost=500).model_copy(update={"missed": missed.slot})
    _, answer = rate_limiter_state.acquire(state, again, START + 10 * SECOND)
    assert answer.slot == START + 10 * SECOND


def test_a_domain_is_told_in_a_line() -> None:
    state, _ = rate_limiter_state.acquire(
        told(RateLimiterState(), credits_used=120, credits_remaining=380), asked(), START
    )
    cooldown = told(state, cooldown_for=timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403: access denied")
    assert rate_limiter_state.sentence(cooldown) == (
        "1 questions in 2024-03; 120 credits used, 380 remaining; left alone until 10:00 ET: HTTP 403: access denied"
    )
