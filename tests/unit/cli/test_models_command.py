"""`starter.py models`: the champions, rollback and promotion, against a real store."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.starter import Starter
from tests.support.trained_models import trained
from tipoff.systems.model_store import ModelStore, open_models

OLD, NEW = trained(date(2024, 3, 21), "old"), trained(date(2024, 3, 28), "new")


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    """A store with two champions of one system."""
    store = open_models(f"file://{tmp_path}/models")
    for model in (OLD, NEW):
        store.put(model)
        store.promote(model.card)
    return store


@pytest.fixture
def starter(tmp_path: Path, models: ModelStore) -> Starter:
    return Starter(tmp_path, {"TIPOFF_MODELS": f"file://{tmp_path}/models"})


def test_rollback_withdraws_the_champion_and_promotion_brings_it_back(starter: Starter, models: ModelStore) -> None:
    listed = starter("models list")
    assert "catboost_v8: model new, trained through 2024-03-28" in listed.out
    assert "ensemble_v1: no model" in listed.out
    assert "model old, trained through 2024-03-21" in starter("models rollback catboost_v8").out
    assert models.champion("catboost_v8", date(2024, 4, 1)) == OLD
    assert "model new" in starter("models promote catboost_v8 new").out
    assert models.champion("catboost_v8", date(2024, 4, 1)) == NEW


def test_a_version_is_not_promoted_before_a_later_one_is_withdrawn(starter: Starter, models: ModelStore) -> None:
    """The champion trained on the latest games predicts, so that the promotion would change nothing."""
    refused = starter("models promote catboost_v8 old")
    assert refused.code != 0
    assert "model new, trained through 2024-03-28, would still predict" in refused.err
    assert "starter.py models rollback catboost_v8" in refused.err
    assert models.champion("catboost_v8", date(2024, 4, 1)) == NEW


def test_what_cannot_be_changed_is_said(starter: Starter) -> None:
    assert starter("models rollback catboost_v8").code == 0
    last = starter("models rollback catboost_v8")
    assert last.code != 0
    assert "catboost_v8 has no champion to go back to" in last.err
    assert "'oracle' is not a system" in starter("models rollback oracle").err
    assert "is missing or damaged" in starter("models promote catboost_v8 other").err
