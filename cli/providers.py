"""What the rate limiters know of the providers: cooldowns and credits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from activities.server_state import is_namespace_missing, list_runs
from cli.exit_codes import CommandError, ExitCode
from cli.server import WORKER_TIMEOUT
from tipoff.settings import Settings
from tipoff.sources.budget import budget_at
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.vocabulary import Frozen, Route
from workflows import rate_limiter_state
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    CooldownReset,
    RateLimiterHandler,
    RateLimiterState,
    rate_limiter_workflow_id,
)

RESET_TIMEOUT = timedelta(seconds=5)
_RUNNING = f"WorkflowType = '{RATE_LIMITER_WORKFLOW}' AND ExecutionStatus = 'Running'"


class RateLimiterView(Frozen):
    """One provider's rate limiter and its present state."""

    host: str
    summary: str
    refuses: bool = False
    """Whether it grants no requests now: the provider is in cooldown, or its credits are used up."""
    route: Route | None = None
    """The route of the next request; None: it gets no requests now, or the rate limiter does not answer."""
    warning: str = ""
    """What the operator should know; empty: nothing."""
    spend: str = ""
    """For a paid provider: the credits used this month."""

    @property
    def status_line(self) -> str:
        """The provider's line in a day's status; empty: none."""
        return self.warning or (f"{self.host}: {self.spend}" if self.spend else "")


async def rate_limiter_views(client: Client, settings: Settings) -> tuple[RateLimiterView, ...]:
    """All rate limiters that run, by host. Raises RPCError if the server does not answer."""
    prefix = rate_limiter_workflow_id("")
    hosts = sorted([run.workflow_id.removeprefix(prefix) async for run in list_runs(client, _RUNNING)])
    return tuple(await asyncio.gather(*(_rate_limiter_view(client, host, settings) for host in hosts)))


async def read_rate_limiter(client: Client, host: str) -> RateLimiterState:
    """The state of a host's rate limiter; the initial state if none runs. Raises RPCError if no worker answers."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(host))
    try:
        state: RateLimiterState = await handle.query(
            RateLimiterHandler.STATE.value, result_type=RateLimiterState, rpc_timeout=WORKER_TIMEOUT
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        return RateLimiterState()
    return state


async def reset_cooldown(client: Client, reset: CooldownReset) -> str:
    """End a provider's cooldown at once, and return the rate limiter's reply.

    Raises CommandError UNKNOWN if the provider has no rate limiter, UNREACHABLE if no worker answers.
    """
    handle = client.get_workflow_handle(rate_limiter_workflow_id(reset.host))
    try:
        reply: str = await handle.execute_update(
            RateLimiterHandler.RESET_COOLDOWN.value, reset, result_type=str, rpc_timeout=RESET_TIMEOUT
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        raise CommandError(
            ExitCode.UNKNOWN, f"no worker has polled {reset.host} yet, so it has no rate limiter and no cooldown"
        ) from None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise CommandError(
            ExitCode.UNREACHABLE,
            f"no worker answered for {reset.host}; the cooldown may still be reset when a worker starts",
        ) from None
    return reply


async def _rate_limiter_view(client: Client, host: str, settings: Settings) -> RateLimiterView:
    try:
        state = await read_rate_limiter(client, host)
    except RPCError as error:
        return RateLimiterView(host=host, summary=f"unknown, no worker answers: {error.message}")
    return rate_limiter_view_at(datetime.now(UTC), host, state, rate_limit_of(host, settings).monthly_credits)


def rate_limiter_view_at(
    now: datetime, host: str, state: RateLimiterState, monthly_credits: int | None
) -> RateLimiterView:
    """A rate limiter's state as of a time."""
    state = rate_limiter_state.without_expired(state, now)
    summary = rate_limiter_state.format_state(state)
    if cooldown := rate_limiter_state.cooldown_of_host(state):
        warning = f"{host} is {rate_limiter_state.format_cooldown(cooldown)}"
        return RateLimiterView(host=host, summary=summary, refuses=True, warning=warning)
    budget = None
    if monthly_credits is not None:
        budget = budget_at(now, state.credits_left(monthly_credits, now), monthly_credits)
    warning = "; ".join(filter(None, (rate_limiter_state.format_routes(state), budget.warning if budget else "")))
    return RateLimiterView(
        host=host,
        summary=summary,
        route=rate_limiter_state.available_routes(state)[0],
        refuses=budget is not None and budget.credits_left == 0,
        warning=warning and f"{host}: {warning}",
        spend=budget.text if budget else "",
    )
