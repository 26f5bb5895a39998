"""A provider's patience as arithmetic: whatever is asked and answered, it is asked neither too soon nor too dearly."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.vocabulary import Manners, Outcome
from workflows import slots
from workflows.contracts import DomainNews, DomainState, SlotAnswer, SlotRequest

START = datetime(2024, 3, 29, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOST = "cdn.nba.com"
CDN = Manners(gap=SECOND, spacing=15 * SECOND, burst=2)
PAID = Manners(gap=2 * SECOND, spacing=2 * SECOND, monthly_credits=500)

gaps = st.integers(1, 5_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
waits = st.lists(st.integers(0, 60_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds)), max_size=60)


@st.composite
def any_manners(draw: st.DrawFn) -> Manners:
    gap = draw(gaps)
    return Manners(gap=gap, spacing=gap * draw(st.integers(1, 20)), burst=draw(st.integers(1, 5)))


def asked(manners: Manners = PAID, cost: int = 0, until: datetime = START + timedelta(days=60)) -> SlotRequest:
    return SlotRequest(host=HOST, manners=manners, credits=cost, until=until)


def taken(manners: Manners, after: Iterable[timedelta]) -> list[tuple[datetime, datetime]]:
    """(moment of asking, slot) of questions that come so long after one another."""
    state, now, granted = DomainState(), START, []
    for wait in after:
        now += wait
        state, answer = slots.take(state, asked(manners), now)
        granted.append((now, slot_of(answer)))
    return granted


def slot_of(answer: SlotAnswer) -> datetime:
    assert answer.slot is not None, answer
    return answer.slot


def told(state: DomainState, now: datetime = START, slot: datetime = START, **news: object) -> DomainState:
    return slots.tell(state, DomainNews.model_validate({"slot": slot, **news}), now)


@given(any_manners(), waits)
def test_however_questions_come_no_two_are_closer_than_the_gap_and_no_more_than_the_burst_than_the_spacing(
    manners: Manners, after: list[timedelta]
) -> None:
    granted = [slot for _, slot in taken(manners, after)]
    for first, second in itertools.pairwise(granted):
        assert second - first >= manners.gap
    for start in range(len(granted)):
        for later in range(start + manners.burst, len(granted)):
            beyond = later - start - manners.burst + 1
            assert granted[later] - granted[start] >= beyond * manners.spacing


@given(any_manners(), waits)
def test_nobody_waits_longer_than_the_questions_before_take(manners: Manners, after: list[timedelta]) -> None:
    for number, (now, slot) in enumerate(taken(manners, after)):
        assert timedelta() <= slot - now <= number * manners.spacing


def test_after_a_rest_the_network_bears_two_quick_questions_and_then_one_in_fifteen_seconds() -> None:
    granted = [slot - START for _, slot in taken(CDN, [timedelta()] * 4)]
    assert granted == [0 * SECOND, SECOND, 15 * SECOND, 30 * SECOND]


@given(st.integers(0, 7 * 24 * 3600), st.integers(0, 7 * 24 * 3600))
def test_a_provider_that_refused_is_asked_by_nobody_before_its_time_and_by_anybody_after(rest: int, later: int) -> None:
    closed = told(DomainState(), closed_for=rest * SECOND, outcome=Outcome.BLOCKED, reason="HTTP 403")
    _, answer = slots.take(closed, asked(), START + later * SECOND)
    if later < rest:
        assert (answer.slot, answer.outcome, answer.not_before) == (None, Outcome.BLOCKED, START + rest * SECOND)
    else:
        assert answer.slot == START + later * SECOND


def test_a_late_and_milder_answer_does_not_open_a_provider_that_blocks() -> None:
    blocked = told(DomainState(), closed_for=timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403")
    both = told(blocked, START + SECOND, closed_for=60 * SECOND, outcome=Outcome.THROTTLED, reason="HTTP 429")
    _, answer = slots.take(both, asked(), START + timedelta(minutes=5))
    assert answer.outcome is Outcome.BLOCKED
    assert answer.reason == "left alone until 10:00 ET: HTTP 403"


def test_a_question_whose_turn_comes_too_late_for_it_takes_nobodys_turn() -> None:
    state = DomainState()
    for _ in range(3):
        state, _ = slots.take(state, asked(CDN), START)
    unchanged, answer = slots.take(state, asked(CDN, until=START + 20 * SECOND), START)
    assert (answer.outcome, answer.not_before) == (Outcome.THROTTLED, START + 30 * SECOND)
    _, next_one = slots.take(unchanged, asked(CDN), START)
    assert next_one.slot == START + 30 * SECOND


questions = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1), st.booleans()), max_size=80)


@given(questions, st.integers(0, 500))
def test_answers_that_overtake_each_other_or_never_come_overspend_nothing(
    asked_for: list[tuple[int, float, bool]], monthly: int
) -> None:
    """Each question costs up to what it said; answers are told in any order, some never, all within their time."""
    manners = PAID.model_copy(update={"monthly_credits": monthly})
    state, spent, answers = DomainState(), 0, []
    for cost, share, answered in asked_for:
        state, answer = slots.take(state, asked(manners, cost), START)
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
    state = told(DomainState(), credits_used=100, credits_remaining=2)
    _, refused = slots.take(state, asked(cost=3), START)
    _, granted = slots.take(state, asked(cost=2), START)
    assert refused.reason == "3 credits wanted, 2 of the month's 500 left"
    assert granted.slot is not None


def test_what_costs_nothing_is_asked_when_the_credits_are_spent() -> None:
    _, answer = slots.take(told(DomainState(), credits_used=500, credits_remaining=0), asked(cost=0), START)
    assert answer.slot == START


def test_a_new_month_has_its_credits_again() -> None:
    state = told(DomainState(), credits_used=500, credits_remaining=0)
    _, spent = slots.take(state, asked(cost=1), datetime(2024, 3, 31, 23, 59, tzinfo=UTC))
    _, fresh = slots.take(state, asked(cost=500), datetime(2024, 4, 1, tzinfo=UTC))
    assert (spent.outcome, fresh.outcome) == (Outcome.QUOTA_SPENT, Outcome.OK)


@pytest.mark.parametrize(("told_later", "known"), [(3, 3), (249, 249), (498, 500), (501, 501)])
def test_the_higher_count_is_right_unless_the_providers_own_month_began(told_later: int, known: int) -> None:
    state = told(told(DomainState(), credits_used=500), credits_used=told_later)
    assert state.credits_used == known


def test_a_paid_question_that_never_tells_its_cost_is_given_up_after_its_time() -> None:
    state, _ = slots.take(DomainState(), asked(cost=500), START)
    _, at_once = slots.take(state, asked(cost=1), START + 14 * 60 * SECOND)
    _, later = slots.take(state, asked(cost=500), START + slots.ANSWERS_WITHIN)
    assert (at_once.outcome, later.outcome) == (Outcome.QUOTA_SPENT, Outcome.OK)


def test_a_slot_that_was_missed_costs_nothing() -> None:
    state, missed = slots.take(DomainState(), asked(cost=500), START)
    again = asked(cost=500).model_copy(update={"missed": missed.slot})
    _, answer = slots.take(state, again, START + 10 * SECOND)
    assert answer.slot == START + 10 * SECOND


def test_a_domain_is_told_in_a_line() -> None:
    state, _ = slots.take(told(DomainState(), credits_used=120, credits_remaining=380), asked(), START)
    closed = told(state, closed_for=timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403: access denied")
    assert slots.sentence(closed) == (
        "1 questions in 2024-03; 120 credits used, 380 remaining; left alone until 10:00 ET: HTTP 403: access denied"
    )
