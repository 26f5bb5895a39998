"""The rate limiter of `collect`: shared with the workers if a server answers, else local to the command."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from activities.rate_limiter import DurableRateLimiter, Requester, feedback_of
from activities.server_state import SERVER_TIMEOUT
from cli.providers import read_rate_limiter
from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.sources.routes import routes_of
from tipoff.vocabulary import Cooldown, Route
from workflows import rate_limiter_state
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    TASK_TIMEOUT,
    AcquireRequest,
    ProviderFeedback,
    Queue,
    RateLimiterHandler,
    RateLimiterInput,
    RateLimiterState,
    rate_limiter_workflow_id,
)

MAX_POLL = timedelta(hours=1)


class CliRateLimiter:
    """Acquires slots from the hosts' rate limiter workflows, as workers do.

    Without a server, or if cooldowns are ignored, it applies the same rate limits by itself.
    """

    def __init__(self, settings: Settings, client: Client | str, *, ignore_cooldown: bool = False) -> None:
        """`client`: of the server with the rate limiter workflows, or why there is none."""
        self._settings = settings
        self._client = client
        self._ignore_cooldown = ignore_cooldown
        self._states: dict[str, RateLimiterState] = {}
        requester = Requester(id=uuid.uuid4().hex, deadline=datetime.now(UTC) + MAX_POLL)
        self._shared: DurableRateLimiter | None = None
        if isinstance(client, Client) and not ignore_cooldown:
            self._shared = DurableRateLimiter(client, requester, settings, lambda: datetime.now(UTC))
        self.summaries: dict[str, str] = {}
        """Host -> the state of its rate limiter before the first request, or why it is unknown."""

    async def cooldown(self, host: str) -> Cooldown | None:
        """The host's present cooldown. Raises TransportFault if it is unknown."""
        state = await self._state(host)
        return rate_limiter_state.cooldown_of_host(state.model_copy(update={"routes": routes_of(host, self._settings)}))

    async def acquire(
        self, request: Request, as_of: datetime, routes: Sequence[Route], avoid: Route | None = None
    ) -> Route | Judgement:
        """Sleep until the host may be sent the request; a refusal's retry time is on the day's clock."""
        state, now = await self._state(request.host), datetime.now(UTC)
        if self._shared:
            return await self._shared.acquire(request, as_of, routes, avoid)
        rate_limit = rate_limit_of(request.host, self._settings)
        acquire_request = AcquireRequest(
            host=request.host,
            rate_limit=rate_limit,
            credits=request.credits,
            deadline=now + MAX_POLL,
            routes=tuple(routes),
            avoid=avoid,
        )
        self._states[request.host], result = rate_limiter_state.acquire(state, acquire_request, now)
        if result.slot is None:
            wait = result.retry_at - now if result.retry_at else timedelta()
            return Judgement(outcome=result.outcome, reason=f"{request.host}: {result.reason}", retry_at=as_of + wait)
        await asyncio.sleep((result.slot - now).total_seconds())
        return result.route

    async def report(self, request: Request, response: Response | None, judgement: Judgement, route: Route) -> None:
        """Record what the response says about limits, also for the workers."""
        if self._shared:
            await self._shared.report(request, response, judgement, route)
            return
        state, now = await self._state(request.host), datetime.now(UTC)
        rate_limit = rate_limit_of(request.host, self._settings)
        feedback = feedback_of(state.last_slot or now, response, judgement, route, rate_limit)
        if feedback is None:
            return
        self._states[request.host] = rate_limiter_state.report(state, feedback, now)
        if isinstance(self._client, Client):
            await self._send_feedback(self._client, request.host, feedback)

    async def budget(self, host: str) -> Budget | None:
        """None: an operator's poll may use credits that later days would need."""
        return None

    async def _state(self, host: str) -> RateLimiterState:
        if host not in self._states:
            self._states[host] = await self._initial_state(host)
        return self._states[host]

    async def _initial_state(self, host: str) -> RateLimiterState:
        """The rate limiter's state. Raises TransportFault if it is unknown and cooldowns are not ignored."""
        if isinstance(self._client, str):
            self.summaries[host] = f"unknown: {self._client}"
            return RateLimiterState()
        try:
            state = rate_limiter_state.without_expired(await read_rate_limiter(self._client, host), datetime.now(UTC))
        except RPCError as error:
            self.summaries[host] = f"unknown, no worker answers: {error.message}"
            if not self._ignore_cooldown:
                raise TransportFault(f"the cooldown of {host} is {self.summaries[host]}") from error
            return RateLimiterState()
        self.summaries[host] = rate_limiter_state.format_state(state)
        return state.model_copy(update={"cooldown": None, "blocked": {}}) if self._ignore_cooldown else state

    async def _send_feedback(self, client: Client, host: str, feedback: ProviderFeedback) -> None:
        """Send feedback to the host's rate limiter workflow, and start it if it does not run yet."""
        try:
            await client.start_workflow(
                RATE_LIMITER_WORKFLOW,
                RateLimiterInput(host=host),
                id=rate_limiter_workflow_id(host),
                task_queue=Queue.DAY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=RateLimiterHandler.REPORT.value,
                start_signal_args=[feedback],
                static_summary=f"rate limiter of {host}",
                task_timeout=TASK_TIMEOUT,
                rpc_timeout=SERVER_TIMEOUT,
            )
        except RPCError as error:
            self.summaries[host] += f"; the provider's response could not be reported to it: {error.message}"
