"""A provider's manners for one person's look: kept together with the workers, or by itself where no server is."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from activities.slots import Asker, DomainSlots, news_of
from runtime.operator.domains import state_of
from runtime.operator.server import PATIENCE
from tipoff.errors import TransportFault
from tipoff.settings import Settings
from tipoff.sources.base import Judgement, Request, Response
from tipoff.sources.budget import Budget
from tipoff.sources.manners import manners_of
from workflows import slots
from workflows.contracts import (
    DOMAIN_WORKFLOW,
    TASK_TIMEOUT,
    Closure,
    DomainInput,
    DomainMessage,
    DomainNews,
    DomainState,
    Queue,
    SlotRequest,
    domain_workflow_id,
)

LONGEST_LOOK = timedelta(hours=1)


class OwnSlots:
    """Takes slots of the domains as workers do; without a server, or against its word, by the same rules alone."""

    def __init__(self, settings: Settings, client: Client | str, *, anyway: bool = False) -> None:
        """`client`: of the server that has the domains, or why there is none. `anyway`: ask who is left alone, too."""
        self._settings = settings
        self._client = client
        self._anyway = anyway
        self._states: dict[str, DomainState] = {}
        asker = Asker(name=uuid.uuid4().hex, until=datetime.now(UTC) + LONGEST_LOOK)
        self._shared: DomainSlots | None = None
        if isinstance(client, Client) and not anyway:
            self._shared = DomainSlots(client, asker, settings, lambda: datetime.now(UTC).isoformat())
        self.says: dict[str, str] = {}
        """Host -> what its domain knew before it was asked, or why that is not known."""

    async def closed(self, host: str) -> Closure | None:
        """Until when a host is left alone, as its domain knows. Raises TransportFault when that cannot be told."""
        return (await self._state(host)).closed

    async def take(self, request: Request, as_of: datetime) -> Judgement | None:
        """Sleep until the host bears the question; a refusal's wait is told on the day's clock."""
        state, now = await self._state(request.host), datetime.now(UTC)
        if self._shared:
            return await self._shared.take(request, as_of)
        manners = manners_of(request.host, self._settings)
        wanted = SlotRequest(host=request.host, manners=manners, credits=request.credits, until=now + LONGEST_LOOK)
        self._states[request.host], answer = slots.take(state, wanted, now)
        if answer.slot is None:
            wait = answer.not_before - now if answer.not_before else timedelta()
            return Judgement(outcome=answer.outcome, reason=f"{request.host}: {answer.reason}", retry_at=as_of + wait)
        await asyncio.sleep((answer.slot - now).total_seconds())
        return None

    async def tell(self, request: Request, response: Response, judgement: Judgement) -> None:
        """What is news, also for the workers."""
        if self._shared:
            await self._shared.tell(request, response, judgement)
            return
        state, now = await self._state(request.host), datetime.now(UTC)
        news = news_of(state.last_slot or now, response, judgement, manners_of(request.host, self._settings))
        if news is None:
            return
        self._states[request.host] = slots.tell(state, news, now)
        if isinstance(self._client, Client):
            await self._pass_on(self._client, request.host, news)

    async def budget(self, host: str) -> Budget | None:
        """A person asks for everything, whatever later days lose."""
        return None

    async def _state(self, host: str) -> DomainState:
        if host not in self._states:
            self._states[host] = await self._known(host)
        return self._states[host]

    async def _known(self, host: str) -> DomainState:
        """What the domain knows. Raises TransportFault when it does not say and nobody wants it asked anyway."""
        if isinstance(self._client, str):
            self.says[host] = f"not told: {self._client}"
            return DomainState()
        try:
            state = slots.known_at(await state_of(self._client, host), datetime.now(UTC))
        except RPCError as error:
            self.says[host] = f"not told, no worker answers: {error.message}"
            if not self._anyway:
                raise TransportFault(f"whether {host} is left alone is {self.says[host]}") from error
            return DomainState()
        self.says[host] = slots.sentence(state)
        return state.model_copy(update={"closed": None}) if self._anyway else state

    async def _pass_on(self, client: Client, host: str, news: DomainNews) -> None:
        """The domain hears it, when nobody asked it before, too."""
        try:
            await client.start_workflow(
                DOMAIN_WORKFLOW,
                DomainInput(host=host),
                id=domain_workflow_id(host),
                task_queue=Queue.DAY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=DomainMessage.TELL.value,
                start_signal_args=[news],
                static_summary=f"manners at {host}",
                task_timeout=TASK_TIMEOUT,
                rpc_timeout=PATIENCE,
            )
        except RPCError as error:
            self.says[host] += f"; its domain could not be told what the provider said: {error.message}"
