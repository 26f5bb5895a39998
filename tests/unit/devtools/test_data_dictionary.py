"""The data dictionary is current, and its lineage is what the code reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from devtools.data_dictionary import data_dictionary
from devtools.lineage import COMPUTED_IN_PYTHON, export_files, origins_of
from runtime import PROJECT
from tipoff.grading.accuracy import grade_date
from tipoff.landing.landing import Landing
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.envelope import Edition
from tipoff.publishing.live import publish_live
from tipoff.publishing.performance import performance_of, publish_performance
from tipoff.publishing.predictions import predictions_content, publish_predictions
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.results import publish_results, results_content
from tipoff.publishing.store import ExportStore
from tipoff.publishing.summary import publish_summary
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features, stored_features
from tipoff.warehouse.sql_files import SQL

DAY = date(2024, 3, 29)
NOW = eastern(DAY, 12)


class RecordingWarehouse(DuckDbWarehouse):
    """Records which SQL files are queried."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.files: set[str] = set()

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        self.files |= {path.stem for path in SQL.glob("*/*.sql") if path.read_text() == sql}
        return super().query(sql, parameters)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[RecordingWarehouse]:
    warehouse = RecordingWarehouse(tmp_path / "empty.duckdb")
    warehouse.migrate()
    yield warehouse
    warehouse.close()


def test_the_page_is_current() -> None:
    page = (PROJECT / "docs" / "data-dictionary.md").read_text()
    assert page == data_dictionary(), "run: python -m devtools.data_dictionary > docs/data-dictionary.md"


@pytest.mark.parametrize(
    ("names", "publish"),
    [
        (["predictions"], publish_predictions),
        (["best-bets"], publish_best_bets),
        (["summary"], publish_summary),
        (["results"], publish_results),
        (["systems-performance"], publish_performance),
        (["player", "players-index"], publish_exports_of_players),
        (["tonight-all-players", "trends-hot-cold", "calendar-game-counts"], publish_exports_of_tonight),
    ],
)
def test_an_export_reads_the_declared_files(
    warehouse: RecordingWarehouse,
    tmp_path: Path,
    names: list[str],
    publish: Callable[[Warehouse, ExportStore, Edition], object],
) -> None:
    publish(warehouse, ExportStore(FolderStore(tmp_path / "exports")), Edition(DAY, NOW, NOW))
    assert warehouse.files == {file for name in names for file in export_files()[name]}


def test_the_live_exports_read_the_declared_files(warehouse: RecordingWarehouse, tmp_path: Path) -> None:
    store, landing = ExportStore(FolderStore(tmp_path / "exports")), Landing(FolderStore(tmp_path / "raw"))
    publish_live(warehouse, landing, store, Edition(DAY, NOW, NOW))
    assert warehouse.files == set(export_files()["live"]) == set(export_files()["live-grading"])


def test_the_page_of_a_date_reads_what_its_exports_read(warehouse: RecordingWarehouse) -> None:
    for shown in (predictions_content, results_content, performance_of):
        shown(warehouse, DAY, NOW)
    assert warehouse.files == set(export_files()["pages"])


@pytest.mark.parametrize(
    ("table", "compute"),
    [
        ("ml_feature_store", lambda warehouse: build_features(warehouse, DAY, DAY, (), NOW)),
        ("predictions", lambda warehouse: stored_features(warehouse, DAY)),
        ("prediction_accuracy", lambda warehouse: grade_date(warehouse, DAY, NOW)),
    ],
)
def test_a_table_is_computed_from_the_declared_files(
    warehouse: RecordingWarehouse, table: str, compute: Callable[[RecordingWarehouse], Any]
) -> None:
    compute(warehouse)
    assert warehouse.files == set(COMPUTED_IN_PYTHON[table])


@pytest.mark.parametrize(
    ("table", "column", "origins"),
    [
        ("player_game_summary", "points", {("raw_player_boxscores", "points")}),
        ("player_game_summary", "starter", {("raw_gamebook_players", "starter")}),
        ("team_defense_game_summary", "points_allowed", {("team_offense_game_summary", "points")}),
        ("team_boxes", "points", {("raw_team_boxscores", "points"), ("raw_player_boxscores", "points")}),
        ("player_prop_lines", "market_over_probability", {("consensus_lines", "over_probability")}),
        ("player_daily_cache", "as_of", set()),
    ],
)
def test_a_column_names_the_columns_that_it_is_computed_from(
    table: str, column: str, origins: set[tuple[str, str]]
) -> None:
    assert origins_of(table)[column] == origins
