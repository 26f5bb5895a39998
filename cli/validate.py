"""`validate`: what the tables and exports hold of a date, judged as of a time."""

from __future__ import annotations

import asyncio
import uuid
from argparse import Namespace
from datetime import UTC, date, datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text
from temporalio.client import Client, WorkflowFailureError

from activities.server_state import DAY_WORKFLOWS, SERVER_TIMEOUT, queue_statuses
from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.server import connected
from cli.target import Target
from cli.view import read_exported_status
from cli.warehouse_file import existing_warehouse, warehouse_file
from runtime.failures import failure_message
from tipoff.errors import WarehouseLockedError
from tipoff.validation.checks import validate
from tipoff.validation.records import read_records
from tipoff.vocabulary import DataState, ValidationReport, counted, date_and_time
from tipoff.warehouse.open import open_warehouse
from workflows.contracts import TASK_TIMEOUT, Queue
from workflows.contracts.validation import ValidateRequest
from workflows.validation import ValidationWorkflow

TIMEOUT_SECONDS = 60.0
"""How long a worker may take, which may be computing something else."""


async def run(options: Namespace) -> ExitCode:
    """Print the state of all data of a date; FAILED if some are late, missing or wrong.

    Raises CommandError UNKNOWN if there is no warehouse, UNREACHABLE if a worker has it open and does not answer.
    """
    target = Target(options.replay)
    as_of = options.as_of or _now(target, options.date)
    report = await _report(target, ValidateRequest(game_date=options.date, as_of=as_of))
    if options.json:
        print(report.model_dump_json())
    else:
        console().print(_page(report))
    return ExitCode.FAILED if report.problems else ExitCode.DONE


def _now(target: Target, game_date: date) -> datetime:
    """Now; in a replay the virtual time of the date's last status."""
    status, _ = read_exported_status(target, game_date) if target.replay else (None, None)
    return status.now if status else datetime.now(UTC)


async def _report(target: Target, request: ValidateRequest) -> ValidationReport:
    """The validation by a worker that has the warehouse open; without one, by this process."""
    try:
        async with connected(target) as client:
            queues = await queue_statuses(client, (DAY_WORKFLOWS, (Queue.WAREHOUSE, "activities")))
            if all(queue.is_served(datetime.now(UTC)) for queue in queues):
                return await _ask_worker(client, request)
    except CommandError as error:
        if error.exit_code is not ExitCode.UNREACHABLE:
            raise
        return await asyncio.to_thread(_validate_here, target, request, str(error))
    return await asyncio.to_thread(_validate_here, target, request, "no worker is running")


async def _ask_worker(client: Client, request: ValidateRequest) -> ValidationReport:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await client.execute_workflow(
                ValidationWorkflow.run,
                request,
                id=f"validation-{request.game_date}-{uuid.uuid4()}",
                task_queue=Queue.DAY,
                execution_timeout=timedelta(seconds=TIMEOUT_SECONDS),
                task_timeout=TASK_TIMEOUT,
                static_summary=f"validation of {request.game_date}",
                rpc_timeout=SERVER_TIMEOUT,
            )
    except TimeoutError:
        text = f"no worker answered within {TIMEOUT_SECONDS:g} s"
        raise CommandError(ExitCode.UNREACHABLE, text) from None
    except WorkflowFailureError as failure:
        raise CommandError(ExitCode.FAILED, f"the worker cannot validate: {failure_message(failure)}") from failure


def _validate_here(target: Target, request: ValidateRequest, why_no_worker: str) -> ValidationReport:
    settings = target.settings
    if warehouse_file(settings.warehouse):
        existing_warehouse(settings.warehouse)
    try:
        warehouse = open_warehouse(settings.warehouse, settings, read_only=True)
    except WarehouseLockedError as error:
        raise CommandError(ExitCode.UNREACHABLE, f"{error}; it could not be asked, because {why_no_worker}") from error
    try:
        return validate(read_records(warehouse, target.exports, request.game_date, request.as_of))
    finally:
        warehouse.close()


_STYLES = {DataState.FAILED: "bold red", DataState.LATE: "red", DataState.DEGRADED: "yellow"}


def _page(report: ValidationReport) -> RenderableType:
    rows = [(each.check, each.state, each.reads, each.text) for each in report.results]
    table = table_of(f"Data of {report.game_date}", ("check", "state", "reads", "result"), rows)
    commands = dict.fromkeys(each.command for each in report.problems if each.command)
    help_lines = [Text(), Text("Commands", style="bold"), *map(Text, commands)] if commands else []
    return Group(_headline(report), Text(), table, *help_lines)


def _headline(report: ValidationReport) -> Text:
    line = Text(f"NBA {report.game_date}  ", style="bold")
    if report.problems:
        worst = DataState.FAILED if any(each.state is DataState.FAILED for each in report.problems) else DataState.LATE
        line.append(counted(len(report.problems), "problem"), style=_STYLES[worst])
    else:
        line.append("no problem", style="green")
    return line.append(f"  as of {date_and_time(report.as_of)}, {counted(report.games, 'game')}")
