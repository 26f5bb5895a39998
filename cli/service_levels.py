"""`service-levels`: how well the service levels of the last dates were kept."""

from __future__ import annotations

from argparse import Namespace
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import ExitCode
from cli.render import console, table_of
from cli.target import Target
from cli.warehouse_work import WarehouseWork, read_warehouse
from tipoff.vocabulary import DateServiceLevels, ServiceLevelsReport, clock_time, counted
from workflows.contracts.validation import ServiceLevelsRequest
from workflows.validation import ServiceLevelsWorkflow

if TYPE_CHECKING:
    from tipoff.warehouse.base import Warehouse


async def run(options: Namespace) -> ExitCode:
    """Print the service levels of each of the last dates, and of all together. Raises CommandError."""
    target = Target(options.replay)
    dates = ServiceLevelsRequest(first_date=options.date - timedelta(days=options.last - 1), last_date=options.date)
    report = await read_warehouse(
        target,
        WarehouseWork(ServiceLevelsWorkflow.run, dates, "service levels"),
        lambda warehouse: _report_here(warehouse, target, dates),
    )
    if options.json:
        print(report.model_dump_json())
    else:
        console().print(_page(report))
    return ExitCode.DONE


def _report_here(warehouse: Warehouse, target: Target, dates: ServiceLevelsRequest) -> ServiceLevelsReport:
    from tipoff.service_levels import service_levels_report  # polars, which a worker's answer does not need

    return service_levels_report(warehouse, target.exports, dates.first_date, dates.last_date)


def _page(report: ServiceLevelsReport) -> RenderableType:
    columns = ("date", "games", "an hour before tip-off", "grades complete", "slowest alert", "people")
    return Group(table_of("Service levels", columns, [_cells(each) for each in report.dates]), Text(), *_sums(report))


def _sums(report: ServiceLevelsReport) -> list[Text]:
    together = report.together
    lines = [
        f"{_percent(together.predicted_share)} of the players with a line predicted an hour before tip-off, goal: 99 %",
        f"{_percent(together.graded_in_time)} of the dates graded by 09:00, goal: all",
        f"{_percent(together.alerted_in_time)} of the dates with alerts alerted within 15 minutes, goal: all",
        f"{_percent(together.days_without_people)} of the dates without a person",
    ]
    return [Text(line) for line in lines]


def _cells(each: DateServiceLevels) -> tuple[str, ...]:
    players = f"{each.predicted_in_time} of {counted(each.lined_players, 'player')}" if each.lined_players else ""
    graded = clock_time(each.grades_complete_at, each.game_date) if each.grades_complete_at else ""
    alert = "" if each.slowest_alert_minutes is None else f"{each.slowest_alert_minutes:.0f} min"
    people = "unknown" if each.people is None else ", ".join(each.people)
    kind = f"{each.games}{' (backfilled)' if each.is_backfilled else ''}"
    return str(each.game_date), kind, players, graded, alert, people


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
