"""What a model may learn from: nothing of the date it is trained for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.rows import rows_of
from tipoff.training.history import graded_features
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

DAY = date(2024, 3, 29)
DATES = [DAY + timedelta(days=days) for days in (-2, -1, 0, 1)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    opened = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    opened.migrate()
    yield opened
    opened.close()


def test_nothing_of_the_date_itself_or_later_is_learned_though_it_is_known(warehouse: DuckDbWarehouse) -> None:
    """As when a past date is trained for again: its results stand in the warehouse already."""
    games = [{"game_date": day, "game_id": f"00223{day:%m%d}"} for day in DATES]
    common = {"player_id": "2544", "season": "2023-24"}
    warehouse.replace("ml_feature_store", rows_of("ml_feature_store", games, **common), {"season": "2023-24"})
    played = rows_of("player_game_summary", games, **common, minutes=34.0, points=25)
    warehouse.replace("player_game_summary", played, {"season": "2023-24"})
    assert graded_features(warehouse, ["2023-24"], DAY)["game_date"].to_list() == DATES[:2]
