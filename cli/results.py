"""`results`: how the headline's picks of a date ended, and the error of each system."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cli.exit_codes import ExitCode
from cli.exported import Export, number, show_export
from cli.performance import figures_table
from cli.render import table_of
from tipoff.vocabulary import counted

NOT_PUBLISHED = "a day writes it when it grades its predictions, after the games"
_COLUMNS = ("player", "pick", "price", "scored", "grade", "units")
_SIDES = ("OVER", "UNDER")


async def run(options: Namespace) -> ExitCode:
    """Print the results of a date, or of the newest graded one. Raises CommandError UNKNOWN."""
    path = f"v1/results/{options.date or 'latest'}.json"
    return show_export(options, path, NOT_PUBLISHED, _results, title="Results")


def _results(export: Export) -> RenderableType:
    if not export["systems"]:
        return Text("nothing is graded yet")
    picks = list(_headline_picks(export))
    table = table_of(f"Picks of the headline: {len(picks)}", _COLUMNS, map(_row, picks)) if picks else Text("no picks")
    pending = Text(f"{counted(len(export['pending_games']), 'game')} not graded yet", style="yellow")
    return Group(table, figures_table(export["systems"]), *([pending] if export["pending_games"] else []))


def _headline_picks(export: Export) -> Iterator[dict[str, Any]]:
    for player in export["players"]:
        for each in player["systems"]:
            is_headline = all(each[name] == value for name, value in export["headline"].items())
            if is_headline and each["recommendation"] in _SIDES:
                yield {**player, **each}


def _row(pick: dict[str, Any]) -> tuple[str, ...]:
    return (
        pick["player_name"],
        f"{pick['recommendation']} {number(pick['line'], 'g')}",
        number(pick["price_american"], "+.0f"),
        number(pick["actual_points"], "d"),
        pick["void_reason"] or pick["grade"],
        number(pick["profit_units"], "+.2f"),
    )
