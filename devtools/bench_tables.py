"""CPU seconds and memory of computing every table before the games: of one date, and of all dates of a season.

Each measurement is a process of its own. CPU seconds are no less than the wall time on an idle machine, whatever else
runs.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.table import Table

from devtools.bench_slate import format_limit
from devtools.season_rows import (
    POST_GAME,
    PRE_GAME,
    between,
    load_injuries,
    load_rosters,
    load_season,
    parameters,
    run,
)
from tipoff.replay.archive import Archive
from tipoff.training.history import training_history
from tipoff.vocabulary import counted, eastern, season_of, step_names
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features

COLD_SECONDS: Final = 4.0
WARM_SECONDS: Final = 2.0
SEASON_SECONDS: Final = 45.0
SEASON_MB: Final = 1000.0
GROWTH: Final = 1.3
"""Limits: the first and a later build of a date's tables, all dates of a season, and four seasons against one."""

_WARM_BUILDS: Final = 5
"""The fastest counts: whatever else runs makes a build slower, never faster."""
_STATUS: Final = Path("/proc/self/status")


class TableCost(NamedTuple):
    """One build of a table."""

    table: str
    rows: int
    seconds: float


class TablesCost(NamedTuple):
    """One build of all tables."""

    title: str
    tables: tuple[TableCost, ...]
    peak_mb: float
    """Peak memory of the process so far."""

    @property
    def seconds(self) -> float:
        return sum(table.seconds for table in self.tables)


def measure_tables(archive: Path, game_date: date, root: Path) -> list[TablesCost]:
    """Build a date with the history of one season and of all: cold, warm; then all dates of the season."""
    seasons = Archive(archive).seasons
    costs: list[TablesCost] = []
    for title, loaded in (("one season", (season_of(game_date),)), (counted(len(seasons), "season"), tuple(seasons))):
        warehouse = root / f"{len(loaded)}.duckdb"
        _in_process(_load, warehouse, archive, loaded, game_date)
        costs.extend(_in_process(_build_date, warehouse, game_date, title))
    costs.append(_in_process(_build_season, warehouse, archive, season_of(game_date)))
    return costs


def _in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _load(path: Path, archive: Path, seasons: Sequence[str], game_date: date) -> None:
    """Write the raw rows and the summaries of all games before the date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    warehouse = DuckDbWarehouse(path)
    warehouse.migrate()
    load_season(warehouse, archive, seasons)
    load_rosters(warehouse, archive, game_date)
    load_injuries(warehouse, archive, game_date)
    dates = Archive(archive).games["game_date"].sort()
    run(warehouse, POST_GAME, dates[0], dates[-1])
    warehouse.close()


def _build_date(path: Path, game_date: date, title: str) -> list[TablesCost]:
    warehouse = DuckDbWarehouse(path)
    cold = _date_tables(warehouse, game_date, f"{title}, cold")
    warm = [_date_tables(warehouse, game_date, f"{title}, warm") for _ in range(_WARM_BUILDS)]
    warehouse.close()
    return [cold, min(warm, key=lambda cost: cost.seconds)]


def _date_tables(warehouse: DuckDbWarehouse, game_date: date, title: str) -> TablesCost:
    costs = []
    for name in PRE_GAME:
        began = time.process_time()
        rows = warehouse.transform(name, parameters(game_date, game_date), between(game_date, game_date)).rows
        costs.append(TableCost(name, rows, time.process_time() - began))
    began = time.process_time()
    rows = build_features(warehouse, game_date, game_date, (), eastern(game_date, 18, 30)).rows
    costs.append(TableCost(step_names.FEATURES, rows, time.process_time() - began))
    return TablesCost(title, tuple(costs), _peak_mb())


def _build_season(path: Path, archive: Path, season: str) -> TablesCost:
    """Build the tables of all dates as training does: the same SELECTs over ranges of dates."""
    after = Archive(archive).games.filter(season=season)["game_date"].sort()[-1] + timedelta(days=1)
    warehouse = DuckDbWarehouse(path)
    began = time.process_time()
    rows = training_history(warehouse, (season,), after, eastern(after, 6)).height
    seconds = time.process_time() - began
    warehouse.close()
    return TablesCost("all dates of a season", (TableCost("all tables", rows, seconds),), _peak_mb())


def _peak_mb() -> float:
    """Peak memory of this process. On Linux `ru_maxrss` would count that of the process which started it, too."""
    if _STATUS.exists():
        return int(re.findall(r"VmHWM:\s*(\d+) kB", _STATUS.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024)


def tables_table(costs: Sequence[TablesCost]) -> Table:
    """A table of the seconds of each table, and the peak memory."""
    table = Table(
        "", *(cost.title for cost in costs), title="tables before the games, CPU seconds", title_justify="left"
    )
    seconds = [{each.table: f"{each.seconds:.2f}" for each in cost.tables} for cost in costs]
    for name in dict.fromkeys(name for column in seconds for name in column):
        table.add_row(name, *(column.get(name, "–") for column in seconds))
    table.add_section()
    table.add_row("all", *(f"{cost.seconds:.2f}" for cost in costs))
    table.add_row("rows", *(f"{sum(each.rows for each in cost.tables):,}" for cost in costs))
    table.add_row("peak memory of the process, MB", *(f"{cost.peak_mb:.0f}" for cost in costs))
    return table


def tables_limits(costs: Sequence[TablesCost]) -> list[str]:
    """What is measured against its limit; `costs` in the order of `measure_tables`."""
    _, warm_of_one, cold, warm, season = costs
    return [
        format_limit("the tables of a date, first build", cold.seconds, COLD_SECONDS),
        format_limit("the tables of a date, later builds", warm.seconds, WARM_SECONDS),
        format_limit("the tables of all dates of a season", season.seconds, SEASON_SECONDS),
        format_limit("peak memory of that", season.peak_mb, SEASON_MB, "MB"),
        format_limit("a date with all seasons against one", warm.seconds / warm_of_one.seconds, GROWTH, "times"),
    ]
