"""`backfill`: plans a range of past dates, runs them, shows how far they are, and changes how they run."""

from __future__ import annotations

import asyncio
import json
import uuid
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.server_state import SERVER_TIMEOUT, describe_workflow
from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.server import WORKER_TIMEOUT, connected, has_day_worker
from cli.target import Target
from runtime.failures import failure_message
from tipoff.vocabulary import (
    BackfillMode,
    BackfillPlan,
    BackfillScope,
    BackfillStatus,
    DateState,
    Phase,
    RunState,
    StepState,
    counted,
    game_date_of,
)
from workflows.backfill import BackfillPlanWorkflow, BackfillWorkflow
from workflows.contracts import TASK_TIMEOUT, CommandResult, Queue, TaskPriority, message_of
from workflows.contracts.backfill import BACKFILL_WORKFLOW_ID, BackfillCommand, BackfillHandler, BackfillInput

PLAN_TIMEOUT_SECONDS = 120.0
WATCH_SECONDS = 1.0

_SIGNS = {
    StepState.COMPLETE: ("✓", "green"),
    StepState.EMPTY_OK: ("✓", "green"),
    StepState.DEGRADED: ("△", "yellow"),
    StepState.SKIPPED: ("↷", "yellow"),
    StepState.FAILED: ("✗", "bold red"),
    StepState.RUNNING: ("▸", "cyan"),
    StepState.LATE: ("…", "yellow"),
    StepState.PENDING: ("·", "dim"),
}
_STYLES = {
    DateState.QUEUED: "dim",
    DateState.RUNNING: "cyan",
    DateState.COMPLETE: "green",
    DateState.FAILED: "bold red",
    DateState.CANCELLED: "red",
    DateState.LEFT_ALONE: "yellow",
}
_ENDED = {"COMPLETED": RunState.COMPLETE, "FAILED": RunState.FAILED}
_UPDATES = {
    "pause": BackfillHandler.PAUSE,
    "resume": BackfillHandler.RESUME,
    "parallelism": BackfillHandler.SET_PARALLELISM,
}


async def run(options: Namespace) -> ExitCode:
    """Run one action. Raises CommandError."""
    target = Target(options.replay)
    match options.action:
        case "status" if options.watch:
            return await _watch(options, target)
        case "status":
            return _print_status(options, await _status(target))
    async with connected(target) as client:
        match options.action:
            case "plan":
                return _print_plan(options, target, await _plan(client, _scope(options)))
            case "start":
                return await _start(client, options, target)
            case "cancel":
                return await _cancel(client, options, target)
            case _:
                return await _update(client, options, target)


# ── plan and start ───────────────────────────────────────────────────────────────────────────────────────


def _scope(options: Namespace) -> BackfillScope:
    """Raises CommandError USAGE for a wrong range."""
    if options.last >= game_date_of(datetime.now(UTC)):
        raise CommandError(ExitCode.USAGE, f"--to {options.last} is not past: a backfill runs past dates only")
    try:
        return BackfillScope(
            first=options.first,
            last=options.last,
            mode=BackfillMode(options.mode),
            from_phase=Phase(options.from_phase),
            to_phase=Phase(options.to_phase),
        )
    except ValidationError as error:
        raise CommandError(ExitCode.USAGE, str(error.errors()[0]["ctx"]["error"])) from None


async def _plan(client: Client, scope: BackfillScope) -> BackfillPlan:
    """What a worker plans now. Raises CommandError FAILED or UNREACHABLE."""
    await _require_worker(client)
    try:
        async with asyncio.timeout(PLAN_TIMEOUT_SECONDS):
            return await client.execute_workflow(
                BackfillPlanWorkflow.run,
                scope,
                id=f"backfill-plan-{uuid.uuid4()}",
                task_queue=Queue.DAY,
                execution_timeout=timedelta(seconds=PLAN_TIMEOUT_SECONDS),
                task_timeout=TASK_TIMEOUT,
                static_summary=f"plan of a backfill: {scope.text}",
                priority=TaskPriority.OPERATOR.option,
                rpc_timeout=SERVER_TIMEOUT,
            )
    except TimeoutError:
        raise CommandError(
            ExitCode.UNREACHABLE, f"no worker planned it within {PLAN_TIMEOUT_SECONDS:g} s; see the worker's log"
        ) from None
    except WorkflowFailureError as failure:
        raise CommandError(ExitCode.FAILED, f"it cannot be planned: {failure_message(failure)}") from failure


async def _require_worker(client: Client) -> None:
    if not await has_day_worker(client):
        raise CommandError(ExitCode.UNREACHABLE, "no worker is running: start one with python worker.py")


def _print_plan(options: Namespace, target: Target, plan: BackfillPlan) -> ExitCode:
    if options.json:
        print(plan.model_dump_json())
        return ExitCode.DONE
    if not plan.dates:
        print(f"nothing to run: {plan.scope.text}")
    else:
        rows = [(str(each.game_date), f"{each.games}", each.reason, f"{each.requests:,}") for each in plan.dates]
        columns = ("date", "games", "why it runs", "requests")
        console().print(table_of(f"Backfill, {plan.scope.text}", columns, rows))
    for reason, dates in plan.left_out.items():
        print(f"{counted(dates, 'date')} left out: {reason}")
    requests, paid = sum(each.requests for each in plan.dates), sum(each.credits for each in plan.dates)
    print(f"{counted(len(plan.dates), 'date')}, at least {counted(requests, 'request')}, {counted(paid, 'credit')}")
    print(f"plan {plan.digest}")
    if plan.dates:
        print(f"start it: {target.command_line(f'backfill start --plan {plan.digest}')}")
    return ExitCode.DONE


async def _start(client: Client, options: Namespace, target: Target) -> ExitCode:
    """Start the plan if it is still the same. Raises CommandError UNKNOWN or REFUSED."""
    from tipoff.publishing.backfill import read_planned_scope  # polars, which most actions do not need

    scope = read_planned_scope(target.exports, options.digest)
    if scope is None:
        raise CommandError(ExitCode.UNKNOWN, f"there is no plan {options.digest}; `backfill plan` prints a plan")
    plan = await _plan(client, scope)
    if plan.digest != options.digest:
        raise CommandError(
            ExitCode.REFUSED,
            f"the plan has changed since, so nothing was started: it has {counted(len(plan.dates), 'date')} now; "
            f"look at it again with `backfill plan` and start {plan.digest}",
        )
    if not plan.dates:
        raise CommandError(ExitCode.REFUSED, "the plan has no date to run, so nothing was started")
    backfill = BackfillInput(
        scope=scope,
        digest=plan.digest,
        parallelism=options.parallelism,
        who=options.who,
        why=options.why,
        replay=str(target.replay or ""),
    )
    try:
        await client.start_workflow(
            BackfillWorkflow.run,
            backfill,
            id=BACKFILL_WORKFLOW_ID,
            task_queue=Queue.DAY,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"backfill {scope.text}",
            priority=TaskPriority.BACKFILL.option,
            rpc_timeout=SERVER_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        raise CommandError(
            ExitCode.REFUSED,
            "another backfill is running, so nothing was started: "
            f"{target.command_line('backfill status')}, or end it: {target.command_line('backfill cancel')}",
        ) from None
    _print_result(options, f"{counted(len(plan.dates), 'date')} started, {options.parallelism} at a time")
    if not options.json:
        print(f"follow it: {target.command_line('backfill status --watch')}")
    return ExitCode.DONE


# ── commands to a running backfill ───────────────────────────────────────────────────────────────────────


async def _update(client: Client, options: Namespace, target: Target) -> ExitCode:
    """Pause, resume, or change how many run. Raises CommandError UNKNOWN, REFUSED or UNREACHABLE."""
    command = BackfillCommand(parallelism=getattr(options, "parallelism", None), who=options.who, why=options.why)
    await _require_worker(client)
    handle = client.get_workflow_handle(BACKFILL_WORKFLOW_ID)
    try:
        result: CommandResult = await handle.execute_update(
            _UPDATES[options.action], command, result_type=CommandResult
        )
    except WorkflowUpdateFailedError as error:
        raise CommandError(ExitCode.REFUSED, f"{message_of(error.cause)}; nothing was changed") from error
    except RPCError as error:
        raise _without_backfill(error, target) from error
    _print_result(options, result.text)
    return ExitCode.DONE


async def _cancel(client: Client, options: Namespace, target: Target) -> ExitCode:
    """Request the end of the backfill. Raises CommandError UNKNOWN."""
    reason = f"{options.who}: {options.why}" if options.why else options.who
    try:
        await client.get_workflow_handle(BACKFILL_WORKFLOW_ID).cancel(reason=reason, rpc_timeout=SERVER_TIMEOUT)
    except RPCError as error:
        raise _without_backfill(error, target) from error
    _print_result(options, "no further date starts; the backfill ends with the dates that run")
    return ExitCode.DONE


def _without_backfill(error: RPCError, target: Target) -> Exception:
    """A CommandError if no backfill runs; else the error itself."""
    if error.status is not RPCStatusCode.NOT_FOUND:
        return error
    plan = target.command_line("backfill plan --from DATE --to DATE")
    return CommandError(ExitCode.UNKNOWN, f"no backfill is running; plan one: {plan}")


def _print_result(options: Namespace, text: str) -> None:
    print(json.dumps({"accepted": True, "text": text}, ensure_ascii=False) if options.json else text)


# ── status ───────────────────────────────────────────────────────────────────────────────────────────────


async def _status(target: Target) -> BackfillStatus:
    """The status from the worker, else as it was exported last. Raises CommandError UNKNOWN."""
    try:
        async with connected(target) as client:
            run = await describe_workflow(client, BACKFILL_WORKFLOW_ID)
            status = await _query(client) if run else None
    except CommandError:  # no server answers
        run = status = None
    from tipoff.publishing.backfill import read_backfill  # polars, which a running backfill's answer does not need

    if status is not None:
        return status
    exported = read_backfill(target.exports)
    if exported is None:
        raise CommandError(ExitCode.UNKNOWN, "no backfill has run")
    if run and run.is_open and exported.state is not RunState.RUNNING:
        text = "a backfill runs and has published nothing yet, and no worker answers for it: start a worker"
        raise CommandError(ExitCode.UNKNOWN, text)
    if run and not run.is_open and exported.state is RunState.RUNNING:
        # It ended before it could say so.
        return exported.model_copy(update={"state": _ENDED.get(run.execution, RunState.CANCELLED)})
    return exported


async def _query(client: Client) -> BackfillStatus | None:
    """The status; None if no worker answers in time."""
    if not await has_day_worker(client):
        return None
    handle = client.get_workflow_handle(BACKFILL_WORKFLOW_ID)
    try:
        return await handle.query(BackfillWorkflow.status, rpc_timeout=WORKER_TIMEOUT)
    except (RPCError, WorkflowQueryFailedError):
        return None


async def _watch(options: Namespace, target: Target) -> ExitCode:
    """Show the status whenever it changes, until the backfill ends."""
    from rich.live import Live

    with Live(console=console(), auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            status = await _status(target)
            live.update(_grid(status), refresh=True)
            if status.state is not RunState.RUNNING:
                return _exit_code(status)
            await asyncio.sleep(WATCH_SECONDS)


def _print_status(options: Namespace, status: BackfillStatus) -> ExitCode:
    if options.json:
        print(status.model_dump_json())
    else:
        console().print(_grid(status))
    return _exit_code(status)


def _exit_code(status: BackfillStatus) -> ExitCode:
    return ExitCode.FAILED if status.state in {RunState.FAILED, RunState.CANCELLED} else ExitCode.DONE


def _grid(status: BackfillStatus) -> RenderableType:
    """The grid of dates and phases below the progress in one line."""
    title = Text(f"Backfill {status.scope.text}: ", style="bold").append(status.sentence)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("date", "state", *status.scope.phases, "remark"):
        table.add_column(column)
    for row in status.dates:
        signs = [Text(*_SIGNS[state]) for state in row.phases] or [Text()] * len(status.scope.phases)
        table.add_row(str(row.game_date), Text(row.state.words, _STYLES[row.state]), *signs, row.note)
    return Group(title, table, *_audit_lines(status))


def _audit_lines(status: BackfillStatus) -> Sequence[Text]:
    return [
        Text(f"{entry.at:%H:%M} UTC  {entry.who}: {entry.result}{entry.why and f' ({entry.why})'}", style="dim")
        for entry in status.audit
    ]
