"""Gradient boosting by XGBoost: trees of random rows and features that correct a ridge regression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from tipoff.systems.linear import LinearModel, matrix
from tipoff.systems.trees import terms_of, training_rows

if TYPE_CHECKING:
    from xgboost import Booster

ROUNDS: Final = 80
PARAMETERS: Final[dict[str, Any]] = {
    "objective": "reg:squarederror",
    "base_score": 0.0,
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.05,
    "min_child_weight": 60,
    "lambda": 20,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "seed": 20240329,
    "nthread": 1,  # a second thread waits in a busy loop: on a busy machine it takes eight times as long
}

_BASELINE: Final = "baseline"
"""Name of the regression among the model's attributes."""


@dataclass(frozen=True, eq=False)
class XGBoostModel:
    """A `PointModel` of trees."""

    booster: Booster = field(repr=False)
    baseline: LinearModel = field(repr=False)

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Train on past feature rows with their `points`. The same rows give the same trees."""
        from xgboost import DMatrix, train

        trained_on = training_rows(rows)
        vectors, points = matrix(trained_on), trained_on["points"].to_numpy()
        baseline = LinearModel.fit(vectors, points)
        booster = train(PARAMETERS, DMatrix(vectors, points, base_margin=baseline.points(vectors)), ROUNDS)
        booster.set_attr(**{_BASELINE: baseline.model_dump_json()})
        return cls(booster, baseline)

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """Restore what `to_bytes` wrote."""
        from xgboost import Booster

        booster = Booster({"nthread": PARAMETERS["nthread"]})
        booster.load_model(bytearray(model))
        return cls(booster, LinearModel.model_validate_json(booster.attr(_BASELINE) or ""))

    def to_bytes(self) -> bytes:
        """Serialize to XGBoost's binary JSON."""
        return bytes(self.booster.save_raw("ubj"))

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`. The history is not used."""
        from xgboost import DMatrix

        vectors = matrix(features)
        data = DMatrix(vectors, base_margin=self.baseline.points(vectors))
        return pl.Series(self.booster.predict(data)).cast(pl.Float64)

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`: effects of the regression and SHAP values of the trees."""
        from xgboost import DMatrix

        contributions = self.booster.predict(DMatrix(matrix(features)), pred_contribs=True)
        return terms_of(self.baseline, contributions.astype(float), features)
