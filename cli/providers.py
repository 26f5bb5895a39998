"""How providers bear us: what the domain of each knows of its cool-down and credits."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from cli.exit_codes import CommandError, Exit
from cli.server import WORKER_PATIENCE, is_namespace_missing
from tipoff.settings import Settings
from tipoff.sources.budget import budget_at
from tipoff.sources.rate_limits import rate_limit_of
from tipoff.vocabulary import Frozen
from workflows import rate_limiter_state
from workflows.contracts import (
    RATE_LIMITER_WORKFLOW,
    CooldownReset,
    RateLimiterMessage,
    RateLimiterState,
    rate_limiter_workflow_id,
)

OPENED_WITHIN = timedelta(seconds=5)
_ALIVE = f"WorkflowType = '{RATE_LIMITER_WORKFLOW}' AND ExecutionStatus = 'Running'"


class RateLimiterView(Frozen):
    """A provider that was asked before, and what is known of it now."""

    host: str
    says: str
    refuses: bool = False
    """It is left alone, or has no credits left: nothing is asked there now."""
    warning: str = ""
    """What a person should know of; empty: nothing."""
    spend: str = ""
    """Of a paid one: what the month has cost."""

    @property
    def line(self) -> str:
        """What is worth a line of a day's status; empty: nothing."""
        return self.warning or (f"{self.host}: {self.spend}" if self.spend else "")


async def rate_limiters(client: Client, settings: Settings) -> tuple[RateLimiterView, ...]:
    """Every provider that was asked under manners, by host. Raises RPCError when the server does not answer."""
    prefix = rate_limiter_workflow_id("")
    hosts = sorted([run.id.removeprefix(prefix) async for run in client.list_workflows(_ALIVE)])
    return tuple(await asyncio.gather(*(_rate_limiter_view(client, host, settings) for host in hosts)))


async def state_of(client: Client, host: str) -> RateLimiterState:
    """What a domain knows; nothing when it was never asked. Raises RPCError when no worker answers."""
    handle = client.get_workflow_handle(rate_limiter_workflow_id(host))
    try:
        state: RateLimiterState = await handle.query(
            RateLimiterMessage.STATE.value, result_type=RateLimiterState, rpc_timeout=WORKER_PATIENCE
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        return RateLimiterState()
    return state


async def reset_cooldown(client: Client, opening: CooldownReset) -> str:
    """Let a provider be asked again; what its domain answers.

    Raises CommandError UNKNOWN when it was asked nothing under manners, UNREACHABLE when no worker answers.
    """
    handle = client.get_workflow_handle(rate_limiter_workflow_id(opening.host))
    try:
        answer: str = await handle.execute_update(
            RateLimiterMessage.RESET_COOLDOWN.value, opening, result_type=str, rpc_timeout=OPENED_WITHIN
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        raise CommandError(
            Exit.UNKNOWN, f"{opening.host} was asked nothing under manners, so nothing is closed"
        ) from None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise CommandError(
            Exit.UNREACHABLE, f"no worker answered for {opening.host}; it may still be opened when one does"
        ) from None
    return answer


async def _rate_limiter_view(client: Client, host: str, settings: Settings) -> RateLimiterView:
    try:
        state = await state_of(client, host)
    except RPCError as error:
        return RateLimiterView(host=host, says=f"not told, no worker answers: {error.message}")
    return rate_limiter_view_at(datetime.now(UTC), host, state, rate_limit_of(host, settings).monthly_credits)


def rate_limiter_view_at(
    now: datetime, host: str, state: RateLimiterState, monthly_credits: int | None
) -> RateLimiterView:
    """What a domain's state comes to at a moment."""
    state = rate_limiter_state.known_at(state, now)
    says = rate_limiter_state.sentence(state)
    if state.cooldown:
        return RateLimiterView(
            host=host, says=says, refuses=True, warning=f"{host} is {rate_limiter_state.in_cooldown(state.cooldown)}"
        )
    if monthly_credits is None:
        return RateLimiterView(host=host, says=says)
    budget = budget_at(now, state.credits_left(monthly_credits, now), monthly_credits)
    warning = budget.warning and f"{host}: {budget.warning}"
    return RateLimiterView(host=host, says=says, refuses=budget.credits_left == 0, warning=warning, spend=budget.says)
