"""Sends an operator's command to a running day as a workflow update, which validates, audits and executes it once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities.server_state import describe_run
from cli.exit_codes import CommandError, ExitCode
from cli.server import PAUSED, connected, has_day_worker
from cli.target import Target
from workflows.contracts import UNCONFIRMED, CommandName, CommandResult, OperatorCommand, message_of

UPDATE_TIMEOUT = timedelta(seconds=5)
"""Long enough for a worker that has just taken over the run and first reads its history."""

ID_PERIOD_SECONDS = 10

ALREADY_EXECUTED = " (this command was executed before and was not executed again; --id NAME sends it as a new one)"

Handle = WorkflowHandle[Any, Any]


async def run(options: Namespace) -> ExitCode:
    """Send the command and print its result. Raises CommandError REFUSED, UNKNOWN, ENDED, UNREACHABLE."""
    command, target = command_from(options), Target(options.replay)
    async with connected(target) as client:
        handle = await running_day(client, target, options.date)
        if not await has_day_worker(client):
            raise CommandError(
                ExitCode.UNREACHABLE, "no worker is running, so nothing was changed: start one with python worker.py"
            )
        try:
            result, repeated = await send(handle, command, options.id)
        except UnconfirmedError as unconfirmed:
            if not _confirms(unconfirmed, options):
                raise
            result, repeated = await send(handle, command.model_copy(update={"yes": True}), options.id)
    if options.json:
        print(json.dumps({"accepted": True, "text": result.text, "repeated": repeated}))
    else:
        print(f"{result.text}{ALREADY_EXECUTED if repeated else ''}")
    return ExitCode.DONE


class UnconfirmedError(CommandError):
    """The day executes the command only if the operator confirms it."""


def _confirms(unconfirmed: UnconfirmedError, options: Namespace) -> bool:
    """Ask on a terminal; a program has to send --yes."""
    if options.json or not sys.stdin.isatty():
        return False
    print(f"starter: {unconfirmed}", file=sys.stderr)
    return input("Force it nevertheless? [y/N] ").strip().lower() in {"y", "yes"}


def command_from(options: Namespace) -> OperatorCommand:
    """The command that was typed."""
    return OperatorCommand(
        name=CommandName(options.command.replace("-", "_")),
        target=getattr(options, "phase", None) or getattr(options, "step", ""),
        games=tuple(getattr(options, "games", ())),
        game_date=options.date,
        who=options.who,
        why=options.why,
        yes=getattr(options, "yes", False),
    )


async def running_day(client: Client, target: Target, game_date: date) -> Handle:
    """The date's running workflow.

    Raises CommandError UNKNOWN if there is none, ENDED if it has ended, REFUSED if it is paused.
    """
    described = await describe_run(client, game_date)
    if described is None:
        raise CommandError(
            ExitCode.UNKNOWN,
            f"the server has no run of {game_date}; start it: {target.command_line(f'--date {game_date}')}",
        )
    if described.is_paused:
        raise CommandError(
            ExitCode.REFUSED,
            f"the run of {game_date} is {PAUSED}, then send the command again; nothing was changed",
        )
    if not described.is_open:
        raise CommandError(
            ExitCode.ENDED,
            f"the run of {game_date} has ended ({described.execution.lower()}), so nothing was changed; "
            f"re-run the day: {target.command_line(f'--date {game_date} --rerun')}",
        )
    return client.get_workflow_handle(described.workflow_id, run_id=described.run_id)


async def send(handle: Handle, command: OperatorCommand, update_id: str | None) -> tuple[CommandResult, bool]:
    """The command's result, and whether it was executed before. Raises CommandError REFUSED or UNREACHABLE."""
    ids = [update_id] if update_id else update_ids(command, time.time())
    try:
        for earlier in await asyncio.gather(*(_earlier_result(handle, known_id) for known_id in ids)):
            if earlier is not None:
                return earlier, True
        result: CommandResult = await handle.execute_update(
            command.name.value, command.payload, id=ids[0], result_type=CommandResult, rpc_timeout=UPDATE_TIMEOUT
        )
    except WorkflowUpdateFailedError as error:
        unconfirmed = isinstance(error.cause, ApplicationError) and error.cause.type == UNCONFIRMED
        raise (UnconfirmedError if unconfirmed else CommandError)(
            ExitCode.REFUSED, f"refused: {message_of(error.cause)}"
        ) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise CommandError(
            ExitCode.UNREACHABLE,
            f"no worker answered within {UPDATE_TIMEOUT.total_seconds():.0f} s; a worker may still execute the command "
            "later: `status` then lists it under Operator commands",
        ) from None
    return result, False


def update_ids(command: OperatorCommand, now: float) -> Sequence[str]:
    """The command's update ids now and in the minute before, so that a repeated command finds the first one."""
    digest = hashlib.sha256(command.model_dump_json().encode()).hexdigest()[:16]
    period = int(now // ID_PERIOD_SECONDS)
    return [f"{command.name}-{digest}-{period - back}" for back in range(60 // ID_PERIOD_SECONDS + 1)]


async def _earlier_result(handle: Handle, update_id: str) -> CommandResult | None:
    """The result of the command that was sent with this id; None if there was none."""
    update = handle.get_update_handle(update_id, workflow_run_id=handle.run_id, result_type=CommandResult)
    try:
        result: CommandResult = await update.result(rpc_timeout=UPDATE_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return result
