"""Gradient boosting by XGBoost: trees of random rows and features."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from tipoff.systems import trees
from tipoff.systems.form import learn_debut_points

if TYPE_CHECKING:
    from xgboost import Booster

ROUNDS: Final = 150
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

_DEBUT_POINTS: Final = "debut_points"
"""Name of the model's attribute."""


@dataclass(frozen=True, eq=False)
class XGBoostModel:
    """A `PointModel` of trees."""

    booster: Booster = field(repr=False)

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Train on past feature rows with their `points`. The same rows give the same trees."""
        from xgboost import DMatrix, train

        debut_points = learn_debut_points(rows)
        data = DMatrix(trees.matrix(rows), rows["points"].to_numpy(), base_margin=trees.baseline(rows, debut_points))
        booster = train(PARAMETERS, data, ROUNDS)
        booster.set_attr(**{_DEBUT_POINTS: repr(debut_points)})
        return cls(booster)

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """Restore what `to_bytes` wrote."""
        from xgboost import Booster

        booster = Booster({"nthread": PARAMETERS["nthread"]})
        booster.load_model(bytearray(model))
        return cls(booster)

    def to_bytes(self) -> bytes:
        """Serialize to XGBoost's binary JSON."""
        return bytes(self.booster.save_raw("ubj"))

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`. The history is not used."""
        from xgboost import DMatrix

        margin = trees.baseline(features, self._debut_points)
        return pl.Series(self.booster.predict(DMatrix(trees.matrix(features), base_margin=margin))).cast(pl.Float64)

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`: SHAP values."""
        from xgboost import DMatrix

        contributions = self.booster.predict(DMatrix(trees.matrix(features)), pred_contribs=True)
        return trees.terms_of(contributions.astype(float), features, self._debut_points)

    @property
    def _debut_points(self) -> float:
        return float(self.booster.attr(_DEBUT_POINTS) or 0.0)
