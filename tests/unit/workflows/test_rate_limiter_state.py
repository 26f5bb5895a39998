"""The state of a rate limiter: no sequence of requests and responses breaks the spacing or overspends the credits."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.vocabulary import Outcome, RateLimit, Route
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
def rate_limits(draw: st.DrawFn) -> RateLimit:
    gap = draw(gaps)
    return RateLimit(gap=gap, spacing=gap * draw(st.integers(1, 20)), burst=draw(st.integers(1, 5)))


def acquire_request(
    rate_limit: RateLimit = PAID, cost: int = 0, deadline: datetime = START + timedelta(days=60)
) -> AcquireRequest:
    return AcquireRequest(host=HOST, rate_limit=rate_limit, credits=cost, deadline=deadline)


def granted_slots(rate_limit: RateLimit, after: Iterable[timedelta]) -> list[tuple[datetime, datetime]]:
    """(request time, slot) of requests that come at these intervals."""
    state, now, granted = RateLimiterState(), START, []
    for wait in after:
        now += wait
        state, result = rate_limiter_state.acquire(state, acquire_request(rate_limit), now)
        granted.append((now, slot_of(result)))
    return granted


def slot_of(result: AcquireResult) -> datetime:
    assert result.slot is not None, result
    return result.slot


def reported(
    state: RateLimiterState, now: datetime = START, slot: datetime = START, **feedback: object
) -> RateLimiterState:
    return rate_limiter_state.report(state, ProviderFeedback.model_validate({"slot": slot, **feedback}), now)


@given(rate_limits(), waits)
def test_slots_respect_the_gap_the_burst_and_the_spacing(rate_limit: RateLimit, after: list[timedelta]) -> None:
    granted = [slot for _, slot in granted_slots(rate_limit, after)]
    for first, second in itertools.pairwise(granted):
        assert second - first >= rate_limit.gap
    for start in range(len(granted)):
        for later in range(start + rate_limit.burst, len(granted)):
            beyond = later - start - rate_limit.burst + 1
            assert granted[later] - granted[start] >= beyond * rate_limit.spacing


@given(rate_limits(), waits)
def test_no_request_waits_longer_than_the_spacing_of_those_before_it(
    rate_limit: RateLimit, after: list[timedelta]
) -> None:
    for number, (now, slot) in enumerate(granted_slots(rate_limit, after)):
        assert timedelta() <= slot - now <= number * rate_limit.spacing


def test_a_burst_of_two_is_followed_by_one_request_every_fifteen_seconds() -> None:
    granted = [slot - START for _, slot in granted_slots(CDN, [timedelta()] * 4)]
    assert granted == [0 * SECOND, SECOND, 15 * SECOND, 30 * SECOND]


@given(st.integers(0, 7 * 24 * 3600), st.integers(0, 7 * 24 * 3600))
def test_no_slot_is_granted_during_a_cooldown(seconds: int, later: int) -> None:
    cooldown = reported(RateLimiterState(), cooldown_for=seconds * SECOND, outcome=Outcome.BLOCKED, reason="HTTP 403")
    _, result = rate_limiter_state.acquire(cooldown, acquire_request(), START + later * SECOND)
    if later < seconds:
        assert (result.slot, result.outcome, result.retry_at) == (None, Outcome.BLOCKED, START + seconds * SECOND)
    else:
        assert result.slot == START + later * SECOND


def test_a_shorter_cooldown_does_not_end_a_longer_one() -> None:
    blocked = reported(RateLimiterState(), cooldown_for=timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403")
    both = reported(blocked, START + SECOND, cooldown_for=60 * SECOND, outcome=Outcome.THROTTLED, reason="HTTP 429")
    _, result = rate_limiter_state.acquire(both, acquire_request(), START + timedelta(minutes=5))
    assert result.outcome is Outcome.BLOCKED
    assert result.reason == "in cooldown until Fri 10:00 ET: HTTP 403"


BOTH = (Route.DIRECT, Route.PROXY)
HOURS = timedelta(hours=1)


def blocked_routes(**hours: int) -> RateLimiterState:
    """The state in which a provider blocks each of these routes for so many hours."""
    state = RateLimiterState()
    for route, count in hours.items():
        block: dict[str, Any] = {
            "route": route,
            "cooldown_for": count * HOURS,
            "outcome": Outcome.BLOCKED,
            "reason": "HTTP 403",
        }
        state = reported(state, **block)
    return state


def acquired(
    state: RateLimiterState, hours: float, routes: tuple[Route, ...] = BOTH, avoid: Route | None = None
) -> AcquireResult:
    request = acquire_request().model_copy(update={"routes": routes, "avoid": avoid})
    return rate_limiter_state.acquire(state, request, START + hours * HOURS)[1]


@given(st.integers(0, 5), st.integers(0, 5), st.floats(0, 6))
def test_the_first_free_route_is_granted_and_none_before_the_first_block_ends(
    direct: int, proxy: int, hours: float
) -> None:
    state = blocked_routes(direct=direct, proxy=proxy)
    result = acquired(state, hours)
    if hours >= direct or hours >= proxy:
        assert (result.slot is not None, result.route) == (True, Route.DIRECT if hours >= direct else Route.PROXY)
    else:
        end = START + min(direct, proxy) * HOURS
        assert (result.slot, result.outcome, result.retry_at) == (None, Outcome.BLOCKED, end)


@pytest.mark.parametrize(
    ("routes", "granted"), [((Route.DIRECT,), None), ((Route.PROXY,), Route.PROXY), (BOTH, Route.PROXY)]
)
def test_a_block_concerns_its_own_route_only(routes: tuple[Route, ...], granted: Route | None) -> None:
    result = acquired(blocked_routes(direct=2), 1, routes)
    assert (result.route if result.slot else None) == granted


def test_throttling_concerns_every_route() -> None:
    throttled = reported(RateLimiterState(), cooldown_for=HOURS, outcome=Outcome.THROTTLED, reason="HTTP 429")
    assert (acquired(throttled, 0.5).slot, acquired(throttled, 0.5).retry_at) == (None, START + HOURS)


def test_a_route_that_just_failed_is_avoided() -> None:
    assert acquired(RateLimiterState(), 0, avoid=Route.DIRECT).route is Route.PROXY
    refused = acquired(blocked_routes(proxy=2), 1, avoid=Route.DIRECT)
    assert (refused.slot, refused.retry_at) == (None, START + 2 * HOURS)
    alone = acquired(RateLimiterState(), 0, (Route.DIRECT,), Route.DIRECT)
    assert (alone.slot, alone.outcome, alone.reason) == (None, Outcome.PROVIDER_ERROR, "there is no other route")


def test_a_blocked_route_is_named_with_its_end_and_the_route_in_use() -> None:
    used = blocked_routes(direct=2).model_copy(update={"routes": BOTH})
    assert rate_limiter_state.format_routes(used) == (
        "this machine's address is blocked until Fri 10:00 ET: HTTP 403; requests use the proxy route"
    )
    both = blocked_routes(direct=2, proxy=1).model_copy(update={"routes": BOTH})
    assert rate_limiter_state.format_routes(both) == "in cooldown until Fri 09:00 ET: HTTP 403"
    assert rate_limiter_state.format_routes(rate_limiter_state.without_expired(used, START + 2 * HOURS)) == ""
    assert rate_limiter_state.format_routes(rate_limiter_state.reset_cooldown(both)) == ""


def test_a_request_refused_for_its_deadline_uses_no_slot() -> None:
    state = RateLimiterState()
    for _ in range(3):
        state, _ = rate_limiter_state.acquire(state, acquire_request(CDN), START)
    unchanged, result = rate_limiter_state.acquire(state, acquire_request(CDN, deadline=START + 20 * SECOND), START)
    assert (result.outcome, result.retry_at) == (Outcome.THROTTLED, START + 30 * SECOND)
    _, next_one = rate_limiter_state.acquire(unchanged, acquire_request(CDN), START)
    assert next_one.slot == START + 30 * SECOND


paid_requests = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1), st.booleans()), max_size=80)


@given(paid_requests, st.integers(0, 500))
def test_responses_out_of_order_or_missing_overspend_nothing(
    requests: list[tuple[int, float, bool]], monthly: int
) -> None:
    """Each request costs at most its reservation; responses are reported in any order, some never."""
    rate_limit = PAID.model_copy(update={"monthly_credits": monthly})
    state, spent, responses = RateLimiterState(), 0, []
    for cost, share, answered in requests:
        state, result = rate_limiter_state.acquire(state, acquire_request(rate_limit, cost), START)
        if result.slot is None:
            assert result.outcome is Outcome.QUOTA_SPENT
            assert result.retry_at == datetime(2024, 4, 1, tzinfo=UTC)
            continue
        spent += int(cost * share)
        if answered:
            responses.append((result.slot, spent))
        if len(responses) == 2:
            for slot, used in reversed(responses):
                state = reported(state, slot=slot, credits_used=used, credits_remaining=max(monthly - spent, 0))
            responses.clear()
    assert spent <= monthly


def test_credits_spent_elsewhere_count_too() -> None:
    state = reported(RateLimiterState(), credits_used=100, credits_remaining=2)
    _, refused = rate_limiter_state.acquire(state, acquire_request(cost=3), START)
    _, granted = rate_limiter_state.acquire(state, acquire_request(cost=2), START)
    assert refused.reason == "the request costs 3 credits, 2 of 500 are left this month"
    assert granted.slot is not None


def test_free_requests_are_granted_without_credits() -> None:
    _, result = rate_limiter_state.acquire(
        reported(RateLimiterState(), credits_used=500, credits_remaining=0), acquire_request(cost=0), START
    )
    assert result.slot == START


def test_a_new_month_has_all_its_credits() -> None:
    state = reported(RateLimiterState(), credits_used=500, credits_remaining=0)
    _, spent = rate_limiter_state.acquire(state, acquire_request(cost=1), datetime(2024, 3, 31, 23, 59, tzinfo=UTC))
    _, fresh = rate_limiter_state.acquire(state, acquire_request(cost=500), datetime(2024, 4, 1, tzinfo=UTC))
    assert (spent.outcome, fresh.outcome) == (Outcome.QUOTA_SPENT, Outcome.OK)


@pytest.mark.parametrize(("reported_later", "known"), [(3, 3), (249, 249), (498, 500), (501, 501)])
def test_the_higher_credit_count_is_kept_unless_the_providers_month_began(reported_later: int, known: int) -> None:
    state = reported(reported(RateLimiterState(), credits_used=500), credits_used=reported_later)
    assert state.credits_used == known


def test_a_reservation_without_a_response_expires() -> None:
    state, _ = rate_limiter_state.acquire(RateLimiterState(), acquire_request(cost=500), START)
    _, at_once = rate_limiter_state.acquire(state, acquire_request(cost=1), START + 14 * 60 * SECOND)
    _, later = rate_limiter_state.acquire(
        state, acquire_request(cost=500), START + rate_limiter_state.RESERVATION_EXPIRES_AFTER
    )
    assert (at_once.outcome, later.outcome) == (Outcome.QUOTA_SPENT, Outcome.OK)


def test_an_unused_slot_costs_nothing() -> None:
    state, unused = rate_limiter_state.acquire(RateLimiterState(), acquire_request(cost=500), START)
    again = acquire_request(cost=500).model_copy(update={"unused_slot": unused.slot})
    _, result = rate_limiter_state.acquire(state, again, START + 10 * SECOND)
    assert result.slot == START + 10 * SECOND


def test_the_state_is_formatted_as_one_line() -> None:
    state, _ = rate_limiter_state.acquire(
        reported(RateLimiterState(), credits_used=120, credits_remaining=380), acquire_request(), START
    )
    cooldown = reported(
        state, cooldown_for=timedelta(hours=2), outcome=Outcome.BLOCKED, reason="HTTP 403: access denied"
    )
    assert rate_limiter_state.format_state(cooldown) == (
        "1 request in 2024-03; 120 credits used, 380 remaining; in cooldown until Fri 10:00 ET: HTTP 403: access denied"
    )
