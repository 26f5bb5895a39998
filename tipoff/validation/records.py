"""Reads what the tables and exports hold about a date. Nothing here comes from a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

import polars as pl

from tipoff.grading.accuracy import active_predictions
from tipoff.publishing.best_bets import BEST_BETS
from tipoff.publishing.envelope import decode
from tipoff.publishing.predictions import PREDICTIONS
from tipoff.publishing.results import RESULTS
from tipoff.publishing.store import ExportStore
from tipoff.publishing.summary import SUMMARY
from tipoff.validation.published import PublishedFile, published_files
from tipoff.vocabulary import PREDICTED, SlateGame, season_of
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES

JsonObject = dict[str, Any]

SCHEDULE: Final = "raw_schedule"
RUNS: Final = "daily_pipeline_runs"
ACTIVE_PREDICTIONS: Final = "active predictions"
"""The newest predictions before each tip-off, as published and graded."""
TABLES_OF_A_DATE: Final = (
    *("raw_players", "raw_rosters", "raw_injuries", "raw_game_lines", "raw_player_props", "raw_scoreboard"),
    *("raw_player_boxscores", "unresolved_players", "team_offense_game_summary", "player_game_summary"),
    *("upcoming_team_game_context", "upcoming_player_game_context", "ml_feature_store"),
    *("predictions", "prediction_accuracy"),
)
"""The tables whose rows of the date are read; of the schedule the season, and of the runs all."""

PREDICTIONS_EXPORT, TODAY_EXPORT = PREDICTIONS.path, PREDICTIONS.pointer
BEST_BETS_EXPORT, LATEST_BETS_EXPORT = BEST_BETS.path, BEST_BETS.pointer
RESULTS_EXPORT, LATEST_RESULTS_EXPORT = RESULTS.path, RESULTS.pointer
SUMMARY_EXPORT = SUMMARY.path
EXPORTS: Final = (
    *(PREDICTIONS_EXPORT, TODAY_EXPORT, BEST_BETS_EXPORT, LATEST_BETS_EXPORT),
    *(RESULTS_EXPORT, LATEST_RESULTS_EXPORT, SUMMARY_EXPORT),
)


@dataclass(frozen=True)
class DayRecords:
    """The rows and exports of a date."""

    game_date: date
    as_of: datetime
    tables: Mapping[str, pl.DataFrame]
    exports: Mapping[str, JsonObject]
    """Export -> its content; without those that do not exist."""
    unreadable: frozenset[str] = frozenset()
    """Exports that exist and are no JSON objects."""
    files: tuple[PublishedFile, ...] = ()
    """Every file of the date, checked against its published schema."""

    @cached_property
    def slate(self) -> tuple[SlateGame, ...]:
        """The games of the date by tip-off, without postponed ones."""
        games = self.tables[SCHEDULE].filter(
            pl.col("game_date") == self.game_date,
            pl.col("season_type").is_in(PREDICTED),
            pl.col("status") != "postponed",
        )
        rows = games.select("game_id", "away", "home", "tip_off").iter_rows(named=True)
        return tuple(sorted((SlateGame.model_validate(row) for row in rows), key=lambda game: game.order))

    @cached_property
    def active(self) -> pl.DataFrame:
        return self.tables[ACTIVE_PREDICTIONS]

    @cached_property
    def is_backfilled(self) -> bool:
        """Whether every prediction of the date was made after its game began."""
        return not self.active.is_empty() and bool(self.active["backfilled"].all())

    @cached_property
    def is_before_use(self) -> bool:
        """Whether tipoff ran its first day later: nothing is known of the date but its schedule."""
        first = self.tables[RUNS]["game_date"].min()
        is_later = isinstance(first, date) and first > self.game_date
        return is_later and self.active.is_empty() and PREDICTIONS_EXPORT not in self.exports


def read_records(warehouse: Warehouse, store: ExportStore, game_date: date, as_of: datetime) -> DayRecords:
    """Read the records of a date: predictions as of a time, all other rows and the exports as they are now.

    Raises StorageError.
    """
    of_date = {name: _rows(warehouse, name, {"game_date": game_date}) for name in TABLES_OF_A_DATE}
    contents = {name: store.read(export_path(name, game_date)) for name in EXPORTS}
    exports = {name: _decoded(content) for name, content in contents.items() if content is not None}
    return DayRecords(
        game_date=game_date,
        as_of=as_of.astimezone(UTC),
        tables={
            **of_date,
            SCHEDULE: _rows(warehouse, SCHEDULE, {"season": season_of(game_date)}),
            RUNS: _rows(warehouse, RUNS, {}),
            ACTIVE_PREDICTIONS: active_predictions(warehouse, game_date, as_of),
        },
        exports={name: export for name, export in exports.items() if export is not None},
        unreadable=frozenset(name for name, export in exports.items() if export is None),
        files=published_files(store, game_date),
    )


def export_path(export: str, game_date: date) -> str:
    """The path of an export of a date."""
    return export.format(game_date=game_date)


def _rows(warehouse: Warehouse, table: str, where: Mapping[str, str | date]) -> pl.DataFrame:
    return warehouse.query(*rows_of_slice(TABLES[table], dict(where)))


def _decoded(content: bytes) -> JsonObject | None:
    try:
        return decode(content)
    except ValueError:
        return None
