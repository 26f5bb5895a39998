"""The model store: which champion may predict a date, and what happens to damaged models."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from tests.support.trained_models import SPREAD, trained
from tipoff.errors import BadInputError, DamagedModelError, NotEnoughDataError, StorageError
from tipoff.systems.distribution import LEVELS
from tipoff.systems.model_store import ModelStore, TrainedModel, open_models


def store_and_promote(store: ModelStore, *models: TrainedModel) -> None:
    for model in models:
        store.put(model)
        store.promote(model.card)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return open_models(f"file://{tmp_path}")


def test_the_test_spread_matches_the_levels() -> None:
    assert len(SPREAD.residuals[0]) == len(LEVELS)


def test_a_stored_model_is_returned_unchanged(store: ModelStore) -> None:
    model = trained(date(2024, 3, 28))
    store_and_promote(store, model)
    assert store.champion("catboost_v8", date(2024, 3, 29)) == model


def test_a_model_trained_on_the_date_is_rejected(store: ModelStore) -> None:
    store_and_promote(store, trained(date(2024, 3, 29)))
    with pytest.raises(NotEnoughDataError, match=r"may predict 2024-03-29 \(1 champion trained on games"):
        store.champion("catboost_v8", date(2024, 3, 29))


def test_an_earlier_champion_predicts_an_earlier_date(store: ModelStore) -> None:
    early, late = trained(date(2024, 2, 29), "early"), trained(date(2024, 3, 28), "late")
    store_and_promote(store, early, late)
    assert store.champion("catboost_v8", date(2024, 3, 15)) == early
    assert store.champion("catboost_v8", date(2024, 4, 1)) == late


def test_the_model_with_the_latest_training_data_wins_whenever_it_was_trained(store: ModelStore) -> None:
    store_and_promote(store, trained(date(2024, 3, 28), "late"), trained(date(2024, 2, 29), "early"))
    assert store.champion("catboost_v8", date(2024, 4, 1)).card.version == "late"


def test_a_model_for_later_dates_leaves_the_day_to_the_champion_before(store: ModelStore) -> None:
    early, late = trained(date(2024, 3, 20), "early"), trained(date(2024, 3, 28), "late")
    store_and_promote(store, early)
    store.put(late)
    store.promote(late.card, predicts_from=date(2024, 3, 30))
    assert [store.champion("catboost_v8", date(2024, 3, day)) for day in (29, 30)] == [early, late]


def test_a_champion_that_is_trained_again_goes_on_predicting(store: ModelStore) -> None:
    """Without new results the training of a later date gives the same version."""
    model, date_of = trained(date(2024, 3, 28)), date(2024, 3, 29)
    store_and_promote(store, model)
    store.promote(model.card, predicts_from=date(2024, 4, 6))
    assert store.champion("catboost_v8", date_of) == model
    assert len(store.champions("catboost_v8")) == 1


def test_an_operator_promotes_a_model_at_once(store: ModelStore) -> None:
    model = trained(date(2024, 3, 28))
    store.put(model)
    store.promote(model.card, predicts_from=date(2024, 3, 30))
    with pytest.raises(NotEnoughDataError, match="or for later dates"):
        store.champion("catboost_v8", date(2024, 3, 29))
    store.promote(model.card)
    assert store.champion("catboost_v8", date(2024, 3, 29)) == model


def test_a_withdrawn_champion_stays_stored_and_the_one_before_predicts(store: ModelStore) -> None:
    early, late = trained(date(2024, 2, 29), "early"), trained(date(2024, 3, 28), "late")
    store_and_promote(store, late, early)
    assert store.withdraw("catboost_v8").version == "late"
    assert store.champion("catboost_v8", date(2024, 4, 1)) == early
    assert store.load("catboost_v8", "late") == late
    with pytest.raises(BadInputError, match="catboost_v8 has no champion to go back to"):
        store.withdraw("catboost_v8")


def test_of_two_models_with_equal_training_dates_the_last_promoted_wins(store: ModelStore) -> None:
    store_and_promote(store, trained(date(2024, 3, 28), "one"), trained(date(2024, 3, 28), "two"))
    assert store.champion("catboost_v8", date(2024, 4, 1)).card.version == "two"
    store.promote(trained(date(2024, 3, 28), "one").card)
    assert store.champion("catboost_v8", date(2024, 4, 1)).card.version == "one"


def test_promoting_a_version_twice_lists_it_once(store: ModelStore) -> None:
    store_and_promote(store, trained(date(2024, 3, 28)), trained(date(2024, 3, 28)))
    assert [champion.version for champion in store.champions("catboost_v8")] == ["aa"]


def test_a_stored_version_is_never_overwritten(store: ModelStore) -> None:
    model = trained(date(2024, 3, 28))
    store_and_promote(store, model, TrainedModel(b"other bytes", model.card))
    assert store.load("catboost_v8", "aa").model == model.model


def test_without_a_champion_the_error_asks_for_training(store: ModelStore) -> None:
    with pytest.raises(NotEnoughDataError, match="run training"):
        store.champion("catboost_v8", date(2024, 3, 29))


@pytest.mark.parametrize("name", ["aa/card.json", "aa/model.cbm"])
def test_a_damaged_model_without_another_raises_an_error(store: ModelStore, tmp_path: Path, name: str) -> None:
    store_and_promote(store, trained(date(2024, 3, 28)))
    path = tmp_path / "catboost_v8" / name
    path.unlink() if name.endswith("cbm") else path.write_text('{"half": ')
    with pytest.raises(DamagedModelError, match=r"model aa of catboost_v8 in .* is missing or damaged: run training"):
        store.champion("catboost_v8", date(2024, 3, 29))


def test_instead_of_a_damaged_champion_the_one_before_it_predicts(store: ModelStore, tmp_path: Path) -> None:
    early = trained(date(2024, 2, 29), "early")
    store_and_promote(store, early, trained(date(2024, 3, 28), "late"))
    flip(tmp_path / "catboost_v8" / "late" / "model.cbm", 1)
    chosen = store.champion("catboost_v8", date(2024, 3, 29))
    assert (chosen.model, chosen.card) == (early.model, early.card)
    (text,) = chosen.damage
    assert "model late of catboost_v8" in text
    assert text.endswith("model early, trained through 2024-02-29, predicts")


def test_a_damaged_list_of_champions_is_replaced_by_the_stored_models(store: ModelStore, tmp_path: Path) -> None:
    early, late = trained(date(2024, 2, 29), "early"), trained(date(2024, 3, 28), "late")
    store_and_promote(store, early, late)
    (tmp_path / "catboost_v8" / "champions.json").write_text('{"half": ')
    chosen = store.champion("catboost_v8", date(2024, 3, 15))
    assert (chosen.model, chosen.card) == (early.model, early.card)
    assert "champions.json is damaged" in chosen.damage[0]
    store.promote(late.card)
    assert store.champion("catboost_v8", date(2024, 3, 29)) == late, "the next training repairs it"


def test_training_the_same_version_again_repairs_its_files(store: ModelStore, tmp_path: Path) -> None:
    model = trained(date(2024, 3, 28))
    store_and_promote(store, model)
    flip(tmp_path / "catboost_v8" / "aa" / "model.cbm", 0)
    store_and_promote(store, model)
    assert store.champion("catboost_v8", date(2024, 3, 29)) == model


@pytest.mark.parametrize("name", ["late/card.json", "late/model.cbm", "champions.json"])
def test_no_flipped_bit_gives_another_model_in_silence(store: ModelStore, tmp_path: Path, name: str) -> None:
    early, late = trained(date(2024, 2, 29), "early"), trained(date(2024, 3, 28), "late")
    store_and_promote(store, early, late)
    path = tmp_path / "catboost_v8" / name
    content = path.read_bytes()
    for position in range(len(content)):
        for bit in (0, 5):
            flip(path, position, bit)
            chosen = store.champion("catboost_v8", date(2024, 3, 29))
            intact = (chosen.model, chosen.card) == (late.model, late.card)
            before = (chosen.model, chosen.card) == (early.model, early.card)
            assert intact or (before and chosen.damage), f"bit {bit} of byte {position}"
            path.write_bytes(content)


def flip(path: Path, position: int, bit: int = 0) -> None:
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1 << bit
    path.write_bytes(bytes(content))


def test_a_store_that_cannot_be_read_does_not_count_as_damaged(store: ModelStore, tmp_path: Path) -> None:
    """An earlier model would predict although the newest one is there again a minute later."""
    early, late = trained(date(2024, 2, 29), "early"), trained(date(2024, 3, 28), "late")
    store_and_promote(store, early, late)
    (tmp_path / "catboost_v8" / "late" / "model.cbm").unlink()
    (tmp_path / "catboost_v8" / "late" / "model.cbm").mkdir()
    with pytest.raises(StorageError, match=r"model\.cbm cannot be read"):
        store.champion("catboost_v8", date(2024, 3, 29))


def test_concurrent_promotions_are_all_listed(store: ModelStore) -> None:
    versions = [f"v{number}" for number in range(12)]
    with ThreadPoolExecutor(len(versions)) as pool:
        list(pool.map(lambda version: store.promote(trained(date(2024, 3, 28), version).card), versions))
    assert sorted(champion.version for champion in store.champions("catboost_v8")) == sorted(versions)
