"""`systems`: how the systems did on the last day, over 7 and 30 days and in the season."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from cli.exit_codes import ExitCode
from cli.exported import Export, number, share, show_export
from cli.render import table_of
from tipoff.vocabulary import FEW_PICKS

PATH = "v1/systems/performance.json"
NOT_PUBLISHED = "a day writes it when it grades its predictions, after the games"
_COLUMNS = ("system", "view", "N", "MAE", "line's MAE", "picks", "hits", "95 %", "break-even", "units")


async def run(options: Namespace) -> ExitCode:
    """Print the newest performance. Raises CommandError UNKNOWN."""
    return show_export(options, PATH, NOT_PUBLISHED, _windows, title="Systems")


def _windows(export: Export) -> RenderableType:
    return Group(*(figures_table(each["systems"], _title(each)) for each in export["windows"]))


def _title(window: dict[str, Any]) -> str:
    return f"{window['label']}: {window['first_date']} to {window['last_date']}"


def figures_table(systems: Sequence[dict[str, Any]], title: str = "Systems") -> Table:
    """The figures of each view of each system, with their numbers of predictions and picks."""
    table = table_of(title, _COLUMNS, map(_row, systems))
    if any(each["picks"]["n"] < FEW_PICKS for each in systems):
        table.caption = f"fewer than {FEW_PICKS} picks are too few to read a hit rate from"
    return table


def _row(system: dict[str, Any]) -> tuple[str, ...]:
    line, picks = system["against_line"], system["picks"]
    return (
        system["system_id"],
        system["view"],
        number(line["n"], "d"),
        number(line["mae"], ".2f"),
        number(line["baseline_mae"], ".2f"),
        number(picks["n"], "d"),
        share(picks["rate"]),
        f"{share(picks['low'])} to {share(picks['high'])}" if picks["n"] else "–",
        share(picks["break_even"]),
        number(picks["profit"], "+.2f"),
    )
