"""What a replayed day stores, reads and writes: the measurement behind `docs/cost.md`.

`python -m devtools.cloud_usage` replays the day of the sample and writes `devtools/cloud_usage.json`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from devtools.usage_worker import Use
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.vocabulary import Frozen, eastern
from tipoff.warehouse.base import Slice
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.schema import element_type
from tipoff.warehouse.tables import TABLES, Layer, Table
from workflows.contracts import ClockSpec

DAY: Final = date(2024, 3, 29)
FILE: Final = PROJECT / "devtools" / "cloud_usage.json"
SEASON_TABLES: Final = ("raw_schedule", "raw_player_movement")
"""Tables that each day reads again for the whole season; of the others only the rows of the day are counted."""

_BYTES: Final = {"INT64": 8, "FLOAT64": 8, "BOOL": 1, "DATE": 8, "TIMESTAMP": 8}
"""https://cloud.google.com/bigquery/pricing#data: a NULL has none, a text two and its UTF-8 bytes."""


class Stored(Frozen):
    """What a table, or a folder of objects, holds."""

    rows: int
    bytes: int


class DayUsage(Frozen):
    """A replayed day."""

    game_date: date
    games: int
    tables: Mapping[str, Stored]
    folders: Mapping[str, Stored]
    """Landing, exports and models; `rows` are objects."""
    uses: tuple[tuple[Use, int], ...]
    """Uses of the stores by the worker, and how often."""


def stored_tables() -> list[Table]:
    """The declared tables without the views."""
    return [table for table in TABLES.values() if table.layer is not Layer.VIEW]


async def measure(root: Path) -> DayUsage:
    """Train and replay the day of the sample with a worker that logs what it uses."""
    log = root / "uses.jsonl"
    config = ReplayConfig(DAY, PROJECT / "sample", root / "day")
    async with start_replay(config, StageTimer(lambda line: print(line, file=sys.stderr))) as running:
        await running.train()
        _start_logging_worker(running, log)
        await wait_for_result(await running.start_day(ClockSpec(starts_at=eastern(DAY, 5))))
    return DayUsage(
        game_date=DAY,
        games=_games(root / "day" / "tipoff.duckdb"),
        tables=stored_rows(root / "day" / "tipoff.duckdb"),
        folders={name: _stored_objects(root / "day" / name) for name in ("landing", "exports", "models")},
        uses=counted_uses(Use.model_validate_json(line) for line in log.read_text().splitlines()),
    )


def _start_logging_worker(running: Replay, log: Path) -> None:
    """Replace the worker."""
    command = [sys.executable, "-m", "devtools.usage_worker", str(log)]
    environment = {**running.worker_environment(), "PYTHONPATH": str(PROJECT)}
    running.processes.start("worker", command, env=environment)


def counted_uses(uses: Iterable[Use]) -> tuple[tuple[Use, int], ...]:
    """Equal uses together, with their number."""
    return tuple(sorted(Counter(uses).items(), key=lambda item: (item[0].what, item[0].how, item[0].dates)))


def _games(file: Path) -> int:
    warehouse = DuckDbWarehouse(file)
    games = warehouse.query("SELECT COUNT(*) AS n FROM raw_schedule WHERE game_date = @day", {"day": DAY})["n"].item()
    warehouse.close()
    return int(games)


def stored_rows(file: Path) -> dict[str, Stored]:
    """Rows and bytes of each stored table on the day; of a table of the season, on all dates."""
    warehouse = DuckDbWarehouse(file)
    frames = [(table, warehouse.query(*rows_of_slice(table, _slice(table)))) for table in stored_tables()]
    warehouse.close()
    return {table.name: Stored(rows=rows.height, bytes=bytes_of(rows, table)) for table, rows in frames}


def _slice(table: Table) -> Slice:
    return {} if table.name in SEASON_TABLES else {"game_date": DAY}


def bytes_of(rows: pl.DataFrame, table: Table) -> int:
    """The size of rows as BigQuery counts it: by the declared types, whatever the compression."""
    return sum(_bytes_of(rows[column.name], column.type) for column in table.columns)


def _bytes_of(values: pl.Series, type_: str) -> int:
    if element := element_type(type_):
        return _bytes_of(values.explode(empty_as_null=False).drop_nulls(), element)
    known = values.drop_nulls()
    if type_ == "STRING":
        return 2 * known.len() + int(known.str.len_bytes().sum())
    return _BYTES[type_] * known.len()


def _stored_objects(folder: Path) -> Stored:
    files = [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(".")]
    return Stored(rows=len(files), bytes=sum(file.stat().st_size for file in files))


def main() -> int:
    """Measure and write the file."""
    with tempfile.TemporaryDirectory(prefix="tipoff-usage-") as folder:
        usage = asyncio.run(measure(Path(folder)))
    FILE.write_text(usage.model_dump_json(indent=1) + "\n")
    return 0


if __name__ == "__main__":
    exit_now(main())
