"""Gradient boosting on the feature vector: trees correct the recent form, walk-forward residuals give the spread.

Both choices were measured. With form as the baseline, MAE is 5.000 instead of 5.012 on the rotation players of two half
seasons, and the bias of high scorers is -0.03 points instead of -0.44, because trees cannot extrapolate.
With a residual spread instead of quantile trees (2024-03, 3,545 rows), pinball loss is 1.475 instead of 1.480, the 80 %
interval covers 80 % of results instead of 77 %, and training takes 2 s instead of 5 s.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from tipoff.errors import ConfigurationError
from tipoff.features.vector import MODEL_FEATURES, MODEL_FEATURES_HASH
from tipoff.systems.distribution import Distributions, Floats, ResidualSpread
from tipoff.vocabulary import View

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

_FORM: Final = pl.mean_horizontal("points_ewm", "points_mean_season")
"""Recent scoring, points."""


@dataclass(frozen=True)
class CatBoostV8:
    """A trained model with its spread. `features_hash` identifies the feature vector it was trained on."""

    model: bytes = field(repr=False)
    spread: ResidualSpread = field(repr=False)
    model_version: str
    features_hash: str
    system_id: str = "catboost_v8"
    title: str = "CatBoost"

    def __post_init__(self) -> None:
        if self.features_hash != MODEL_FEATURES_HASH:
            raise ConfigurationError(
                f"{self.system_id} model {self.model_version} was trained on another feature vector "
                f"({self.features_hash}, now {MODEL_FEATURES_HASH}): run training"
            )

    @property
    def view(self) -> pl.Expr:
        """See `System.view`. Player lines and game lines are among the features of the trees."""
        return pl.lit(View.MARKET.value)

    def predict(self, features: pl.DataFrame, history: pl.LazyFrame) -> Distributions:
        """See `System.predict`. The history is not used: the trained model already holds the spread."""
        return self.spread.around(estimate(self._trees, features))

    @cached_property
    def _trees(self) -> CatBoostRegressor:
        from catboost import CatBoostRegressor

        return CatBoostRegressor().load_model(blob=self.model)


def fit_trees(features: pl.DataFrame, points: pl.Series) -> CatBoostRegressor:
    """Train trees on the difference between points and form. The same rows give the same trees."""
    from catboost import CatBoostRegressor

    regressor = CatBoostRegressor(**PARAMETERS, verbose=False, allow_writing_files=False)
    return regressor.fit(_matrix(features), points.to_numpy(), baseline=_form(features))


def estimate(trees: CatBoostRegressor, features: pl.DataFrame) -> pl.Series:
    """Return the expected points of each row; for a player without any game that is the line, if there is one."""
    mean = pl.Series(trees.predict(_matrix(features)) + _form(features))
    return features.select(pl.when(_FORM.is_null()).then(pl.coalesce("line", mean)).otherwise(mean)).to_series()


def model_bytes(trees: CatBoostRegressor) -> bytes:
    """Serialize to CatBoost's format without training time and random id, so that equal models have equal bytes."""
    metadata = trees.get_metadata()
    metadata["train_finish_time"] = metadata["model_guid"] = ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.cbm")
        trees.save_model(str(path), format="cbm")
        return path.read_bytes()


def _form(features: pl.DataFrame) -> Floats:
    return features.select(_FORM.fill_null(0.0)).to_series().to_numpy()


def _matrix(features: pl.DataFrame) -> Floats:
    return features.select(pl.col(MODEL_FEATURES).cast(pl.Float64)).to_numpy()
