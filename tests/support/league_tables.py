"""The tables that transforms compute of a small league, and a fingerprint of each of their columns.

`python -m tests.support.league_tables` records the fingerprints again, after a change of a transform on purpose.
"""

from __future__ import annotations

import json
import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from devtools.season_rows import POST_GAME, PRE_GAME, between
from runtime import PROJECT
from tests.support.small_league import DAYS, TONIGHT, Row, small_league
from tests.support.unchecked import implausible_rows
from tipoff.vocabulary import eastern, season_of
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.tables import TABLES
from tipoff.warehouse.validation import schema_of

RECORDED = PROJECT / "tests" / "unit" / "warehouse" / "league_tables.json"
FIRST_OF_SEASON = date(2024, 3, 20)
SEEDS = (0, 1)

Rows = dict[str, list[Row]]
Fingerprints = dict[str, list[float]]
Step = tuple[str, dict[str, Any]]


def parameters_for(first: date, last: date, hour: int = 18, **changes: Any) -> dict[str, Any]:
    """Parameters of a transform over these dates, as of an hour of the last one."""
    defaults = {
        "season": season_of(last),
        "game_ids": [],
        "as_of": eastern(last, hour),
        "training": False,
        "reports_until_minutes": 0,
    }
    return {"first_date": first, "last_date": last, **defaults, **changes}


EVENING: list[Step] = [
    *((name, parameters_for(DAYS[0], DAYS[-2])) for name in POST_GAME),
    *((name, parameters_for(TONIGHT, TONIGHT)) for name in PRE_GAME),
    *((name, parameters_for(TONIGHT, TONIGHT, 23)) for name in PRE_GAME),
]
SEASON_FOR_TRAINING: list[Step] = [
    *((name, parameters_for(DAYS[0], DAYS[-2])) for name in POST_GAME),
    *((name, parameters_for(FIRST_OF_SEASON, DAYS[-2], training=True)) for name in PRE_GAME),
]
SCENARIOS = {"an evening before and after its tips": EVENING, "a season for training": SEASON_FOR_TRAINING}

ONE_GAME: list[Step] = [
    *((name, parameters_for(DAYS[0], DAYS[-2])) for name in POST_GAME),
    *((name, parameters_for(DAYS[3], DAYS[3], game_ids=["0020320001"])) for name in POST_GAME),
    *((name, parameters_for(TONIGHT, TONIGHT, 12)) for name in PRE_GAME),
    *((name, parameters_for(TONIGHT, TONIGHT, game_ids=["0020329001"])) for name in PRE_GAME),
]
"""Tables without a game id are computed for the whole slate."""
CONTEXTS_OF_TONIGHT: list[Step] = [
    *((name, parameters_for(DAYS[0], DAYS[-2])) for name in POST_GAME),
    *((name, parameters_for(TONIGHT, TONIGHT)) for name in PRE_GAME),
]


def whole_league(league: Rows) -> Rows:
    """All rows."""
    return league


def without_rosters(league: Rows) -> Rows:
    """A league of whose players only the box scores are known."""
    return {**league, "raw_rosters": [], "raw_players": []}


def with_old_list(league: Rows) -> Rows:
    """A league whose newest list of players is older than its last games; one team's players are not on it."""
    old = [{**row, "game_date": DAYS[4], "as_of": eastern(DAYS[4], 9)} for row in league["raw_players"]]
    return {**league, "raw_rosters": [], "raw_players": [row for row in old if row["team"] != "ATL"]}


RECORDED_SCENARIOS: dict[str, tuple[list[Step], Callable[[Rows], Rows]]] = {
    "an evening before and after its tips": (EVENING, whole_league),
    "a season for training": (SEASON_FOR_TRAINING, whole_league),
    "one game of a slate": (ONE_GAME, whole_league),
    "a slate without rosters": (CONTEXTS_OF_TONIGHT, without_rosters),
    "a slate with an old list of players": (CONTEXTS_OF_TONIGHT, with_old_list),
}


def load(warehouse: DuckDbWarehouse, league: Rows) -> None:
    """Write the raw rows of a league."""
    for name, rows in league.items():
        frame = pl.DataFrame(rows, schema=schema_of(table_named(name)))
        if TABLES[name].append_only:
            warehouse.append(name, frame)
        else:
            warehouse.replace(name, frame, {})


def fingerprints(warehouse: DuckDbWarehouse, steps: list[Step], league: Rows) -> Iterator[tuple[str, Fingerprints]]:
    """Run transforms over a league in an empty warehouse; after each one, a fingerprint of every column it wrote."""
    load(warehouse, league)
    for number, (name, parameters) in enumerate(steps):
        games = parameters["game_ids"] if "game_id" in TABLES[name].column_names else []
        dates = between(parameters["first_date"], parameters["last_date"])
        slice_ = {**dates, "game_id": games} if games else dates
        warehouse.transform(name, {**parameters, "game_ids": games}, slice_)
        rows = warehouse.query(f"SELECT * FROM {name}").sort(TABLES[name].natural_key)  # noqa: S608
        yield f"{number} {name}", {column.name: _fingerprint(column) for column in rows}


def _fingerprint(column: pl.Series) -> list[float]:
    """The rows, the missing values, and the sum of the values, each times the number of its row."""
    numbers = column.cast(pl.Float64) if column.dtype.is_numeric() or column.dtype == pl.Boolean else _checksums(column)
    total = sum(number * value for number, value in enumerate(numbers.to_list(), start=1) if value is not None)
    return [len(column), column.null_count(), round(total, 3)]


def _checksums(column: pl.Series) -> pl.Series:
    texts = column.cast(pl.String)
    return pl.Series([None if text is None else zlib.crc32(text.encode()) % 1000 for text in texts], dtype=pl.Float64)


def recorded() -> dict[str, Fingerprints]:
    """The recorded fingerprints."""
    content: dict[str, Fingerprints] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return content


def computed() -> Iterator[tuple[str, Fingerprints]]:
    """The fingerprints of every scenario and league."""
    for scenario, (steps, changed) in RECORDED_SCENARIOS.items():
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder, implausible_rows():
                warehouse = DuckDbWarehouse(Path(folder) / "small.duckdb")
                warehouse.migrate()
                for name, columns in fingerprints(warehouse, steps, changed(small_league(seed))):
                    yield f"{scenario}, league {seed}, {name}", columns
                warehouse.close()


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(columns)}" for name, columns in computed())
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
