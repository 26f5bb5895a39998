"""What a model may speak about, and what the disk may do to it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tipoff.errors import NotEnoughDataError, StorageError
from tipoff.systems.distribution import LEVELS, ResidualSpread
from tipoff.systems.model_store import ModelCard, ModelStore, TrainedModel, WalkForwardResult

SPREAD = ResidualSpread(centres=(10.0,), residuals=(tuple(range(-6, 7)),), rows=300)
RESULT = WalkForwardResult(rows=300, mae=5.0, last10_mae=5.2, pinball=1.5, within_80=0.8)


def trained(through: date, version: str = "aa") -> TrainedModel:
    card = ModelCard(
        system_id="catboost_v8",
        version=version,
        trained_from=date(2023, 10, 24),
        trained_through=through,
        rows=20_000,
        features=("points_mean_5",),
        features_hash="0" * 16,
        parameters={"iterations": 250},
        spread=SPREAD,
        walk_forward=RESULT,
        libraries={"catboost": "1.2.10"},
        trained_at=datetime(2024, 3, 29, 10, tzinfo=UTC),
    )
    return TrainedModel(version.encode(), card)


def keep(store: ModelStore, *models: TrainedModel) -> None:
    for model in models:
        store.put(model)
        store.promote(model.card)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path)


def test_the_spread_of_the_tests_fits_the_levels() -> None:
    assert len(SPREAD.residuals[0]) == len(LEVELS)


def test_a_model_comes_back_as_it_was_kept(store: ModelStore) -> None:
    model = trained(date(2024, 3, 28))
    keep(store, model)
    assert store.champion("catboost_v8", date(2024, 3, 29)) == model


def test_a_model_that_has_seen_the_date_is_refused(store: ModelStore) -> None:
    keep(store, trained(date(2024, 3, 29)))
    with pytest.raises(NotEnoughDataError, match=r"may predict 2024-03-29 \(the 1 there are have seen games"):
        store.champion("catboost_v8", date(2024, 3, 29))


def test_an_earlier_champion_still_speaks_for_an_earlier_date(store: ModelStore) -> None:
    early, late = trained(date(2024, 2, 29), "early"), trained(date(2024, 3, 28), "late")
    keep(store, early, late)
    assert store.champion("catboost_v8", date(2024, 3, 15)) == early
    assert store.champion("catboost_v8", date(2024, 4, 1)) == late


def test_the_model_that_learned_latest_wins_whenever_it_was_trained(store: ModelStore) -> None:
    keep(store, trained(date(2024, 3, 28), "late"), trained(date(2024, 2, 29), "early"))
    assert store.champion("catboost_v8", date(2024, 4, 1)).card.version == "late"


def test_of_two_that_learned_equally_late_the_last_promoted_speaks(store: ModelStore) -> None:
    keep(store, trained(date(2024, 3, 28), "one"), trained(date(2024, 3, 28), "two"))
    assert store.champion("catboost_v8", date(2024, 4, 1)).card.version == "two"
    store.promote(trained(date(2024, 3, 28), "one").card)
    assert store.champion("catboost_v8", date(2024, 4, 1)).card.version == "one"


def test_promoting_twice_lists_once(store: ModelStore) -> None:
    keep(store, trained(date(2024, 3, 28)), trained(date(2024, 3, 28)))
    assert [champion.version for champion in store.champions("catboost_v8")] == ["aa"]


def test_a_kept_version_is_never_written_again(store: ModelStore) -> None:
    model = trained(date(2024, 3, 28))
    keep(store, model, TrainedModel(b"other bytes", model.card))
    assert store.load("catboost_v8", "aa").model == model.model


def test_before_the_first_training_one_is_told_to_train(store: ModelStore) -> None:
    with pytest.raises(NotEnoughDataError, match="run training"):
        store.champion("catboost_v8", date(2024, 3, 29))


@pytest.mark.parametrize("name", ["aa/card.json", "aa/model.cbm", "champions.json"])
def test_a_damaged_store_is_named_and_not_used(store: ModelStore, name: str) -> None:
    keep(store, trained(date(2024, 3, 28)))
    path = store.root / "catboost_v8" / name
    path.unlink() if name.endswith("cbm") else path.write_text('{"half": ')
    with pytest.raises(StorageError, match="run training"):
        store.champion("catboost_v8", date(2024, 3, 29))


def test_a_disk_that_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    blocked = tmp_path / "models"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="nothing was half-written"):
        ModelStore(blocked).put(trained(date(2024, 3, 28)))


def test_trainings_that_end_together_are_all_promoted(store: ModelStore) -> None:
    versions = [f"v{number}" for number in range(12)]
    with ThreadPoolExecutor(len(versions)) as pool:
        list(pool.map(lambda version: store.promote(trained(date(2024, 3, 28), version).card), versions))
    assert sorted(champion.version for champion in store.champions("catboost_v8")) == sorted(versions)
