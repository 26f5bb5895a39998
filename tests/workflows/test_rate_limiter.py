"""A provider's domain on a real server: whoever asks, and whatever run or worker answers, its patience is one."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment
from temporalio.worker import Worker

from activities.rate_limiter import DurableRateLimiter, asker_of
from cli.cli_rate_limiter import CliRateLimiter
from cli.doctor_checks.base import Installation
from cli.doctor_checks.providers import check as check_providers
from cli.exit_codes import CommandError
from cli.providers import RateLimiterView, rate_limiter_views, reset_cooldown
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import deployment, workflows_of
from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.vocabulary import Outcome, RateLimit
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

RATE_LIMITS = RateLimit(gap=timedelta(milliseconds=200), spacing=timedelta(milliseconds=200), monthly_credits=500)

BUILDS = "builds"
"""A queue of its own: once one build of a queue is current, workers without a named build get nothing of it."""


class Domain:
    """One provider of a test, asked as activities ask it."""

    def __init__(self, client: Client, renew_after: int, queue: str) -> None:
        self.host = f"{uuid.uuid4().hex}.example.org"
        self.handle: WorkflowHandle[Any, Any] = client.get_workflow_handle(rate_limiter_workflow_id(self.host))
        self._client = client
        self._queue = queue
        self._input = RateLimiterInput(host=self.host, renew_after=renew_after)

    async def acquire(self, update_id: str | None = None, **request: Any) -> AcquireResult:
        start = WithStartWorkflowOperation(
            RateLimiterWorkflow.run,
            self._input,
            id=self.handle.id,
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        asked = {
            "host": self.host,
            "rate_limit": RATE_LIMITS,
            "until": datetime.now(UTC) + timedelta(hours=1),
            **request,
        }
        return await self._client.execute_update_with_start_workflow(
            RateLimiterWorkflow.acquire, AcquireRequest(**asked), start_workflow_operation=start, id=update_id
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
    """Runs that are not bound to a build go on with this one; the server must have heard of it first."""
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


QUESTION = Request(host="api.the-odds-api.com", path="/v4/sports/basketball_nba/odds", credits=3)
AS_OF = datetime(2024, 3, 29, 19, 5, tzinfo=UTC)
THROTTLED = Judgement(outcome=Outcome.THROTTLED, reason="HTTP 429", retry_at=AS_OF + timedelta(seconds=90))


@pytest.fixture
async def odds(client: Client) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """The domain of the paid provider, as the test's activities start it."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(QUESTION.host))
    yield handle
    with contextlib.suppress(RPCError):
        await handle.terminate()


@asynccontextmanager
async def domain_of(client: Client, renew_after: int = 4_000, queue: str = Queue.DAY) -> AsyncIterator[Domain]:
    """A domain that nobody has asked yet; it ends with the test."""
    domain = Domain(client, renew_after, queue)
    try:
        yield domain
    finally:
        await domain.handle.terminate()


async def test_askers_at_once_get_moments_apart_and_runs_that_renew_themselves_lose_none(client: Client) -> None:
    async with domain_of(client, renew_after=30) as domain, serving(client):

        async def asker() -> list[AcquireResult]:
            return [await domain.acquire() for _ in range(10)]

        answers = [answer for each in await asyncio.gather(asker(), asker(), asker()) for answer in each]
        state = await domain.state()
        described = await domain.handle.describe()
    moments = sorted(answer.slot for answer in answers if answer.slot)
    assert len(moments) == state.slots == 30
    assert all(second - first >= RATE_LIMITS.gap for first, second in itertools.pairwise(moments))
    assert described.run_id != described.raw_description.workflow_execution_info.first_run_id
    assert described.history_length < 60


async def test_a_domain_goes_on_with_the_newest_build_before_and_after_it_renews_itself(client: Client) -> None:
    async with domain_of(client, renew_after=30, queue=BUILDS) as domain:
        for build in ("first", "second", "third"):
            async with serving(client, build, queue=BUILDS):
                for _ in range(5):
                    await domain.acquire()
        described = await domain.handle.describe()
    versioning = described.raw_description.workflow_execution_info.versioning_info
    assert versioning.deployment_version.build_id == "third"


async def test_an_asker_who_did_not_hear_the_answer_and_asks_again_gets_the_same_one(client: Client) -> None:
    async with domain_of(client) as domain, serving(client):
        answers = [await domain.acquire("look-1") for _ in range(2)]
        assert answers[0] == answers[1]
        assert (await domain.state()).slots == 1


async def test_a_block_and_what_is_left_to_spend_outlive_the_worker_that_heard_of_them(client: Client) -> None:
    async with domain_of(client) as domain:
        async with serving(client):
            await domain.acquire()
            await domain.report(
                cooldown_for=timedelta(hours=2),
                outcome=Outcome.BLOCKED,
                reason="HTTP 403: access denied",
                credits_used=498,
                credits_remaining=2,
            )
            await domain.state()
        async with serving(client):
            answer = await domain.acquire()
            state = await domain.state()
    assert (answer.slot, answer.outcome) == (None, Outcome.BLOCKED)
    assert answer.not_before is not None
    assert answer.not_before > datetime.now(UTC) + timedelta(hours=1)
    assert state.credits_left(500, datetime.now(UTC)) == 2


async def test_a_person_opens_a_provider_that_wants_to_be_left_alone_or_whose_credits_were_bought(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    opening = CooldownReset(host=QUESTION.host, who="ann", why="new proxy")
    with pytest.raises(CommandError, match="has no rate limiter and no cooldown"):
        await reset_cooldown(client, opening)
    async with serving(client):
        rate_limiter = slots_for(client, real)
        await rate_limiter.acquire(QUESTION, AS_OF)
        assert await reset_cooldown(client, opening) == f"{QUESTION.host} may be asked; it was not left alone"
        spent = {"x-requests-used": "3", "x-requests-remaining": "0"}
        week = THROTTLED.model_copy(update={"retry_at": AS_OF + timedelta(days=7)})
        await rate_limiter.report(QUESTION, answered(**spent), week)
        assert await rate_limiter.acquire(QUESTION, AS_OF) is not None
        assert "it was left alone until" in await reset_cooldown(client, opening)
        assert await rate_limiter.acquire(QUESTION, AS_OF) is None


async def test_paid_questions_at_once_spend_together_what_one_could_spend_alone(client: Client) -> None:
    async with domain_of(client) as domain, serving(client):
        answers = await asyncio.gather(*(domain.acquire(credits=100) for _ in range(8)))
    outcomes = [answer.outcome for answer in answers]
    assert sorted(outcomes) == [Outcome.OK] * 5 + [Outcome.QUOTA_SPENT] * 3


async def test_a_question_for_another_host_is_turned_away(client: Client) -> None:
    async with domain_of(client) as domain, serving(client):
        with pytest.raises(WorkflowUpdateFailedError) as error:
            await domain.acquire(host="cdn.nba.com")
        assert f"this is {domain.host}, a slot at cdn.nba.com is asked for" in str(error.value.cause)
        assert (await domain.state()).slots == 0


async def test_news_that_cannot_be_read_changes_nothing(client: Client) -> None:
    async with domain_of(client) as domain, serving(client):
        await domain.acquire()
        before = await domain.state()
        await domain.handle.signal("report", "the provider is cross")
        assert await domain.state() == before
        assert (await domain.acquire()).slot is not None


def slots_for(client: Client, now: Callable[[], datetime], **info: Any) -> DurableRateLimiter:
    """The slots of one activity that tells the time by `now`."""
    running = {
        "workflow_run_id": uuid.uuid4().hex,
        "started_time": real(),
        "start_to_close_timeout": timedelta(minutes=10),
        **info,
    }
    settings = Settings(odds_monthly_credits=10)
    asker = asker_of(dataclasses.replace(ActivityEnvironment.default_info(), **running))
    return DurableRateLimiter(client, asker, settings, lambda: now().isoformat())


def answered(**headers: str) -> Response:
    return Response(status=200, headers=headers, body=b"[]", url=QUESTION.url, fetched_at=AS_OF)


def real() -> datetime:
    return datetime.now(UTC)


async def test_a_moment_that_a_stopped_process_slept_through_is_not_used_and_costs_nothing(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    ahead = itertools.chain([0, 0, 30], itertools.repeat(0))  # as it sets out, before its sleep, after it, …

    def stopped_once() -> datetime:
        return real() + timedelta(seconds=next(ahead))

    async with serving(client):
        assert await slots_for(client, stopped_once).acquire(QUESTION, AS_OF) is None
        state = await odds.query(RateLimiterWorkflow.state)
    assert (state.slots, len(state.reserved)) == (2, 1)


async def test_a_killed_workers_decision_about_a_domain_is_soon_anothers(
    client: Client, odds: WorkflowHandle[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = timedelta(seconds=7)  # told from what the server of the tests takes by itself
    monkeypatch.setattr("activities.rate_limiter.TASK_TIMEOUT", soon)
    async with serving(client):
        await slots_for(client, real).acquire(QUESTION, AS_OF)
    config = (await odds.describe()).raw_description.execution_config
    assert config.default_workflow_task_timeout.ToTimedelta() == soon


async def test_a_refusal_says_when_to_come_again_on_the_days_clock(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        rate_limiter = slots_for(client, real)
        assert await rate_limiter.acquire(QUESTION, AS_OF) is None
        await rate_limiter.report(QUESTION, answered(), THROTTLED)
        refusal = await slots_for(client, real).acquire(QUESTION, AS_OF)
    assert refusal is not None
    assert refusal.retry_at is not None
    assert timedelta(seconds=80) < refusal.retry_at - AS_OF <= timedelta(seconds=90)
    assert "left alone until" in refusal.reason


async def test_an_activity_does_not_wait_for_a_turn_that_comes_after_its_own_end(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        refusal = await slots_for(client, real, started_time=real() - timedelta(minutes=9)).acquire(QUESTION, AS_OF)
    assert refusal is not None
    assert refusal.outcome is Outcome.THROTTLED


async def test_what_answers_say_of_the_credits_is_what_everybody_may_still_spend(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        rate_limiter = slots_for(client, real)
        before = await rate_limiter.budget(QUESTION.host)
        await rate_limiter.acquire(QUESTION, AS_OF)
        headers = {"x-requests-used": "8", "x-requests-remaining": "492"}
        await rate_limiter.report(QUESTION, answered(**headers), Judgement(outcome=Outcome.OK, reason=""))
        after = await rate_limiter.budget(QUESTION.host)
    assert before is not None
    assert after is not None
    assert (before.credits_left, after.credits_left) == (10, 2)
    assert (bool(before.warning), bool(after.warning)) == (False, True)
    assert await rate_limiter.budget("cdn.nba.com") is None


async def test_each_look_of_an_activity_that_looks_again_and_again_has_a_slot_of_its_own(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        for minutes in (0, 3):
            again = slots_for(client, real, workflow_run_id="one run")
            assert await again.acquire(QUESTION, AS_OF + timedelta(minutes=minutes)) is None
        state = await odds.query(RateLimiterWorkflow.state)
    assert state.slots == 2


async def test_a_persons_questions_and_the_workers_keep_one_distance(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    own = CliRateLimiter(Settings(odds_monthly_credits=10), client)
    async with serving(client):
        assert await own.cooldown(QUESTION.host) is None
        granted = await asyncio.gather(own.acquire(QUESTION, AS_OF), slots_for(client, real).acquire(QUESTION, AS_OF))
        assert set(granted) == {None}
        state = await odds.query(RateLimiterWorkflow.state)
        assert (state.slots, sum(paid.credits for paid in state.reserved)) == (2, 6)
        await own.report(QUESTION, answered(), THROTTLED)
        refusal = await slots_for(client, real).acquire(QUESTION, AS_OF)
    assert refusal is not None
    assert refusal.outcome is Outcome.THROTTLED


async def test_a_domain_that_does_not_answer_keeps_a_person_from_asking_unless_he_wants_it_anyway(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        await slots_for(client, real).acquire(QUESTION, AS_OF)
        await slots_for(client, real).report(QUESTION, answered(), THROTTLED)
        await odds.query(RateLimiterWorkflow.state)
    with pytest.raises(TransportFault, match=r"whether api.the-odds-api.com is left alone is not told"):
        await CliRateLimiter(Settings(), client).cooldown(QUESTION.host)
    anyway = CliRateLimiter(Settings(), client, ignore_cooldown=True)
    assert await anyway.cooldown(QUESTION.host) is None
    assert await anyway.acquire(QUESTION, AS_OF) is None
    assert anyway.summaries[QUESTION.host].startswith("unknown")


async def listed(client: Client, host: str) -> RateLimiterView:
    """A domain as a person sees it, once the server's list of runs has it."""
    async with asyncio.timeout(30):
        while True:
            for domain in await rate_limiter_views(client, Settings(odds_monthly_credits=10)):
                if domain.host == host:
                    return domain
            await asyncio.sleep(0.1)


async def test_people_see_what_a_provider_has_cost_and_that_it_is_left_alone(
    client: Client, odds: WorkflowHandle[Any, Any]
) -> None:
    async with serving(client):
        rate_limiter = slots_for(client, real)
        await rate_limiter.acquire(QUESTION, AS_OF)
        headers = {"x-requests-used": "3", "x-requests-remaining": "7"}
        await rate_limiter.report(QUESTION, answered(**headers), Judgement(outcome=Outcome.OK, reason=""))
        asked = await listed(client, QUESTION.host)
        await rate_limiter.report(QUESTION, answered(), THROTTLED)
        throttled = await listed(client, QUESTION.host)
        found = await check_providers(Installation(Settings(), client))
    unanswered = await listed(client, QUESTION.host)
    assert (asked.refuses, asked.warning) == (False, "")
    assert "1 questions" in asked.summary
    assert "3 credits used, 7 remaining" in asked.summary
    assert throttled.refuses
    assert throttled.warning.startswith("api.the-odds-api.com is left alone until ")
    assert (found.ok, throttled.warning in found.summary) == (False, True)
    assert unanswered.summary.startswith("unknown, no worker answers")
