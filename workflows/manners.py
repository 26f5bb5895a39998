"""One durable place a provider: it grants slots to all workers, and remembers cool-downs and credits."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ApplicationError

from workflows import slots
from workflows.contracts import (
    DOMAIN_WORKFLOW,
    DomainInput,
    DomainMessage,
    DomainNews,
    DomainOpening,
    DomainState,
    SlotAnswer,
    SlotRequest,
)


@workflow.defn(name=DOMAIN_WORKFLOW)
class ManneredDomainWorkflow:
    """Lives as long as its provider is asked, one run after the other."""

    @workflow.init
    def __init__(self, domain: DomainInput) -> None:
        self._domain = domain
        self._state = domain.state

    @workflow.run
    async def run(self, domain: DomainInput) -> None:
        await workflow.wait_condition(self._is_long)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(domain.model_copy(update={"state": self._state}))

    def _is_long(self) -> bool:
        """By our own measure, or by the server's: it bears only so many updates a run."""
        info = workflow.info()
        return info.get_current_history_length() >= self._domain.renew_after or info.is_continue_as_new_suggested()

    @workflow.update(name=DomainMessage.TAKE_SLOT.value, description="Ask for a moment at which to put a question")
    def take_slot(self, request: SlotRequest) -> SlotAnswer:
        self._state, answer = slots.take(self._state, request, workflow.now())
        self._tell()
        return answer

    @take_slot.validator
    def _validate_take_slot(self, request: SlotRequest) -> None:
        self._require_own(request.host, "a slot at {} is asked for")

    @workflow.signal(name=DomainMessage.TELL.value, description="Say what the provider answered to a question")
    def hear(self, news: DomainNews) -> None:
        self._state = slots.tell(self._state, news, workflow.now())
        self._tell()

    @workflow.update(name=DomainMessage.OPEN.value, description="Let it be asked again, whatever it said before")
    def reopen(self, opening: DomainOpening) -> str:
        known = slots.known_at(self._state, workflow.now())
        self._state = slots.opened(known)
        self._tell()
        before = slots.left_alone(known.closed) if known.closed else "not left alone"
        return f"{self._domain.host} may be asked; it was {before}"

    @reopen.validator
    def _validate_reopen(self, opening: DomainOpening) -> None:
        self._require_own(opening.host, "{} is to be opened")

    @workflow.query(name=DomainMessage.STATE.value, description="Last slot, cool-down, credits")
    def state(self) -> DomainState:
        return self._state

    def _require_own(self, host: str, wanted: str) -> None:
        if host != self._domain.host:
            raise ApplicationError(f"this is {self._domain.host}, {wanted.format(host)}")

    def _tell(self) -> None:
        workflow.set_current_details(slots.sentence(self._state))


@workflow.defn(name=DOMAIN_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class UpgradingDomainWorkflow(ManneredDomainWorkflow):
    """The same where builds are named: it outlives any of them. A worker without a named build refuses to say so."""

    @workflow.init
    def __init__(self, domain: DomainInput) -> None:
        super().__init__(domain)

    @workflow.run
    async def run(self, domain: DomainInput) -> None:
        await super().run(domain)
