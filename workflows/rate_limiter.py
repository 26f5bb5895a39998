"""One durable place a provider: it grants slots to all workers, and remembers cool-downs and credits."""

from __future__ import annotations

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ApplicationError

from workflows import rate_limiter_state
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    AcquireRequest,
    AcquireResult,
    CooldownReset,
    ProviderFeedback,
    RateLimiterInput,
    RateLimiterMessage,
    RateLimiterState,
)


@workflow.defn(name=RATE_LIMITER_WORKFLOW)
class RateLimiterWorkflow:
    """Lives as long as its provider is asked, one run after the other."""

    @workflow.init
    def __init__(self, domain: RateLimiterInput) -> None:
        self._domain = domain
        self._state = domain.state

    @workflow.run
    async def run(self, domain: RateLimiterInput) -> None:
        await workflow.wait_condition(self._is_long)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(domain.model_copy(update={"state": self._state}))

    def _is_long(self) -> bool:
        """By our own measure, or by the server's: it bears only so many updates a run."""
        info = workflow.info()
        return info.get_current_history_length() >= self._domain.renew_after or info.is_continue_as_new_suggested()

    @workflow.update(name=RateLimiterMessage.ACQUIRE.value, description="Ask for a moment at which to put a question")
    def acquire(self, request: AcquireRequest) -> AcquireResult:
        self._state, answer = rate_limiter_state.acquire(self._state, request, workflow.now())
        self._publish_state()
        return answer

    @acquire.validator
    def _validate_acquire(self, request: AcquireRequest) -> None:
        self._require_own(request.host, "a slot at {} is asked for")

    @workflow.signal(name=RateLimiterMessage.REPORT.value, description="Say what the provider answered to a question")
    def handle_report(self, feedback: ProviderFeedback) -> None:
        self._state = rate_limiter_state.report(self._state, feedback, workflow.now())
        self._publish_state()

    @workflow.update(
        name=RateLimiterMessage.RESET_COOLDOWN.value, description="Let it be asked again, whatever it said before"
    )
    def reset_cooldown(self, opening: CooldownReset) -> str:
        known = rate_limiter_state.known_at(self._state, workflow.now())
        self._state = rate_limiter_state.cooldown_reset(known)
        self._publish_state()
        before = rate_limiter_state.in_cooldown(known.cooldown) if known.cooldown else "not left alone"
        return f"{self._domain.host} may be asked; it was {before}"

    @reset_cooldown.validator
    def _validate_reset_cooldown(self, opening: CooldownReset) -> None:
        self._require_own(opening.host, "{} is to be opened")

    @workflow.query(name=RateLimiterMessage.STATE.value, description="Last slot, cool-down, credits")
    def state(self) -> RateLimiterState:
        return self._state

    def _require_own(self, host: str, wanted: str) -> None:
        if host != self._domain.host:
            raise ApplicationError(f"this is {self._domain.host}, {wanted.format(host)}")

    def _publish_state(self) -> None:
        workflow.set_current_details(rate_limiter_state.sentence(self._state))


@workflow.defn(name=RATE_LIMITER_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class AutoUpgradeRateLimiterWorkflow(RateLimiterWorkflow):
    """The same where builds are named: it outlives any of them. A worker without a named build refuses to say so."""

    @workflow.init
    def __init__(self, domain: RateLimiterInput) -> None:
        super().__init__(domain)

    @workflow.run
    async def run(self, domain: RateLimiterInput) -> None:
        await super().run(domain)
