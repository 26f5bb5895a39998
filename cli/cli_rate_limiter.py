"""A provider's manners for one person's look: kept together with the workers, or by itself where no server is."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from activities.rate_limiter import Asker, DurableRateLimiter, feedback_of
from cli.providers import state_of
from cli.server import PATIENCE
from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget
from tipoff.sources.rate_limits import rate_limit_of
from workflows import rate_limiter_state
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    TASK_TIMEOUT,
    AcquireRequest,
    Cooldown,
    ProviderFeedback,
    Queue,
    RateLimiterInput,
    RateLimiterMessage,
    RateLimiterState,
    rate_limiter_workflow_id,
)

MAX_POLL = timedelta(hours=1)


class CliRateLimiter:
    """Takes slots of the domains as workers do; without a server, or against its word, by the same rules alone."""

    def __init__(self, settings: Settings, client: Client | str, *, anyway: bool = False) -> None:
        """`client`: of the server that has the domains, or why there is none. `anyway`: ask who is left alone, too."""
        self._settings = settings
        self._client = client
        self._anyway = anyway
        self._states: dict[str, RateLimiterState] = {}
        asker = Asker(name=uuid.uuid4().hex, until=datetime.now(UTC) + MAX_POLL)
        self._shared: DurableRateLimiter | None = None
        if isinstance(client, Client) and not anyway:
            self._shared = DurableRateLimiter(client, asker, settings, lambda: datetime.now(UTC).isoformat())
        self.says: dict[str, str] = {}
        """Host -> what its domain knew before it was asked, or why that is not known."""

    async def cooldown(self, host: str) -> Cooldown | None:
        """Until when a host is left alone, as its domain knows. Raises TransportFault when that cannot be told."""
        return (await self._state(host)).cooldown

    async def acquire(self, request: Request, as_of: datetime) -> Judgement | None:
        """Sleep until the host bears the question; a refusal's wait is told on the day's clock."""
        state, now = await self._state(request.host), datetime.now(UTC)
        if self._shared:
            return await self._shared.acquire(request, as_of)
        rate_limit = rate_limit_of(request.host, self._settings)
        wanted = AcquireRequest(host=request.host, rate_limit=rate_limit, credits=request.credits, until=now + MAX_POLL)
        self._states[request.host], answer = rate_limiter_state.acquire(state, wanted, now)
        if answer.slot is None:
            wait = answer.not_before - now if answer.not_before else timedelta()
            return Judgement(outcome=answer.outcome, reason=f"{request.host}: {answer.reason}", retry_at=as_of + wait)
        await asyncio.sleep((answer.slot - now).total_seconds())
        return None

    async def report(self, request: Request, response: Response, judgement: Judgement) -> None:
        """What is news, also for the workers."""
        if self._shared:
            await self._shared.report(request, response, judgement)
            return
        state, now = await self._state(request.host), datetime.now(UTC)
        feedback = feedback_of(state.last_slot or now, response, judgement, rate_limit_of(request.host, self._settings))
        if feedback is None:
            return
        self._states[request.host] = rate_limiter_state.report(state, feedback, now)
        if isinstance(self._client, Client):
            await self._pass_on(self._client, request.host, feedback)

    async def budget(self, host: str) -> Budget | None:
        """A person asks for everything, whatever later days lose."""
        return None

    async def _state(self, host: str) -> RateLimiterState:
        if host not in self._states:
            self._states[host] = await self._known(host)
        return self._states[host]

    async def _known(self, host: str) -> RateLimiterState:
        """What the domain knows. Raises TransportFault when it does not say and nobody wants it asked anyway."""
        if isinstance(self._client, str):
            self.says[host] = f"not told: {self._client}"
            return RateLimiterState()
        try:
            state = rate_limiter_state.known_at(await state_of(self._client, host), datetime.now(UTC))
        except RPCError as error:
            self.says[host] = f"not told, no worker answers: {error.message}"
            if not self._anyway:
                raise TransportFault(f"whether {host} is left alone is {self.says[host]}") from error
            return RateLimiterState()
        self.says[host] = rate_limiter_state.sentence(state)
        return state.model_copy(update={"cooldown": None}) if self._anyway else state

    async def _pass_on(self, client: Client, host: str, feedback: ProviderFeedback) -> None:
        """The domain hears it, when nobody asked it before, too."""
        try:
            await client.start_workflow(
                RATE_LIMITER_WORKFLOW,
                RateLimiterInput(host=host),
                id=rate_limiter_workflow_id(host),
                task_queue=Queue.DAY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=RateLimiterMessage.REPORT.value,
                start_signal_args=[feedback],
                static_summary=f"manners at {host}",
                task_timeout=TASK_TIMEOUT,
                rpc_timeout=PATIENCE,
            )
        except RPCError as error:
            self.says[host] += f"; its domain could not be told what the provider said: {error.message}"
