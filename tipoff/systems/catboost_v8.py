"""Gradient boosting on the feature vector: trees correct a player's form, walk-forward residuals give the spread.

Both choices were measured. Trees on top of form instead of from nothing: MAE 5.000 against 5.012 on the rotation
players of two half seasons, and the stars' bias -0.03 points against -0.44, as trees cannot reach beyond what they saw.
Residual spread instead of quantile trees (2024-03, 3,545 rows): pinball loss 1.475 against 1.480, 80 % against 77 % of
results within the 80 % interval, training in 2 s against 5 s.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from tipoff.errors import ConfigurationError
from tipoff.features.vector import FEATURE_NAMES, FEATURES_HASH
from tipoff.systems.distribution import Distributions, Floats, ResidualSpread

if TYPE_CHECKING:
    from catboost import CatBoostRegressor

PARAMETERS: Final[dict[str, Any]] = {
    "loss_function": "RMSE",
    "iterations": 150,
    "depth": 4,
    "learning_rate": 0.08,
    "l2_leaf_reg": 100,
    "random_seed": 20240329,
    "thread_count": 2,  # the sums, and with them the version, depend on it
}

_FORM: Final = pl.mean_horizontal("points_ewm", "points_mean_season")
"""What a player scores these days, points."""


@dataclass(frozen=True)
class CatBoostV8:
    """A trained model with its spread. `features_hash` is that of the vector it was trained on."""

    model: bytes = field(repr=False)
    spread: ResidualSpread = field(repr=False)
    model_version: str
    features_hash: str
    system_id: str = "catboost_v8"
    title: str = "CatBoost"

    def __post_init__(self) -> None:
        if self.features_hash != FEATURES_HASH:
            raise ConfigurationError(
                f"{self.system_id} model {self.model_version} was trained on another feature vector "
                f"({self.features_hash}, now {FEATURES_HASH}): run training"
            )

    def predict(self, features: pl.DataFrame, history: pl.DataFrame) -> Distributions:
        """See `System.predict`; what the history taught stands in the model."""
        return self.spread.around(estimate(self._trees, features))

    @cached_property
    def _trees(self) -> CatBoostRegressor:
        from catboost import CatBoostRegressor

        return CatBoostRegressor().load_model(blob=self.model)


def fit_trees(features: pl.DataFrame, points: pl.Series) -> CatBoostRegressor:
    """Trees for what form leaves open. The same rows give the same trees."""
    from catboost import CatBoostRegressor

    regressor = CatBoostRegressor(**PARAMETERS, verbose=False, allow_writing_files=False)
    return regressor.fit(_matrix(features), points.to_numpy(), baseline=_form(features))


def estimate(trees: CatBoostRegressor, features: pl.DataFrame) -> pl.Series:
    """Mean points of each row; a player without a single game stands at his line, where he has one."""
    mean = pl.Series(trees.predict(_matrix(features)) + _form(features))
    return features.select(pl.when(_FORM.is_null()).then(pl.coalesce("line", mean)).otherwise(mean)).to_series()


def model_bytes(trees: CatBoostRegressor) -> bytes:
    """CatBoost's own format, without the moment and the random id of the training, so that equal models are equal."""
    metadata = trees.get_metadata()
    metadata["train_finish_time"] = metadata["model_guid"] = ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.cbm")
        trees.save_model(str(path), format="cbm")
        return path.read_bytes()


def _form(features: pl.DataFrame) -> Floats:
    return features.select(_FORM.fill_null(0.0)).to_series().to_numpy()


def _matrix(features: pl.DataFrame) -> Floats:
    return features.select(pl.col(FEATURE_NAMES).cast(pl.Float64)).to_numpy()
