"""The rate limiter of one provider: grants slots to all workers and remembers cooldowns and credits."""

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
    RateLimiterHandler,
    RateLimiterInput,
    RateLimiterState,
)


@workflow.defn(name=RATE_LIMITER_WORKFLOW)
class RateLimiterWorkflow:
    """Runs for as long as its provider is polled, continued as new before its history grows too long."""

    @workflow.init
    def __init__(self, limiter: RateLimiterInput) -> None:
        self._limiter = limiter
        self._state = limiter.state

    @workflow.run
    async def run(self, limiter: RateLimiterInput) -> None:
        await workflow.wait_condition(self._is_history_long)
        await workflow.wait_condition(workflow.all_handlers_finished)
        workflow.continue_as_new(limiter.model_copy(update={"state": self._state}))

    def _is_history_long(self) -> bool:
        """By our own limit or the server's, which bounds the updates of a run."""
        info = workflow.info()
        too_long = info.get_current_history_length() >= self._limiter.continue_as_new_after
        return too_long or info.is_continue_as_new_suggested()

    @workflow.update(name=RateLimiterHandler.ACQUIRE.value, description="Acquire a slot for one request")
    def acquire(self, request: AcquireRequest) -> AcquireResult:
        self._state, result = rate_limiter_state.acquire(self._state, request, workflow.now())
        self._publish_state()
        return result

    @acquire.validator
    def _validate_acquire(self, request: AcquireRequest) -> None:
        self._require_own_host(request.host)

    @workflow.signal(name=RateLimiterHandler.REPORT.value, description="Report what the provider responded")
    def handle_report(self, feedback: ProviderFeedback) -> None:
        self._state = rate_limiter_state.report(self._state, feedback, workflow.now())
        self._publish_state()

    @workflow.update(
        name=RateLimiterHandler.RESET_COOLDOWN.value,
        description="End cooldown and blocks, and forget the remaining credits",
    )
    def reset_cooldown(self, reset: CooldownReset) -> str:
        current = rate_limiter_state.without_expired(self._state, workflow.now())
        self._state = rate_limiter_state.reset_cooldown(current)
        self._publish_state()
        before = rate_limiter_state.format_routes(current) or "not in cooldown"
        return f"{self._limiter.host} may be polled again; before: {before}"

    @reset_cooldown.validator
    def _validate_reset_cooldown(self, reset: CooldownReset) -> None:
        self._require_own_host(reset.host)

    @workflow.query(name=RateLimiterHandler.STATE.value, description="Last slot, cooldown, blocked routes, credits")
    def state(self) -> RateLimiterState:
        return self._state

    def _require_own_host(self, host: str) -> None:
        if host != self._limiter.host:
            raise ApplicationError(f"this is the rate limiter of {self._limiter.host}, not of {host}")

    def _publish_state(self) -> None:
        workflow.set_current_details(rate_limiter_state.format_state(self._state))


@workflow.defn(name=RATE_LIMITER_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class AutoUpgradeRateLimiterWorkflow(RateLimiterWorkflow):
    """The same for workers with a named build, since it outlives any build; other workers refuse the declaration."""

    @workflow.init
    def __init__(self, limiter: RateLimiterInput) -> None:
        super().__init__(limiter)

    @workflow.run
    async def run(self, limiter: RateLimiterInput) -> None:
        await super().run(limiter)
