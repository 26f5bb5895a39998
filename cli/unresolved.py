"""`unresolved`: the player names of all dates that match no player, with the alias line to add for each.

The command reads a copy of a DuckDB warehouse, because only the worker may open the file itself.
"""

from __future__ import annotations

import json
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.exit_codes import ExitCode
from cli.render import console
from cli.target import Target
from cli.warehouse_file import existing_warehouse
from tipoff.vocabulary import counted

if TYPE_CHECKING:
    from cli.name_worklist import UnresolvedName

_HEADER = "spelling,player_name"


async def run(options: Namespace) -> ExitCode:
    """Print the worklist. Raises CommandError USAGE, UNKNOWN if there is no file to read."""
    from cli.name_worklist import unresolved_names  # slow libraries
    from tipoff.sources.player_names import load_aliases
    from tipoff.warehouse.open import open_warehouse

    target = Target(options.replay)
    aliases = target.settings.aliases
    url = target.settings.warehouse
    with tempfile.TemporaryDirectory(prefix="tipoff-unresolved-") as scratch:
        readable = f"duckdb:///{_copy(url, Path(scratch))}" if url.startswith("duckdb:") else url
        warehouse = open_warehouse(readable, target.settings)
        try:
            names = unresolved_names(warehouse, load_aliases(aliases) if aliases else {}, options.date)
        finally:
            warehouse.close()
    if options.json:
        print(json.dumps(_as_json(names, aliases), ensure_ascii=False))
    else:
        console().print(_report(names, aliases))
    return ExitCode.DONE


def _copy(url: str, folder: Path) -> Path:
    """Copy the warehouse from between two checkpoints."""
    from tipoff.warehouse.backup import copy_warehouse

    copied = folder / "warehouse.duckdb"
    copy_warehouse(existing_warehouse(url), copied)
    return copied


def _as_json(names: Sequence[UnresolvedName], aliases: Path | None) -> dict[str, Any]:
    return {"aliases": str(aliases) if aliases else None, "names": [name.model_dump(mode="json") for name in names]}


def _report(names: Sequence[UnresolvedName], aliases: Path | None) -> RenderableType:
    if not names:
        return "every name resolves"
    table = Table("count", "name", "dates", "sources", "nearest players")
    for name in names:
        table.add_row(
            str(name.count), name.name, _dates(name.dates), "\n".join(name.sources), "\n".join(name.candidates)
        )
    return Group(table, *map(Text, _instructions(names, aliases)))


def _dates(dates: Sequence[date]) -> str:
    if len(dates) == 1:
        return str(dates[0])
    return f"{counted(len(dates), 'date')}, {dates[0]} to {dates[-1]}"


def _instructions(names: Sequence[UnresolvedName], aliases: Path | None) -> Iterator[str]:
    yield f"{counted(len(names), 'name')} unresolved. Where the nearest player is the right one, add the line to"
    yield f"{aliases}:" if aliases else f"a CSV file that TIPOFF_ALIASES names, below the line {_HEADER}:"
    yield from (name.alias_line for name in names if name.alias_line)
