"""Both systems of boosted trees: a ridge regression on the feature vector, corrected by trees."""

import numpy as np
import polars as pl
import pytest

from tests.support.features import past, vectors
from tipoff.features.vector import MODEL_FEATURES
from tipoff.systems.catboost_v8 import CatBoostModel
from tipoff.systems.linear import LinearModel
from tipoff.systems.trees import training_rows
from tipoff.systems.xgboost_v1 import XGBoostModel

MODELS = [CatBoostModel, XGBoostModel]
NOTHING = pl.LazyFrame()


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return past(1_500)


@pytest.mark.parametrize("kind", MODELS)
def test_the_same_rows_give_the_same_bytes_and_a_restored_model_predicts_the_same(
    kind: type[CatBoostModel | XGBoostModel], rows: pl.DataFrame
) -> None:
    model = kind.fit(rows)
    assert kind.fit(rows).to_bytes() == model.to_bytes()
    restored, today = kind.from_bytes(model.to_bytes()), rows.head(20)
    assert restored.expected_points(today, NOTHING).equals(model.expected_points(today, NOTHING))


@pytest.mark.parametrize("kind", MODELS)
def test_the_terms_add_up_and_overlapping_features_are_one_term(
    kind: type[CatBoostModel | XGBoostModel], rows: pl.DataFrame
) -> None:
    model, today = kind.fit(rows), rows.head(20)
    terms = model.terms(today, NOTHING)
    assert terms.sum_horizontal().to_list() == pytest.approx(model.expected_points(today, NOTHING).to_list(), abs=1e-3)
    assert terms.columns[0] == "own scoring so far"
    assert "whether at home, 1 or 0" in terms.columns
    assert "mean points over the last 10 games" not in terms.columns
    assert terms[terms.columns[0]].std() > 3  # type: ignore[operator]


@pytest.mark.parametrize("kind", MODELS)
def test_players_are_told_apart_by_their_form_and_a_row_without_any_input_has_an_estimate(
    kind: type[CatBoostModel | XGBoostModel], rows: pl.DataFrame
) -> None:
    model = kind.fit(rows)
    means = ("points_mean_5", "points_mean_10", "points_mean_season", "points_ewm")
    low, high = model.expected_points(vectors(*(dict.fromkeys(means, points) for points in (8.0, 24.0))), NOTHING)
    assert high - low > 8
    unknown = vectors().with_columns(pl.lit(None, pl.Float64).alias(name) for name in MODEL_FEATURES)
    assert 0 < model.expected_points(unknown, NOTHING).item() < 30


def test_the_regression_finds_a_linear_relation_and_ignores_unknown_and_constant_features() -> None:
    generator = np.random.default_rng(1)
    inputs = generator.normal(10, 2, (3_000, 3))
    inputs[:, 2] = 7
    points = 4 + 1.5 * inputs[:, 0] - 0.5 * inputs[:, 1]
    inputs[::10, 1] = np.nan
    model = LinearModel.fit(inputs, points)
    assert model.points(np.array([[12.0, 8.0, 7.0]])) == pytest.approx([18.0], abs=0.2)
    assert model.contributions(np.array([[np.nan, 8.0, 99.0]]))[0, [0, 2]].tolist() == [0, 0]
    assert LinearModel.model_validate_json(model.model_dump_json()) == model


def test_bench_players_are_not_trained_on_and_newcomers_are() -> None:
    rows = pl.DataFrame({"minutes_mean_10": [7.9, 8.0, None]})
    assert training_rows(rows)["minutes_mean_10"].to_list() == [8.0, None]
