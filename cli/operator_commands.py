"""What a person says to a running day, sent as an update: judged by the run, answered, audited, obeyed once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from cli.exit_codes import CommandError, Exit
from cli.server import PATIENCE, has_day_worker, is_namespace_missing, reached
from cli.target import Target
from workflows.contracts import CommandName, CommandResult, OperatorCommand, day_workflow_id

ANSWER_WITHIN = timedelta(seconds=5)
"""A worker that has just taken the run over reads its history first."""

STEP_SECONDS = 10

Handle = WorkflowHandle[Any, Any]


async def run(options: Namespace) -> Exit:
    """Give the order and print the answer. Raises CommandError REFUSED, UNKNOWN, ENDED, UNREACHABLE."""
    order, target = order_of(options), Target(options.replay)
    async with reached(target) as client:
        handle = await running(client, target, options.date)
        if not await has_day_worker(client):
            raise CommandError(
                Exit.UNREACHABLE, "no worker is there to take the order, nothing was changed: start python worker.py"
            )
        answer, repeated = await give(handle, order, options.id)
    if options.json:
        print(json.dumps({**answer.model_dump(), "repeated": repeated}))
    else:
        print(f"{answer.text}{REPEATED if repeated else ''}")
    return Exit.DONE


REPEATED = " (so it was answered to this very order before; nothing was done now, --id NAME gives it once more)"


def order_of(options: Namespace) -> OperatorCommand:
    """The order that was typed."""
    return OperatorCommand(
        name=CommandName(options.command.replace("-", "_")),
        target=getattr(options, "phase", None) or getattr(options, "step", ""),
        games=tuple(getattr(options, "games", ())),
        game_date=options.date,
        who=options.who,
        why=options.why,
    )


async def running(client: Client, target: Target, game_date: date) -> Handle:
    """The date's live run. Raises CommandError UNKNOWN when there is none, ENDED when it has ended."""
    handle = client.get_workflow_handle(day_workflow_id(game_date))
    try:
        described = await handle.describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        raise CommandError(
            Exit.UNKNOWN, f"the server knows no run of {game_date}; start it: {target.typed(f'--date {game_date}')}"
        ) from None
    if described.status is not WorkflowExecutionStatus.RUNNING:
        state = described.status.name.lower() if described.status else "over"
        raise CommandError(
            Exit.ENDED,
            f"the run of {game_date} has ended ({state}), nothing was changed; "
            f"do it again: {target.typed(f'--date {game_date} --rerun')}",
        )
    return client.get_workflow_handle(described.id, run_id=described.run_id)


async def give(handle: Handle, order: OperatorCommand, name: str | None) -> tuple[CommandResult, bool]:
    """The run's answer, and whether it had been given already. Raises CommandError REFUSED or UNREACHABLE."""
    names = [name] if name else names_of(order, time.time())
    try:
        for answer in await asyncio.gather(*(_answer_to(handle, given) for given in names)):
            if answer is not None:
                return answer, True
        first: CommandResult = await handle.execute_update(
            order.name.value, order, id=names[0], result_type=CommandResult, rpc_timeout=ANSWER_WITHIN
        )
    except WorkflowUpdateFailedError as error:
        raise CommandError(Exit.REFUSED, f"refused: {error.cause}") from error
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise CommandError(
            Exit.UNREACHABLE,
            f"no worker answered within {ANSWER_WITHIN.total_seconds():.0f} s; the order may still be carried out when "
            "one does: `status` then shows it under what people said",
        ) from None
    return first, False


def names_of(order: OperatorCommand, now: float) -> Sequence[str]:
    """Names of the same order now and in the last minute, in steps of ten seconds, so that a repeat meets the first."""
    digest = hashlib.sha256(order.model_dump_json().encode()).hexdigest()[:16]
    step = int(now // STEP_SECONDS)
    return [f"{order.name}-{digest}-{step - back}" for back in range(60 // STEP_SECONDS + 1)]


async def _answer_to(handle: Handle, name: str) -> CommandResult | None:
    """The answer to an order that was given before."""
    known = handle.get_update_handle(name, workflow_run_id=handle.run_id, result_type=CommandResult)
    try:
        answer: CommandResult = await known.result(rpc_timeout=ANSWER_WITHIN)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return answer
