"""What must hold after every day of a soak: nothing lost, nothing double, every game predicted and graded or named."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from tipoff.replay.archive import Archive
from tipoff.vocabulary import DayStatus, RunState, SlateGame, counted
from tipoff.warehouse.backup import copy_warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES, Layer
from workflows.contracts import DayResult

STORED: Final = tuple(table for table in TABLES.values() if table.layer is not Layer.VIEW)
NAMED_STEPS: Final = 5
"""How many problems of a kind are named."""


class Invariants:
    """Checks a warehouse, its landing and its exports after each day; it remembers what earlier days left."""

    def __init__(self, archive: Archive, warehouse: Path, landing: Path, exports: Path) -> None:
        self._archive, self._file = archive, warehouse
        self._landing, self._exports = landing, exports
        self._rows: dict[tuple[str, date], int] = {}
        self._objects: dict[str, int] = {}

    def problems(self, result: DayResult, status: DayStatus) -> list[str]:
        """The invariants that do not hold after a day; its worker may run."""
        with tempfile.TemporaryDirectory(prefix="tipoff-soak-") as folder:
            copy = Path(folder) / "copy.duckdb"
            copy_warehouse(self._file, copy)
            warehouse = DuckDbWarehouse(copy)
            try:
                return [
                    *_problems_of_end(result, status),
                    *_doubles(warehouse),
                    *self._lost_rows(warehouse),
                    *self._lost_objects(),
                    *_problems_of_games(warehouse, result),
                    *self._wrong_points(warehouse, result.game_date),
                    *self._problems_of_exports(result),
                ]
            finally:
                warehouse.close()

    def _lost_rows(self, warehouse: DuckDbWarehouse) -> Iterator[str]:
        """Tables that have fewer rows of a date than after an earlier day."""
        for table in STORED:
            counts = warehouse.query(f"SELECT game_date, COUNT(*) AS n FROM {table.name} GROUP BY game_date")  # noqa: S608
            now = {(table.name, day): n for day, n in counts.iter_rows()}
            for key, before in self._rows.items():
                if key[0] == table.name and now.get(key, 0) < before:
                    yield f"{table.name} of {key[1]} had {counted(before, 'row')} and has {now.get(key, 0):,}"
            self._rows |= now

    def _lost_objects(self) -> Iterator[str]:
        """Landed responses that are gone, cut off or changed."""
        files = {str(file): file for file in (self._landing / "raw").rglob("*.*") if not file.name.startswith(".")}
        for name in self._objects.keys() - files.keys():
            yield f"{name} is gone from the landing"
        for name in files.keys() - self._objects.keys():
            if hashlib.sha256(files[name].read_bytes()).hexdigest() != files[name].stem:
                yield f"{name} is not what was landed"
        self._objects = {name: file.stat().st_size for name, file in files.items()}

    def _wrong_points(self, warehouse: DuckDbWarehouse, game_date: date) -> Iterator[str]:
        """Grades whose points are not those of the archive."""
        grades = warehouse.query(
            "SELECT game_id, player_id, MAX(actual_points) AS actual FROM prediction_accuracy "
            "WHERE game_date = @day AND actual_points IS NOT NULL GROUP BY game_id, player_id",
            {"day": game_date},
        )
        wrong = grades.join(self._archive.player_box, on=["game_id", "player_id"], how="left").filter(
            ~pl.col("actual").eq_missing(pl.col("points").cast(pl.Int64))
        )
        if not wrong.is_empty():
            yield f"graded on other points than scored: {counted(wrong.height, 'player')}, such as {wrong.row(0)}"

    def _problems_of_exports(self, result: DayResult) -> Iterator[str]:
        """Exports that are no JSON, or of another date; a date without games leaves the last results."""
        for file in sorted((self._exports / "v1").rglob("*.json")):
            try:
                content: Mapping[str, Any] = json.loads(file.read_bytes())
            except ValueError:
                yield f"{file} is no JSON"
                continue
            is_of_another = file.stem in ("latest", "today") and content["game_date"] != str(result.game_date)
            if is_of_another and (result.games or file.parent.name != "results"):
                yield f"{file} is about {content['game_date']}"


def _problems_of_end(result: DayResult, status: DayStatus) -> Iterator[str]:
    if result.state is not RunState.COMPLETE:
        yield f"it ended {result.state}: {status.sentence}"
    for item in result.attention[:NAMED_STEPS]:
        yield f"{item.step} needs an operator: {item.reason}"
    first, due = result.first_published_at, status.predictions_due
    if due is not None and (first is None or first > due):
        yield f"predictions were due at {due:%H:%M} UTC and came {f'at {first:%H:%M}' if first else 'never'}"


def _doubles(warehouse: DuckDbWarehouse) -> Iterator[str]:
    """Tables with two rows of a natural key."""
    for table in STORED:
        key = ", ".join(table.natural_key)
        double = warehouse.query(f"SELECT {key} FROM {table.name} GROUP BY {key} HAVING COUNT(*) > 1")  # noqa: S608
        if not double.is_empty():
            yield f"{table.name} has {counted(double.height, 'key')} twice, such as {double.row(0)}"


def _problems_of_games(warehouse: DuckDbWarehouse, result: DayResult) -> Iterator[str]:
    """Games without predictions, or with predictions that are neither graded nor void, that the day does not name."""
    counts = warehouse.query(
        """
        SELECT p.game_id, COUNT(*) AS predictions, COUNT(a.prediction_id) AS graded
        FROM (
          SELECT * FROM predictions WHERE game_date = @day
          QUALIFY as_of = MAX(as_of) OVER (PARTITION BY game_id, player_id, system_id)
        ) AS p
        LEFT JOIN (SELECT DISTINCT prediction_id FROM prediction_accuracy WHERE game_date = @day) AS a
          ON a.prediction_id = p.prediction_id
        GROUP BY p.game_id
        """,
        {"day": result.game_date},
    )
    of_game = {game_id: (predictions, graded) for game_id, predictions, graded in counts.iter_rows()}
    for game in result.slate:
        predictions, graded = of_game.get(game.game_id, (0, 0))
        if (not predictions or graded < predictions) and not _is_named(game, result):
            count = counted(predictions, "prediction")
            yield f"{game.label}: {count}, {graded} of them graded, and the day does not name it"


def _is_named(game: SlateGame, result: DayResult) -> bool:
    return any(game.game_id in item.missing_games for item in result.degradations)
