"""An activity's side of the rate limiter, by a scripted client: deadlines, late slots, feedback and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from activities.rate_limiter import (
    DurableRateLimiter,
    Requester,
    credits_left,
    feedback_of,
    rate_limiter_for_activity,
    requester_of,
)
from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.rate_limits import Unlimited, rate_limit_of
from tipoff.vocabulary import Outcome, Route
from workflows.contracts import AcquireRequest, AcquireResult, RateLimiterState

NOW = datetime(2024, 3, 29, 19, 5, tzinfo=UTC)
REQUEST = Request(host="api.the-odds-api.com", path="/v4/sports", credits=3)
SETTINGS = Settings(odds_monthly_credits=500)
RATE_LIMIT = rate_limit_of(REQUEST.host, SETTINGS)
OK = Judgement(outcome=Outcome.OK, reason="")


class ScriptedClient:
    """A Temporal client whose rate limiter grants these slots, and has this state."""

    def __init__(self, slots: Sequence[AcquireResult] = (), state: RateLimiterState | Exception | None = None) -> None:
        self.slots = iter(slots)
        self.state = state
        self.acquired: list[AcquireRequest] = []

    async def execute_update_with_start_workflow(self, name: str, terms: AcquireRequest, **options: Any) -> Any:
        self.acquired.append(terms)
        return next(self.slots)

    def get_workflow_handle(self, workflow_id: str) -> ScriptedClient:
        return self

    async def query(self, name: str, **options: Any) -> Any:
        if isinstance(self.state, Exception):
            raise self.state
        return self.state


def limiter_with(client: ScriptedClient) -> DurableRateLimiter:
    requester = Requester(id="requester", deadline=NOW + timedelta(minutes=8))
    return DurableRateLimiter(cast("Client", client), requester, SETTINGS, lambda: NOW)


def response(headers: Mapping[str, str]) -> Response:
    return Response(status=200, headers=headers, body=b"[]", url=REQUEST.url, fetched_at=NOW)


def test_a_replay_has_no_rate_limits() -> None:
    replay = Settings(upstream="http://127.0.0.1:1")
    assert isinstance(rate_limiter_for_activity(replay, lambda: NOW), Unlimited)


@pytest.mark.parametrize(("minutes", "deadline"), [(10, 8), (None, 0)])
def test_the_deadline_leaves_a_fifth_of_the_activity_for_the_last_response(minutes: int | None, deadline: int) -> None:
    allowed = None if minutes is None else timedelta(minutes=minutes)
    info = replace(ActivityEnvironment.default_info(), started_time=NOW, start_to_close_timeout=allowed)
    assert requester_of(info).deadline == NOW + timedelta(minutes=deadline)
    assert requester_of(info).id != requester_of(replace(info, attempt=info.attempt + 1)).id


async def test_a_slot_is_used_until_half_a_gap_after_it_and_released_later() -> None:
    late, too_late = NOW - 0.5 * RATE_LIMIT.gap, NOW - 0.51 * RATE_LIMIT.gap
    client = ScriptedClient([AcquireResult(slot=too_late), AcquireResult(slot=late, route=Route.PROXY)])
    assert await limiter_with(client).acquire(REQUEST, NOW, (Route.DIRECT, Route.PROXY)) is Route.PROXY
    assert [terms.unused_slot for terms in client.acquired] == [None, too_late]


@pytest.mark.parametrize("wait", [None, timedelta(minutes=4)])
async def test_a_refusal_names_the_host_and_the_time_on_the_days_clock(wait: timedelta | None) -> None:
    day = NOW - timedelta(days=1)
    refused = AcquireResult(outcome=Outcome.THROTTLED, reason="in cooldown", retry_at=wait and NOW + wait)
    refusal = await limiter_with(ScriptedClient([refused])).acquire(REQUEST, day, (Route.DIRECT,))
    assert refusal == Judgement(
        outcome=Outcome.THROTTLED,
        reason="api.the-odds-api.com: in cooldown",
        retry_at=day + (wait or timedelta()),
    )


@pytest.mark.parametrize(
    ("judgement", "headers", "facts"),
    [
        (OK, {"x-requests-used": "8"}, (None, 8, None)),
        (OK, {"x-requests-remaining": "492"}, (None, None, 492)),
        (Judgement(outcome=Outcome.BLOCKED, reason="HTTP 403"), {}, (timedelta(minutes=30), None, None)),
    ],
)
def test_credits_and_blocks_are_reported(judgement: Judgement, headers: dict[str, str], facts: tuple[Any, ...]) -> None:
    feedback = feedback_of(NOW, response(headers), judgement, Route.PROXY, RATE_LIMIT)
    assert feedback is not None
    assert (feedback.cooldown_for, feedback.credits_used, feedback.credits_remaining) == facts
    assert (feedback.slot, feedback.route, feedback.outcome) == (NOW, Route.PROXY, judgement.outcome)


@pytest.mark.parametrize("received", [response({}), None])
def test_an_ordinary_response_changes_nothing(received: Response | None) -> None:
    assert feedback_of(NOW, received, OK, Route.DIRECT, RATE_LIMIT) is None


@pytest.mark.parametrize(("length", "kept"), [(300, 300), (1000, 299)])
def test_the_longest_reason_that_the_rate_limiter_keeps_has_300_characters(length: int, kept: int) -> None:
    blocked = Judgement(outcome=Outcome.BLOCKED, reason="x" * length)
    feedback = feedback_of(NOW, None, blocked, Route.DIRECT, RATE_LIMIT)
    assert feedback is not None
    assert len(feedback.reason) == kept


async def test_the_budget_is_what_the_state_leaves_and_whole_before_the_first_request() -> None:
    spent = limiter_with(ScriptedClient(state=RateLimiterState(month="2024-03", credits_used=100)))
    unused = limiter_with(ScriptedClient(state=RPCError("no such run", RPCStatusCode.NOT_FOUND, b"")))
    budgets = [await limiter.budget(REQUEST.host) for limiter in (spent, unused)]
    assert [budget and (budget.credits_left, budget.monthly_credits) for budget in budgets] == [(400, 500), (500, 500)]


async def test_the_metric_of_a_provider_says_what_is_left_of_its_credits() -> None:
    client = cast("Client", ScriptedClient(state=RateLimiterState(month="2024-03", credits_used=100)))
    assert await credits_left(client, REQUEST.host, SETTINGS, NOW) == 400
    assert await credits_left(client, "cdn.nba.com", SETTINGS, NOW) is None


async def test_a_rate_limiter_that_does_not_answer_is_a_fault_that_passes() -> None:
    limiter = limiter_with(ScriptedClient(state=RPCError("deadline exceeded", RPCStatusCode.DEADLINE_EXCEEDED, b"")))
    with pytest.raises(TransportFault, match=r"the rate limiter of api\.the-odds-api\.com does not respond"):
        await limiter.budget(REQUEST.host)
