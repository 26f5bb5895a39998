"""The rate limiter that activities use: slots are granted by the provider's workflow, which all workers share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio import activity
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget, budget_at, credits_in_headers
from tipoff.sources.rate_limits import RateLimiter, Unlimited, cooldown_after, rate_limit_of, rate_limits_apply
from tipoff.vocabulary import RateLimit, Route, shortened
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    TASK_TIMEOUT,
    AcquireRequest,
    AcquireResult,
    ProviderFeedback,
    Queue,
    RateLimiterHandler,
    RateLimiterInput,
    RateLimiterState,
    rate_limiter_workflow_id,
)

WAITING_SHARE = 0.8
"""Share of an activity's time it may wait for slots; it needs the rest for the last response."""
MAX_DELAY = 0.5
"""Share of the gap: a request sent later than this after its slot comes too close to the next one."""
REASON_LENGTH = 300
RPC_TIMEOUT = timedelta(seconds=20)
"""A slot is granted in milliseconds, but the worker of the rate limiter may just be starting."""


def rate_limiter_for_activity(settings: Settings, now: Callable[[], datetime]) -> RateLimiter:
    """The rate limiter of the current attempt of an activity."""
    if not rate_limits_apply(settings):
        return Unlimited()
    return DurableRateLimiter(activity.client(), requester_of(activity.info()), settings, now)


class Requester(NamedTuple):
    """Who acquires slots."""

    id: str
    """Unique to an attempt, since the slots of an earlier attempt have passed."""
    deadline: datetime
    """The latest slot that it can use."""


def requester_of(info: activity.Info) -> Requester:
    """The requester of one attempt of an activity."""
    return Requester(
        id=f"{info.workflow_run_id}-{info.activity_id}-{info.attempt}",
        deadline=info.started_time + (info.start_to_close_timeout or timedelta()) * WAITING_SHARE,
    )


class DurableRateLimiter:
    """Acquires one slot after the other for one requester."""

    def __init__(self, client: Client, requester: Requester, settings: Settings, now: Callable[[], datetime]) -> None:
        self._client = client
        self._requester = requester
        self._settings = settings
        self._now = now
        self._acquired = 0
        self._slot = now()

    async def acquire(
        self, request: Request, as_of: datetime, routes: Sequence[Route], avoid: Route | None = None
    ) -> Route | Judgement:
        """Sleep until the granted slot; a refusal's `retry_at` is on the day's clock.

        A slot that passed during the sleep, as in a stopped process, is released and the next one acquired.
        """
        rate_limit = rate_limit_of(request.host, self._settings)
        terms = AcquireRequest(
            host=request.host,
            rate_limit=rate_limit,
            credits=request.credits,
            deadline=self._requester.deadline,
            routes=tuple(routes),
            avoid=avoid,
        )
        while True:
            result = await self._acquire_slot(request, as_of, terms)
            if result.slot is None:
                return self._refusal(request, result, as_of)
            await asyncio.sleep((result.slot - self._now()).total_seconds())
            if self._now() - result.slot <= rate_limit.gap * MAX_DELAY:
                self._slot = result.slot
                return result.route
            terms = terms.model_copy(update={"unused_slot": result.slot})

    def _refusal(self, request: Request, result: AcquireResult, as_of: datetime) -> Judgement:
        wait = result.retry_at - self._now() if result.retry_at else timedelta()
        return Judgement(outcome=result.outcome, reason=f"{request.host}: {result.reason}", retry_at=as_of + wait)

    async def _acquire_slot(self, request: Request, as_of: datetime, terms: AcquireRequest) -> AcquireResult:
        """Acquire one slot, new for each poll. Raises TransportFault when the workflow does not respond."""
        self._acquired += 1
        with _transport_faults(request.host):
            result: AcquireResult = await self._client.execute_update_with_start_workflow(
                RateLimiterHandler.ACQUIRE.value,
                terms,
                start_workflow_operation=_start_operation(request.host),
                id=f"{self._requester.id}-{as_of:%H%M%S}-{self._acquired}",
                result_type=AcquireResult,
                rpc_timeout=RPC_TIMEOUT,
            )
        return result

    async def report(self, request: Request, response: Response | None, judgement: Judgement, route: Route) -> None:
        """Report a response that changes the state of the rate limiter."""
        feedback = feedback_of(self._slot, response, judgement, route, rate_limit_of(request.host, self._settings))
        if feedback is None:
            return
        with _transport_faults(request.host):
            await self._handle(request.host).signal(RateLimiterHandler.REPORT.value, feedback)

    async def budget(self, host: str) -> Budget | None:
        """What the provider's monthly credits still allow; None for a provider without credits."""
        monthly, now = rate_limit_of(host, self._settings).monthly_credits, self._now()
        if monthly is None:
            return None
        with _transport_faults(host):
            state = await _state(self._client, host)
        return budget_at(now, state.credits_left(monthly, now), monthly)

    def _handle(self, host: str) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(rate_limiter_workflow_id(host))


async def credits_left(client: Client, host: str, settings: Settings, now: datetime) -> int | None:
    """The credits left at a provider in this month; None for a provider without credits. Raises RPCError."""
    monthly = rate_limit_of(host, settings).monthly_credits
    return None if monthly is None else (await _state(client, host)).credits_left(monthly, now)


async def _state(client: Client, host: str) -> RateLimiterState:
    """The state of a host's rate limiter; an empty one if it was never started."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(host))
    try:
        state: RateLimiterState = await handle.query(
            RateLimiterHandler.STATE.value, result_type=RateLimiterState, rpc_timeout=RPC_TIMEOUT
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return RateLimiterState()
    return state


async def known_state(client: Client, host: str) -> RateLimiterState | None:
    """What a rate limiter knows; None if it never ran, or does not answer."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(host))
    try:
        state: RateLimiterState = await handle.query(
            RateLimiterHandler.STATE.value, result_type=RateLimiterState, rpc_timeout=RPC_TIMEOUT
        )
    except (RPCError, WorkflowQueryFailedError):
        return None
    return state


def blocked_until(state: RateLimiterState) -> datetime | None:
    """The end of the last block of one of our addresses; None without one."""
    return max((cooldown.until for cooldown in state.blocked.values()), default=None)


def feedback_of(
    slot: datetime, response: Response | None, judgement: Judgement, route: Route, rate_limit: RateLimit
) -> ProviderFeedback | None:
    """What a response changes for the rate limiter; None for an ordinary response."""
    cooldown = cooldown_after(judgement, response, rate_limit)
    headers = response.headers if response else {}
    used, remaining = credits_in_headers(headers, "used"), credits_in_headers(headers, "remaining")
    if cooldown is None and used is None and remaining is None:
        return None
    return ProviderFeedback(
        slot=slot,
        route=route,
        cooldown_for=cooldown,
        outcome=judgement.outcome,
        reason=shortened(judgement.reason, REASON_LENGTH),
        credits_used=used,
        credits_remaining=remaining,
    )


@contextmanager
def _transport_faults(host: str) -> Iterator[None]:
    """Raise TransportFault for an RPC error, so that the activity is retried: the worker may just be starting."""
    try:
        yield
    except RPCError as error:
        raise TransportFault(f"the rate limiter of {host} does not respond: {error.message}") from error


def _start_operation(host: str) -> WithStartWorkflowOperation[object, object]:
    """Starts a host's rate limiter unless it is running."""
    return WithStartWorkflowOperation(
        RATE_LIMITER_WORKFLOW,
        RateLimiterInput(host=host),
        id=rate_limiter_workflow_id(host),
        task_queue=Queue.DAY,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"rate limiter of {host}",
        task_timeout=TASK_TIMEOUT,
    )
