"""Gradient boosting by CatBoost: the mean of trees for the squared and for the absolute error."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from tipoff.systems import trees
from tipoff.systems.form import learn_debut_points

if TYPE_CHECKING:
    from catboost import CatBoostRegressor

PARAMETERS: Final[dict[str, Any]] = {
    "iterations": 150,
    "depth": 4,
    "learning_rate": 0.08,
    "l2_leaf_reg": 100,
    "random_seed": 20240329,
    "thread_count": 2,  # floating-point sums, and so the model version, depend on it
}
LOSSES: Final = ("RMSE", "MAE")

_DEBUT_POINTS: Final = "debut_points"
"""Key of the model's metadata."""


@dataclass(frozen=True, eq=False)
class CatBoostModel:
    """A `PointModel` of trees."""

    regressor: CatBoostRegressor = field(repr=False)

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Train on past feature rows with their `points`. The same rows give the same trees."""
        from catboost import CatBoostRegressor, Pool, sum_models

        debut_points = learn_debut_points(rows)
        pool = Pool(trees.matrix(rows), rows["points"].to_numpy(), baseline=trees.baseline(rows, debut_points))
        fitted = [
            CatBoostRegressor(**PARAMETERS, loss_function=loss, verbose=False, allow_writing_files=False).fit(pool)
            for loss in LOSSES
        ]
        mean = sum_models(fitted, weights=[1 / len(fitted)] * len(fitted))
        mean.get_metadata()[_DEBUT_POINTS] = repr(debut_points)
        return cls(mean)

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """Restore what `to_bytes` wrote."""
        from catboost import CatBoost

        return cls(CatBoost().load_model(blob=model))

    def to_bytes(self) -> bytes:
        """Serialize to CatBoost's format without training times and random ids: equal models have equal bytes."""
        metadata = self.regressor.get_metadata()
        for name in [*metadata]:
            if name.endswith(("train_finish_time", "model_guid")):
                metadata[name] = ""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.cbm")
            self.regressor.save_model(str(path), format="cbm")
            return path.read_bytes()

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`. The history is not used."""
        return pl.Series(self.regressor.predict(trees.matrix(features)) + trees.baseline(features, self._debut_points))

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`: SHAP values."""
        from catboost import Pool

        contributions = self.regressor.get_feature_importance(Pool(trees.matrix(features)), type="ShapValues")
        return trees.terms_of(contributions, features, self._debut_points)

    @property
    def _debut_points(self) -> float:
        return float(self.regressor.get_metadata()[_DEBUT_POINTS])
