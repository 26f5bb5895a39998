"""The rate limiter of a provider on a real server: all requesters, runs and workers share one state."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import itertools
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.rate_limiter import DurableRateLimiter, requester_of
from cli.cli_rate_limiter import CliRateLimiter
from cli.doctor_checks.base import Installation
from cli.doctor_checks.providers import check as check_providers
from cli.exit_codes import CommandError
from cli.providers import RateLimiterView, rate_limiter_views, reset_cooldown
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import deployment, workflows_of
from tests.support.two_routes import AS_OF as POLLED_AT
from tests.support.two_routes import HOST, SECRETS, site
from tipoff.errors import TransportFault
from tipoff.replay.archive import Archive
from tipoff.replay.faults import FaultKind
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.vocabulary import Outcome, RateLimit, Route
from workflows.contracts import (
    AcquireRequest,
    AcquireResult,
    CooldownReset,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    RateLimiterState,
    rate_limiter_workflow_id,
)
from workflows.rate_limiter import RateLimiterWorkflow

RATE_LIMIT = RateLimit(gap=timedelta(milliseconds=200), spacing=timedelta(milliseconds=200), monthly_credits=500)

BUILDS = "builds"
"""A queue of its own: once a build of a queue is current, workers without a named build get none of its tasks."""


class LimiterUnderTest:
    """The rate limiter of one test provider, used as activities use it."""

    def __init__(self, client: Client, continue_as_new_after: int, queue: str) -> None:
        self.host = f"{uuid.uuid4().hex}.example.org"
        self.handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(rate_limiter_workflow_id(self.host))
        self._client = client
        self._queue = queue
        self._input = RateLimiterInput(host=self.host, continue_as_new_after=continue_as_new_after)

    async def acquire(self, update_id: str | None = None, **request: Any) -> AcquireResult:
        start = WithStartWorkflowOperation(
            RateLimiterWorkflow.run,
            self._input,
            id=self.handle.id,
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        terms = {
            "host": self.host,
            "rate_limit": RATE_LIMIT,
            "deadline": datetime.now(UTC) + timedelta(hours=1),
            **request,
        }
        return await self._client.execute_update_with_start_workflow(
            RateLimiterWorkflow.acquire, AcquireRequest(**terms), start_workflow_operation=start, id=update_id
        )

    async def report(self, **feedback: Any) -> None:
        await self.handle.signal(
            RateLimiterWorkflow.handle_report, ProviderFeedback(**{"slot": datetime.now(UTC), **feedback})
        )

    async def state(self) -> RateLimiterState:
        return await self.handle.query(RateLimiterWorkflow.state)


@asynccontextmanager
async def serving(client: Client, build_id: str | None = None, queue: str = Queue.DAY) -> AsyncIterator[None]:
    worker = Worker(
        client,
        task_queue=queue,
        workflows=workflows_of(build_id),
        workflow_runner=WORKFLOW_RUNNER,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        deployment_config=deployment(build_id),
    )
    async with worker:
        if build_id:
            await make_current(client, build_id)
        yield


async def make_current(client: Client, build_id: str) -> None:
    """Make this build serve the runs that are not bound to one, once the server knows it."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name="tipoff", build_id=build_id, ignore_missing_task_queues=True
    )
    async with asyncio.timeout(60):
        while True:
            try:
                await client.workflow_service.set_worker_deployment_current_version(request)
            except RPCError as error:
                if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}:
                    raise
            else:
                return
            await asyncio.sleep(0.1)


REQUEST = Request(host="api.the-odds-api.com", path="/v4/sports/basketball_nba/odds", credits=3)
AS_OF = datetime(2024, 3, 29, 19, 5, tzinfo=UTC)
DIRECT = (Route.DIRECT,)
THROTTLED = Judgement(outcome=Outcome.THROTTLED, reason="HTTP 429", retry_at=AS_OF + timedelta(seconds=90))


@pytest.fixture
async def odds(client: Client) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """The rate limiter of the paid provider."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(REQUEST.host))
    yield handle
    with contextlib.suppress(RPCError):
        await handle.terminate()


@asynccontextmanager
async def limiter_of(
    client: Client, continue_as_new_after: int = 4_000, queue: str = Queue.DAY
) -> AsyncIterator[LimiterUnderTest]:
    """A fresh rate limiter; it ends with the test."""
    limiter = LimiterUnderTest(client, continue_as_new_after, queue)
    try:
        yield limiter
    finally:
        await limiter.handle.terminate()


async def test_concurrent_requesters_get_spaced_slots_and_continue_as_new_loses_none(client: Client) -> None:
    async with limiter_of(client, continue_as_new_after=30) as limiter, serving(client):

        async def requester() -> list[AcquireResult]:
            return [await limiter.acquire() for _ in range(10)]

        results = [result for each in await asyncio.gather(requester(), requester(), requester()) for result in each]
        state = await limiter.state()
        described = await limiter.handle.describe()
    slots = sorted(result.slot for result in results if result.slot)
    assert len(slots) == state.slots == 30
    assert all(second - first >= RATE_LIMIT.gap for first, second in itertools.pairwise(slots))
    assert described.run_id != described.raw_description.workflow_execution_info.first_run_id
    assert described.history_length < 60


async def test_a_rate_limiter_moves_to_the_newest_build(client: Client) -> None:
    async with limiter_of(client, continue_as_new_after=30, queue=BUILDS) as limiter:
        for build in ("first", "second", "third"):
            async with serving(client, build, queue=BUILDS):
                for _ in range(5):
                    await limiter.acquire()
        described = await limiter.handle.describe()
    versioning = described.raw_description.workflow_execution_info.versioning_info
    assert versioning.deployment_version.build_id == "third"


async def test_a_repeated_acquire_with_the_same_id_gets_the_same_slot(client: Client) -> None:
    async with limiter_of(client) as limiter, serving(client):
        results = [await limiter.acquire("poll-1") for _ in range(2)]
        assert results[0] == results[1]
        assert (await limiter.state()).slots == 1


async def test_a_cooldown_and_the_credits_survive_a_worker_restart(client: Client) -> None:
    async with limiter_of(client) as limiter:
        async with serving(client):
            await limiter.acquire()
            await limiter.report(
                cooldown_for=timedelta(hours=2),
                outcome=Outcome.BLOCKED,
                reason="HTTP 403: access denied",
                credits_used=498,
                credits_remaining=2,
            )
            await limiter.state()
        async with serving(client):
            result = await limiter.acquire()
            state = await limiter.state()
    assert (result.slot, result.outcome) == (None, Outcome.BLOCKED)
    assert result.retry_at is not None
    assert result.retry_at > datetime.now(UTC) + timedelta(hours=1)
    assert state.credits_left(500, datetime.now(UTC)) == 2


async def test_a_blocked_address_is_remembered_across_workers_and_runs_while_the_proxy_is_used(client: Client) -> None:
    both: dict[str, Any] = {"routes": (Route.DIRECT, Route.PROXY)}
    async with limiter_of(client, continue_as_new_after=30) as limiter:
        async with serving(client):
            assert (await limiter.acquire(**both)).route is Route.DIRECT
            block = {"cooldown_for": timedelta(seconds=20), "outcome": Outcome.BLOCKED, "reason": "HTTP 403"}
            blocked_at = real()
            await limiter.report(route=Route.DIRECT, **block)
            during = [(await limiter.acquire(**both)).route for _ in range(8)]
        async with serving(client):
            described = await limiter.handle.describe()
            restarted = await limiter.acquire(**both)
            alone = await limiter.acquire()
            assert real() < blocked_at + timedelta(seconds=20), "this machine is too slow for the test"
            await asyncio.sleep((blocked_at + timedelta(seconds=21) - real()).total_seconds())
            afterwards = await limiter.acquire(**both)
    assert {*during, restarted.route} == {Route.PROXY}
    assert described.run_id != described.raw_description.workflow_execution_info.first_run_id
    assert (alone.slot, alone.outcome) == (None, Outcome.BLOCKED)
    assert afterwards.route is Route.DIRECT


async def test_an_activity_and_the_command_line_use_the_route_that_is_free(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    blocked = Judgement(outcome=Outcome.BLOCKED, reason="HTTP 403")
    both = (Route.DIRECT, Route.PROXY)
    with_proxy = Settings(odds_monthly_credits=10, proxies={REQUEST.host: "http://proxy:3128"})
    async with serving(client):
        rate_limiter = limiter_for_activity(client, real)
        assert await rate_limiter.acquire(REQUEST, AS_OF, both) is Route.DIRECT
        await rate_limiter.report(REQUEST, response(), blocked, Route.DIRECT)
        assert await rate_limiter.acquire(REQUEST, AS_OF, both, avoid=Route.DIRECT) is Route.PROXY
        assert await CliRateLimiter(with_proxy, client).acquire(REQUEST, AS_OF, both) is Route.PROXY
        cooldowns = [
            await CliRateLimiter(settings, client).cooldown(REQUEST.host) for settings in (with_proxy, Settings())
        ]
        (shown,) = [view for view in await rate_limiter_views(client, with_proxy) if view.host == REQUEST.host]
        reset = await reset_cooldown(client, CooldownReset(host=REQUEST.host, who="ann", why="new address"))
        assert await limiter_for_activity(client, real).acquire(REQUEST, AS_OF, both) is Route.DIRECT
    assert [cooldown is None for cooldown in cooldowns] == [True, False]
    assert (shown.refuses, shown.route) == (False, Route.PROXY)
    assert "this machine's address is blocked until" in shown.warning
    assert "before: this machine's address is blocked until" in reset


async def test_polls_of_all_workers_go_on_through_the_proxy_and_no_history_has_its_password(
    client: Client, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = client.get_workflow_handle(rate_limiter_workflow_id(HOST))
    async with site(Archive(sample), tmp_path, monkeypatch, FaultKind.ACCESS_DENIED) as here:
        reports = []
        for worker in range(2):
            async with serving(client):
                rate_limiter = limiter_for_activity(client, real)
                reports.append(await here.poll(rate_limiter, POLLED_AT + timedelta(minutes=worker)))
        requests = here.requests(Route.DIRECT), here.requests(Route.PROXY)
    history = (await handle.fetch_history()).to_json()
    await handle.terminate()
    assert [report.outcome for report in reports] == [Outcome.OK] * 2
    assert [bool(report.address_blocked) for report in reports] == [True, False]
    assert requests == (1, 2)
    assert "access denied" in base64_decoded(history)
    assert not [secret for secret in SECRETS if secret in history + base64_decoded(history)]


def base64_decoded(history: str) -> str:
    """The payloads of a history."""
    payloads = re.findall(r'"data": "([A-Za-z0-9+/=]+)"', history)
    return " ".join(base64.b64decode(payload).decode("utf-8", "replace") for payload in payloads)


async def test_an_operator_resets_a_cooldown_and_the_remaining_credits(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    reset = CooldownReset(host=REQUEST.host, who="ann", why="new proxy")
    with pytest.raises(CommandError, match="has no rate limiter and no cooldown"):
        await reset_cooldown(client, reset)
    async with serving(client):
        rate_limiter = limiter_for_activity(client, real)
        await rate_limiter.acquire(REQUEST, AS_OF, DIRECT)
        assert await reset_cooldown(client, reset) == f"{REQUEST.host} may be polled again; before: not in cooldown"
        spent = {"x-requests-used": "3", "x-requests-remaining": "0"}
        week = THROTTLED.model_copy(update={"retry_at": AS_OF + timedelta(days=7)})
        await rate_limiter.report(REQUEST, response(**spent), week, Route.DIRECT)
        assert await rate_limiter.acquire(REQUEST, AS_OF, DIRECT) is not Route.DIRECT
        assert "before: in cooldown until" in await reset_cooldown(client, reset)
        assert await rate_limiter.acquire(REQUEST, AS_OF, DIRECT) is Route.DIRECT


async def test_concurrent_paid_requests_share_the_monthly_credits(client: Client) -> None:
    async with limiter_of(client) as limiter, serving(client):
        results = await asyncio.gather(*(limiter.acquire(credits=100) for _ in range(8)))
    outcomes = [result.outcome for result in results]
    assert sorted(outcomes) == [Outcome.OK] * 5 + [Outcome.QUOTA_SPENT] * 3


async def test_a_request_for_another_host_is_refused(client: Client) -> None:
    async with limiter_of(client) as limiter, serving(client):
        with pytest.raises(WorkflowUpdateFailedError) as error:
            await limiter.acquire(host="cdn.nba.com")
        assert f"this is the rate limiter of {limiter.host}, not of cdn.nba.com" in str(error.value.cause)
        assert (await limiter.state()).slots == 0


async def test_feedback_that_cannot_be_decoded_changes_nothing(client: Client) -> None:
    async with limiter_of(client) as limiter, serving(client):
        await limiter.acquire()
        before = await limiter.state()
        await limiter.handle.signal("report", "the provider is cross")
        assert await limiter.state() == before
        assert (await limiter.acquire()).slot is not None


def limiter_for_activity(client: Client, now: Callable[[], datetime], **info: Any) -> DurableRateLimiter:
    """The rate limiter of one activity with this clock."""
    running = {
        "workflow_run_id": uuid.uuid4().hex,
        "started_time": real(),
        "start_to_close_timeout": timedelta(minutes=10),
        **info,
    }
    settings = Settings(odds_monthly_credits=10)
    requester = requester_of(dataclasses.replace(ActivityEnvironment.default_info(), **running))
    return DurableRateLimiter(client, requester, settings, now)


def response(**headers: str) -> Response:
    return Response(status=200, headers=headers, body=b"[]", url=REQUEST.url, fetched_at=AS_OF)


def real() -> datetime:
    return datetime.now(UTC)


async def test_a_slot_that_a_stopped_process_missed_is_released(client: Client, odds: WorkflowHandle[Any, Any]) -> None:
    ahead = itertools.chain([0, 0, 30], itertools.repeat(0))  # at the start, before its sleep, after it, …

    def stopped_once() -> datetime:
        return real() + timedelta(seconds=next(ahead))

    async with serving(client):
        assert await limiter_for_activity(client, stopped_once).acquire(REQUEST, AS_OF, DIRECT) is Route.DIRECT
        state = await odds.query(RateLimiterWorkflow.state)
    assert (state.slots, len(state.reservations)) == (2, 1)


async def test_a_rate_limiter_has_a_short_workflow_task_timeout(
    client: Client, odds: WorkflowHandle[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = timedelta(seconds=7)  # differs from the test server's default
    monkeypatch.setattr("activities.rate_limiter.TASK_TIMEOUT", soon)
    async with serving(client):
        await limiter_for_activity(client, real).acquire(REQUEST, AS_OF, DIRECT)
    config = (await odds.describe()).raw_description.execution_config
    assert config.default_workflow_task_timeout.ToTimedelta() == soon


async def test_the_retry_time_of_a_refusal_is_on_the_days_clock(client: Client, odds: WorkflowHandle[Any, Any]) -> None:
    async with serving(client):
        rate_limiter = limiter_for_activity(client, real)
        assert await rate_limiter.acquire(REQUEST, AS_OF, DIRECT) is Route.DIRECT
        await rate_limiter.report(REQUEST, response(), THROTTLED, Route.DIRECT)
        refusal = await limiter_for_activity(client, real).acquire(REQUEST, AS_OF, DIRECT)
    assert isinstance(refusal, Judgement)
    assert refusal.retry_at is not None
    assert timedelta(seconds=80) < refusal.retry_at - AS_OF <= timedelta(seconds=90)
    assert "in cooldown until" in refusal.reason


async def test_an_activity_is_refused_a_slot_after_its_deadline(client: Client, odds: WorkflowHandle[Any, Any]) -> None:
    async with serving(client):
        refusal = await limiter_for_activity(client, real, started_time=real() - timedelta(minutes=9)).acquire(
            REQUEST, AS_OF, DIRECT
        )
    assert isinstance(refusal, Judgement)
    assert refusal.outcome is Outcome.THROTTLED


async def test_reported_credits_set_the_shared_budget(client: Client, odds: WorkflowHandle[Any, Any]) -> None:
    async with serving(client):
        rate_limiter = limiter_for_activity(client, real)
        before = await rate_limiter.budget(REQUEST.host)
        await rate_limiter.acquire(REQUEST, AS_OF, DIRECT)
        headers = {"x-requests-used": "8", "x-requests-remaining": "492"}
        await rate_limiter.report(REQUEST, response(**headers), Judgement(outcome=Outcome.OK, reason=""), Route.DIRECT)
        after = await rate_limiter.budget(REQUEST.host)
    assert before is not None
    assert after is not None
    assert (before.credits_left, after.credits_left) == (10, 2)
    assert (bool(before.warning), bool(after.warning)) == (False, True)
    assert await rate_limiter.budget("cdn.nba.com") is None


async def test_each_poll_of_one_activity_has_its_own_slot(client: Client, odds: WorkflowHandle[Any, Any]) -> None:
    async with serving(client):
        for minutes in (0, 3):
            again = limiter_for_activity(client, real, workflow_run_id="one run")
            assert await again.acquire(REQUEST, AS_OF + timedelta(minutes=minutes), DIRECT) is Route.DIRECT
        state = await odds.query(RateLimiterWorkflow.state)
    assert state.slots == 2


async def test_the_command_line_and_workers_share_one_rate_limit(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    cli = CliRateLimiter(Settings(odds_monthly_credits=10), client)
    async with serving(client):
        assert await cli.cooldown(REQUEST.host) is None
        granted = await asyncio.gather(
            cli.acquire(REQUEST, AS_OF, DIRECT), limiter_for_activity(client, real).acquire(REQUEST, AS_OF, DIRECT)
        )
        assert set(granted) == {Route.DIRECT}
        state = await odds.query(RateLimiterWorkflow.state)
        assert (state.slots, sum(paid.credits for paid in state.reservations)) == (2, 6)
        await cli.report(REQUEST, response(), THROTTLED, Route.DIRECT)
        refusal = await limiter_for_activity(client, real).acquire(REQUEST, AS_OF, DIRECT)
    assert isinstance(refusal, Judgement)
    assert refusal.outcome is Outcome.THROTTLED


async def test_an_unreachable_rate_limiter_stops_the_command_line_unless_forced(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        await limiter_for_activity(client, real).acquire(REQUEST, AS_OF, DIRECT)
        await limiter_for_activity(client, real).report(REQUEST, response(), THROTTLED, Route.DIRECT)
        await odds.query(RateLimiterWorkflow.state)
    with pytest.raises(TransportFault, match=r"the cooldown of api.the-odds-api.com is unknown"):
        await CliRateLimiter(Settings(), client).cooldown(REQUEST.host)
    forced = CliRateLimiter(Settings(), client, ignore_cooldown=True)
    assert await forced.cooldown(REQUEST.host) is None
    assert await forced.acquire(REQUEST, AS_OF, DIRECT) is Route.DIRECT
    assert forced.summaries[REQUEST.host].startswith("unknown")


async def listed(client: Client, host: str) -> RateLimiterView:
    """A rate limiter as operators see it, once the server lists its run."""
    async with asyncio.timeout(30):
        while True:
            for view in await rate_limiter_views(client, Settings(odds_monthly_credits=10)):
                if view.host == host:
                    return view
            await asyncio.sleep(0.1)


async def test_operators_see_a_providers_credits_and_cooldown(client: Client, odds: WorkflowHandle[Any, Any]) -> None:
    async with serving(client):
        rate_limiter = limiter_for_activity(client, real)
        await rate_limiter.acquire(REQUEST, AS_OF, DIRECT)
        headers = {"x-requests-used": "3", "x-requests-remaining": "7"}
        await rate_limiter.report(REQUEST, response(**headers), Judgement(outcome=Outcome.OK, reason=""), Route.DIRECT)
        before = await listed(client, REQUEST.host)
        await rate_limiter.report(REQUEST, response(), THROTTLED, Route.DIRECT)
        throttled = await listed(client, REQUEST.host)
        finding = await check_providers(Installation(Settings(), client))
    unanswered = await listed(client, REQUEST.host)
    assert (before.refuses, before.warning) == (False, "")
    assert "1 request in" in before.summary
    assert "3 credits used, 7 remaining" in before.summary
    assert throttled.refuses
    assert throttled.warning.startswith("api.the-odds-api.com is in cooldown until ")
    assert (finding.ok, throttled.warning in finding.summary) == (False, True)
    assert unanswered.summary.startswith("unknown, no worker answers")
