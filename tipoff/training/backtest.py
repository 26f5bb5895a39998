"""Backtests the systems on the past games of an archive: each date is predicted with what was known before its games.

The systems are trained again every few days on all results before. Rosters are those listed for the game, so players
who did not play are predicted, too. Lines are the last ones before tip-off; injury reports count until
REPORTS_UNTIL_MINUTES before it.

Everything is kept in a work folder beside the file of predictions until that is written, so a backtest that was stopped
goes on where it was when it is started again.
"""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import Field

from tipoff.atomic_write import atomic_write
from tipoff.code_fingerprint import code_fingerprint
from tipoff.errors import BadInputError
from tipoff.replay.archive import Archive
from tipoff.replay.season_rows import load_game_lines, load_player_lines, load_reports, load_results, load_rosters
from tipoff.replay.warehouse_import import POST_GAME
from tipoff.systems.predict import predict
from tipoff.training.fit import fit_systems
from tipoff.training.history import (
    PRE_GAME,
    REPORTS_UNTIL_MINUTES,
    graded_features,
    seasons_up_to,
    training_history,
)
from tipoff.vocabulary import Frozen, eastern, season_of, step_names
from tipoff.warehouse.base import ALL_DATES, DateRange, Parameters, Warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features
from tipoff.warehouse.generated_sql import rows_per_date
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""

MEMORY_MB: Final = 2_000
_HISTORY, _ROWS = "history.parquet", "rows.parquet"
_COLUMNS: Final = (
    *("game_date", "game_id", "player_id", "system_id", "view", "line"),
    pl.col("points").alias("predicted_points"),
    pl.col("over_probability").alias("p_over"),
    pl.col("low_80").alias("interval_low"),
    pl.col("high_80").alias("interval_high"),
    "recommendation",
    pl.col("price_american").alias("best_price"),
    pl.col("expected_value").alias("edge"),
    "feature_quality_score",
)
"""Columns of a file of predictions, from those of the table `predictions`."""


class Backtest(Frozen):
    """Which dates and systems, trained on how many seasons."""

    archive: Path
    dates: DateRange
    system_ids: tuple[str, ...]
    refit_days: int = Field(default=7, ge=1)
    history_seasons: int = Field(default=3, ge=1, le=20)

    @property
    def spans(self) -> list[DateRange]:
        """The dates in ranges of `refit_days`; the systems are trained before each."""
        length, days = timedelta(days=self.refit_days), (self.dates.last - self.dates.first).days + 1
        starts = (self.dates.first + timedelta(days=offset) for offset in range(0, days, self.refit_days))
        return [
            DateRange(first=start, last=min(start + length - timedelta(days=1), self.dates.last)) for start in starts
        ]

    @property
    def fingerprint(self) -> str:
        """A hash of all that its predictions depend on, the code included. Raises ArchiveError without an archive."""
        facts = Archive(self.archive).manifest.model_dump_json()
        spec = self.model_dump_json(exclude={"archive"})
        return hashlib.sha256("\0".join((facts, spec, code_fingerprint())).encode()).hexdigest()[:16]


def run_backtest(backtest: Backtest, out: Path, progress: Progress) -> pl.DataFrame:
    """Write the predictions to a Parquet file and return them.

    Raises ArchiveError for a folder that is no archive, BadInputError if it has no games on the dates, and
    NotEnoughDataError with too few results before them.
    """
    work = out.with_name(f"{out.name}.{backtest.fingerprint}.work")
    work.mkdir(parents=True, exist_ok=True)
    if not (work / _ROWS).exists():
        _write_rows(backtest, work, progress)
    parts = [work / f"{span.first}.parquet" for span in backtest.spans]
    missing = [(part, span) for part, span in zip(parts, backtest.spans, strict=True) if not part.exists()]
    done = len(parts) - len(missing)
    progress("predictions", done, len(parts))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(_predict_span, work, part, span, backtest.system_ids) for part, span in missing]
        for job in as_completed(jobs):
            job.result()
            done += 1
            progress("predictions", done, len(parts))
    predictions = pl.concat((pl.read_parquet(part) for part in parts), how="diagonal")
    predictions.write_parquet(out)
    shutil.rmtree(work)
    return predictions


def build_prediction_rows(warehouse: Warehouse, dates: DateRange) -> None:
    """Build the feature rows of dates as real days before their games would.

    Requires raw rows of the dates and the results of all dates before.
    """
    scope = _scope(dates)
    for table in (step_names.CONSENSUS_LINES, *PRE_GAME):
        warehouse.transform(table, scope.parameters, scope.slice)
    build_features(warehouse, scope.first_date, scope.last_date, (), scope.as_of)


def build_earlier_lines(warehouse: Warehouse, seasons: Sequence[str], before: date) -> None:
    """Build the consensus lines of the dates of the seasons before `before` that have quotes, a month at a time."""
    quoted = warehouse.query(rows_per_date(TABLES["raw_player_props"]))["game_date"].sort()
    earlier = [game_date for game_date in quoted if game_date < before and season_of(game_date) in seasons]
    for _, month in groupby(earlier, key=lambda game_date: (game_date.year, game_date.month)):
        days = list(month)
        scope = _scope(DateRange(first=days[0], last=days[-1]))
        warehouse.transform(step_names.CONSENSUS_LINES, scope.parameters, scope.slice)


def _scope(dates: DateRange) -> TransformScope:
    """All games of the dates, as of noon after them."""
    return TransformScope(
        first_date=dates.first,
        last_date=dates.last,
        as_of=eastern(dates.last + timedelta(days=1), 12),
        reports_until_minutes=REPORTS_UNTIL_MINUTES,
    )


def _write_rows(backtest: Backtest, work: Path, progress: Progress) -> None:
    """Write the history with results, and the rows to predict."""
    archive, dates = Archive(backtest.archive), backtest.dates
    if archive.games.filter(pl.col("game_date").is_between(dates.first, dates.last)).is_empty():
        raise BadInputError(f"{backtest.archive} has no games from {dates.first} to {dates.last}")
    wanted = {*seasons_up_to(dates.first, backtest.history_seasons), *seasons_up_to(dates.last, 1)}
    seasons = [season for season in archive.seasons if season in wanted]
    file = work / "rows.duckdb"
    file.unlink(missing_ok=True)
    warehouse = DuckDbWarehouse(file, memory_limit_mb=MEMORY_MB)
    try:
        warehouse.migrate()
        steps = _row_steps(warehouse, archive, seasons, backtest)
        for number, step in enumerate(steps):
            progress("rows", number, len(steps))
            step()
        progress("rows", len(steps), len(steps))
        graded_features(warehouse, seasons, dates.last).write_parquet(work / _HISTORY)
        parameters: Parameters = {"first_date": dates.first, "last_date": dates.last, "game_ids": []}
        _write(work / _ROWS, warehouse.query(sql_text("stored_features"), parameters))
    finally:
        warehouse.close()
    file.unlink()


def _row_steps(
    warehouse: Warehouse, archive: Archive, seasons: Sequence[str], backtest: Backtest
) -> list[Callable[[], object]]:
    """What has to be done for the rows, in order."""
    dates = backtest.dates
    until = DateRange(first=ALL_DATES.first, last=dates.last)
    results = TransformScope(first_date=until.first, last_date=until.last, as_of=eastern(dates.last, 12))
    morning = eastern(dates.first, 5)
    return [
        partial(load_results, warehouse, archive, seasons),
        partial(load_rosters, warehouse, archive, dates),
        *(partial(load, warehouse, archive, until) for load in (load_game_lines, load_reports, load_player_lines)),
        *(partial(warehouse.transform, table, results.parameters, results.slice) for table in POST_GAME),
        partial(build_earlier_lines, warehouse, seasons, dates.first),
        *(partial(training_history, warehouse, [season], dates.first, morning) for season in seasons),
        *(partial(build_prediction_rows, warehouse, span) for span in backtest.spans),
    ]


def _predict_span(work: Path, out: Path, span: DateRange, system_ids: Sequence[str]) -> None:
    """Train on the results before a span of dates and write the predictions of its dates."""
    history = pl.read_parquet(work / _HISTORY)
    rows = pl.read_parquet(work / _ROWS).filter(pl.col("game_date").is_between(span.first, span.last))
    systems = fit_systems(history, span.first, system_ids).systems
    predicted = [
        predict(systems[system_id], of_date, history.lazy(), eastern(game_date, 12))
        for (game_date,), of_date in sorted(rows.partition_by("game_date", as_dict=True).items())
        for system_id in system_ids
        if isinstance(game_date, date)
    ]
    _write(out, pl.concat(predicted).select(_COLUMNS) if predicted else pl.DataFrame())


def _write(path: Path, rows: pl.DataFrame) -> None:
    """Write a Parquet file that is complete as soon as it is there."""
    content = io.BytesIO()
    rows.write_parquet(content)
    atomic_write(path, content.getvalue())
