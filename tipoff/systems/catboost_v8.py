"""Gradient boosting by CatBoost: symmetric trees that correct a ridge regression."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from tipoff.systems.linear import LinearModel, matrix
from tipoff.systems.trees import terms_of, training_rows

if TYPE_CHECKING:
    from catboost import CatBoostRegressor

PARAMETERS: Final[dict[str, Any]] = {
    "loss_function": "RMSE",
    "iterations": 150,
    "depth": 4,
    "learning_rate": 0.08,
    "l2_leaf_reg": 100,
    "random_seed": 20240329,
    "thread_count": 2,  # floating-point sums, and so the model version, depend on it
}

_BASELINE: Final = "baseline"
"""Key of the regression in the model's metadata."""


@dataclass(frozen=True, eq=False)
class CatBoostModel:
    """A `PointModel` of trees."""

    regressor: CatBoostRegressor = field(repr=False)
    baseline: LinearModel = field(repr=False)

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Train on past feature rows with their `points`. The same rows give the same trees."""
        from catboost import CatBoostRegressor

        trained_on = training_rows(rows)
        vectors, points = matrix(trained_on), trained_on["points"].to_numpy()
        baseline = LinearModel.fit(vectors, points)
        regressor = CatBoostRegressor(**PARAMETERS, verbose=False, allow_writing_files=False)
        regressor.fit(vectors, points, baseline=baseline.points(vectors))
        regressor.get_metadata()[_BASELINE] = baseline.model_dump_json()
        return cls(regressor, baseline)

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """Restore what `to_bytes` wrote."""
        from catboost import CatBoostRegressor

        regressor = CatBoostRegressor().load_model(blob=model)
        return cls(regressor, LinearModel.model_validate_json(regressor.get_metadata()[_BASELINE]))

    def to_bytes(self) -> bytes:
        """Serialize to CatBoost's format without training time and random id, so that equal models have equal bytes."""
        metadata = self.regressor.get_metadata()
        metadata["train_finish_time"] = metadata["model_guid"] = ""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.cbm")
            self.regressor.save_model(str(path), format="cbm")
            return path.read_bytes()

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`. The history is not used."""
        vectors = matrix(features)
        return pl.Series(self.regressor.predict(vectors) + self.baseline.points(vectors))

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`: effects of the regression and SHAP values of the trees."""
        from catboost import Pool

        contributions = self.regressor.get_feature_importance(Pool(matrix(features)), type="ShapValues")
        return terms_of(self.baseline, contributions, features)
