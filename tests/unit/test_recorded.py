"""What a re-run starts from: the recorded slate and prediction runs of a date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.rows import rows_of
from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.recorded import recorded_day
from tipoff.sources.registry import SOURCES
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import Outcome, PredictionRun, RecordedDay, eastern, step_names
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

DAY = date(2026, 11, 20)
NOON, LATER = eastern(DAY, 12), eastern(DAY, 15)
SYSTEMS = ("catboost_v8", "moving_average")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = open_warehouse(f"duckdb:///{tmp_path}/warehouse.duckdb")
    yield opened
    opened.close()


def predict(warehouse: Warehouse, system: str, as_of: datetime, *games: str, **changes: Any) -> None:
    rows = [
        {"game_date": DAY, "system_id": system, "game_id": game, "player_id": "1", "as_of": as_of, **changes}
        for game in games
    ]
    warehouse.append("predictions", rows_of("predictions", rows))


def recorded(warehouse: Warehouse, folder: Path) -> RecordedDay:
    return recorded_day(DAY, SOURCES, Landing(FolderStore(folder / "landing")), warehouse)


def test_systems_that_predicted_the_same_games_together_share_a_run(warehouse: Warehouse, tmp_path: Path) -> None:
    for system in SYSTEMS:
        predict(warehouse, system, NOON, "A", "B")
        predict(warehouse, system, LATER, "B")
    assert recorded(warehouse, tmp_path).prediction_runs == (
        PredictionRun(as_of=NOON, game_ids=("A", "B"), systems=SYSTEMS),
        PredictionRun(as_of=LATER, game_ids=("B",), systems=SYSTEMS),
    )


def test_a_system_that_predicted_later_or_other_games_has_a_run_of_its_own(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    predict(warehouse, "moving_average", NOON, "A", "B")
    predict(warehouse, "catboost_v8", NOON, "A")
    predict(warehouse, "catboost_v8", LATER, "B")
    assert recorded(warehouse, tmp_path).prediction_runs == (
        PredictionRun(as_of=NOON, game_ids=("A",), systems=("catboost_v8",)),
        PredictionRun(as_of=NOON, game_ids=("A", "B"), systems=("moving_average",)),
        PredictionRun(as_of=LATER, game_ids=("B",), systems=("catboost_v8",)),
    )


def test_predictions_made_after_the_games_count_only_if_there_are_no_others(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    predict(warehouse, "moving_average", LATER, "A", backfilled=True)
    assert recorded(warehouse, tmp_path).backfilled
    predict(warehouse, "moving_average", NOON, "A", backfilled=False)
    both = recorded(warehouse, tmp_path)
    assert (both.backfilled, [run.as_of for run in both.prediction_runs]) == (False, [NOON])


def test_a_date_without_predictions_and_landed_batches_never_ran(warehouse: Warehouse, tmp_path: Path) -> None:
    assert not recorded(warehouse, tmp_path).has_run


@pytest.mark.parametrize(("fetched_at", "has_run"), [(NOON, True), (eastern(DAY + timedelta(days=1), 9), False)])
def test_a_date_has_run_if_a_response_of_that_day_was_landed(
    warehouse: Warehouse, tmp_path: Path, fetched_at: datetime, *, has_run: bool
) -> None:
    """A response that `starter.py collect` fetches on a later day is no run of the date."""
    landing, source = Landing(FolderStore(tmp_path / "landing")), step_names.PLAYER_BOX_SCORES
    landed = landing.put(source, DAY, b"{}", "json")
    response = FetchRecord(
        source=source,
        game_date=DAY,
        url="https://stats.nba.com/",
        outcome=Outcome.OK,
        key=landed.key,
        sha256=landed.sha256,
        fetched_at=fetched_at,
    )
    landing.record(response)
    read = recorded(warehouse, tmp_path)
    assert ([batch.as_of for batch in read.batches], read.has_run) == ([fetched_at], has_run)
