"""`validate`: what the tables and exports hold of a date, judged as of a time."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import ExitCode
from cli.render import console, table_of
from cli.target import Target
from cli.view import read_exported_status
from cli.warehouse_work import WarehouseWork, read_warehouse
from tipoff.vocabulary import DataState, ValidationReport, counted, date_and_time
from workflows.contracts.validation import ValidateRequest
from workflows.validation import ValidationWorkflow

if TYPE_CHECKING:
    from tipoff.warehouse.base import Warehouse


async def run(options: Namespace) -> ExitCode:
    """Print the state of all data of a date; FAILED if some are late, missing or wrong. Raises CommandError."""
    target = Target(options.replay)
    as_of = options.as_of or _now(target, options.date)
    request = ValidateRequest(game_date=options.date, as_of=as_of)
    report = await read_warehouse(
        target,
        WarehouseWork(ValidationWorkflow.run, request, f"validation of {request.game_date}"),
        lambda warehouse: _validate_here(warehouse, target, request),
    )
    if options.json:
        print(report.model_dump_json())
    else:
        console().print(_page(report))
    return ExitCode.FAILED if report.problems else ExitCode.DONE


def _validate_here(warehouse: Warehouse, target: Target, request: ValidateRequest) -> ValidationReport:
    from tipoff.validation.checks import validate  # polars, which a worker's answer does not need
    from tipoff.validation.records import read_records

    return validate(read_records(warehouse, target.exports, request.game_date, request.as_of))


def _now(target: Target, game_date: date) -> datetime:
    """Now; in a replay the virtual time of the date's last status."""
    status, _ = read_exported_status(target, game_date) if target.replay else (None, None)
    return status.now if status else datetime.now(UTC)


_STYLES = {DataState.FAILED: "bold red", DataState.LATE: "red"}


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
