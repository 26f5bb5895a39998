"""The slots of real providers: asked of the domain's workflow, which all workers share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget, budget_at, credits_in_headers
from tipoff.sources.rate_limits import RateLimiter, Unlimited, cooldown_after, rate_limit_of, rate_limits_apply
from tipoff.vocabulary import RateLimit
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    TASK_TIMEOUT,
    AcquireRequest,
    AcquireResult,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    RateLimiterMessage,
    RateLimiterState,
    rate_limiter_workflow_id,
)

SHARE_FOR_WAITING = 0.8
"""Of an activity's time; the rest is for the last answer and for reading."""
PUNCTUAL = 0.5
"""Of the gap: a question that leaves later than this after its slot comes too close to the next one's."""
REASON_LENGTH = 300
ANSWERS_WITHIN = timedelta(seconds=20)
"""A slot is granted in milliseconds; whoever grants it may just be starting."""


def rate_limiter_of(settings: Settings, now: Callable[[], str]) -> RateLimiter:
    """The slots for one activity."""
    if not rate_limits_apply(settings):
        return Unlimited()
    return DurableRateLimiter(activity.client(), asker_of(activity.info()), settings, now)


class Asker(NamedTuple):
    """Who takes slots."""

    name: str
    """Its own: each try of an activity asks anew, the moments that an earlier one was granted are past."""
    until: datetime
    """Until when it can put a question and still take in what it brings."""


def asker_of(info: activity.Info) -> Asker:
    """One try of an activity."""
    return Asker(
        name=f"{info.workflow_run_id}-{info.activity_id}-{info.attempt}",
        until=info.started_time + (info.start_to_close_timeout or timedelta()) * SHARE_FOR_WAITING,
    )


class DurableRateLimiter:
    """Asks one question after the other for one asker."""

    def __init__(self, client: Client, asker: Asker, settings: Settings, now: Callable[[], str]) -> None:
        self._client = client
        self._asker = asker
        self._settings = settings
        self._clock = now
        self._taken = 0
        self._slot = self._now()

    async def acquire(self, request: Request, as_of: datetime) -> Judgement | None:
        """Sleep until the granted moment; a refusal's wait is told on the day's clock.

        A moment that was slept through, as by a stopped process, is another's by now: the next one is taken.
        """
        rate_limit, missed = rate_limit_of(request.host, self._settings), None
        while True:
            answer = await self._ask(request, as_of, rate_limit, missed)
            if answer.slot is None:
                return self._refusal(request, answer, as_of)
            await asyncio.sleep((answer.slot - self._now()).total_seconds())
            if self._now() - answer.slot <= rate_limit.gap * PUNCTUAL:
                self._slot = answer.slot
                return None
            missed = answer.slot

    def _refusal(self, request: Request, answer: AcquireResult, as_of: datetime) -> Judgement:
        wait = answer.not_before - self._now() if answer.not_before else timedelta()
        return Judgement(outcome=answer.outcome, reason=f"{request.host}: {answer.reason}", retry_at=as_of + wait)

    async def _ask(
        self, request: Request, as_of: datetime, rate_limit: RateLimit, missed: datetime | None
    ) -> AcquireResult:
        """One slot. Raises TransportFault when the domain does not answer. Each look of an asker asks anew."""
        self._taken += 1
        with _answering(request.host):
            answer: AcquireResult = await self._client.execute_update_with_start_workflow(
                RateLimiterMessage.ACQUIRE.value,
                AcquireRequest(
                    host=request.host,
                    rate_limit=rate_limit,
                    credits=request.credits,
                    until=self._asker.until,
                    missed=missed,
                ),
                start_workflow_operation=_start(request.host),
                id=f"{self._asker.name}-{as_of:%H%M%S}-{self._taken}",
                result_type=AcquireResult,
                rpc_timeout=ANSWERS_WITHIN,
            )
        return answer

    async def report(self, request: Request, response: Response, judgement: Judgement) -> None:
        """Only what is news."""
        feedback = feedback_of(self._slot, response, judgement, rate_limit_of(request.host, self._settings))
        if feedback is None:
            return
        with _answering(request.host):
            await self._domain(request.host).signal(RateLimiterMessage.REPORT.value, feedback)

    async def budget(self, host: str) -> Budget | None:
        """By the domain's counts; a domain that was never asked has spent nothing."""
        monthly, now = rate_limit_of(host, self._settings).monthly_credits, self._now()
        if monthly is None:
            return None
        with _answering(host):
            state = await self._state(host)
        return budget_at(now, state.credits_left(monthly, now), monthly)

    async def _state(self, host: str) -> RateLimiterState:
        try:
            state: RateLimiterState = await self._domain(host).query(
                RateLimiterMessage.STATE.value, result_type=RateLimiterState, rpc_timeout=ANSWERS_WITHIN
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return RateLimiterState()
        return state

    def _domain(self, host: str) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(rate_limiter_workflow_id(host))

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._clock())


def feedback_of(
    slot: datetime, response: Response, judgement: Judgement, rate_limit: RateLimit
) -> ProviderFeedback | None:
    """What a domain should hear of an answer; that a provider answered as it should is no news."""
    cooldown = cooldown_after(judgement, response, rate_limit)
    used, remaining = credits_in_headers(response.headers, "used"), credits_in_headers(response.headers, "remaining")
    if cooldown is None and used is None and remaining is None:
        return None
    return ProviderFeedback(
        slot=slot,
        cooldown_for=cooldown,
        outcome=judgement.outcome,
        reason=judgement.reason[:REASON_LENGTH],
        credits_used=used,
        credits_remaining=remaining,
    )


@contextmanager
def _answering(host: str) -> Iterator[None]:
    """What a domain leaves unanswered passes: its worker may just be starting."""
    try:
        yield
    except RPCError as error:
        raise TransportFault(f"the manners of {host} cannot be asked for: {error.message}") from error


def _start(host: str) -> WithStartWorkflowOperation[object, object]:
    """The domain's workflow, started by whoever asks it first."""
    return WithStartWorkflowOperation(
        RATE_LIMITER_WORKFLOW,
        RateLimiterInput(host=host),
        id=rate_limiter_workflow_id(host),
        task_queue=Queue.DAY,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"manners at {host}",
        task_timeout=TASK_TIMEOUT,
    )
