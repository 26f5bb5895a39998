"""When systems are trained again."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.support.trained_models import trained
from tipoff.systems.model_store import ModelStore, open_models
from tipoff.training.due import has_new_games, untrained_systems, why_due

TODAY = date(2024, 3, 29)
SYSTEM = ("catboost_v8",)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return open_models(f"file://{tmp_path}")


def put(store: ModelStore, days_ago: int) -> None:
    store.put(trained(TODAY - timedelta(days=days_ago), f"v{days_ago}"))


@pytest.mark.parametrize(("days_ago", "due"), [(1, False), (7, False), (8, True), (200, True)])
def test_training_is_due_when_the_newest_model_is_older_than_a_week(
    store: ModelStore, days_ago: int, due: bool
) -> None:
    put(store, 300)
    put(store, days_ago)
    assert bool(why_due(store, SYSTEM, TODAY)) is due


def test_the_reason_names_the_system_and_the_age(store: ModelStore) -> None:
    put(store, 8)
    assert why_due(store, SYSTEM, TODAY) == "the newest model of catboost_v8 is trained through 2024-03-21, 8 days ago"


def test_a_system_without_a_model_makes_training_due(store: ModelStore) -> None:
    put(store, 1)
    assert why_due(store, (*SYSTEM, "xgboost_v1"), TODAY) == "no model of xgboost_v1"
    assert untrained_systems(store, (*SYSTEM, "xgboost_v1")) == ("xgboost_v1",)


def test_a_model_that_was_rejected_or_withdrawn_is_not_trained_again_at_once(store: ModelStore) -> None:
    """It is stored, but no champion."""
    put(store, 2)
    assert store.champions(*SYSTEM) == ()
    assert why_due(store, SYSTEM, TODAY) == ""


def test_a_damaged_model_does_not_count(store: ModelStore, tmp_path: Path) -> None:
    put(store, 2)
    (tmp_path / "catboost_v8" / "v2" / "model.cbm").write_bytes(b"damaged")
    assert why_due(store, SYSTEM, TODAY) == "no model of catboost_v8"


@pytest.mark.parametrize(("last_games", "new"), [([], True), ([9, 8], False), ([9, 7], True)])
def test_only_games_after_those_of_the_newest_model_are_new(
    store: ModelStore, tmp_path: Path, last_games: list[int], new: bool
) -> None:
    """Without any game the training says itself what it lacks."""
    put(store, 8)
    history = tmp_path / "history.parquet"
    dates = [TODAY - timedelta(days=days_ago) for days_ago in last_games]
    pl.DataFrame({"game_date": pl.Series(dates, dtype=pl.Date)}).write_parquet(history)
    assert has_new_games(store, SYSTEM, history) is new
