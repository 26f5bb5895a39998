"""Trains a model on past feature rows and describes it in a model card."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from tipoff.errors import NotEnoughDataError
from tipoff.features.vector import MODEL_FEATURES, MODEL_FEATURES_HASH
from tipoff.systems.catboost_v8 import PARAMETERS, estimate, fit_trees, model_bytes
from tipoff.systems.distribution import Floats, ResidualSpread, pinball_loss
from tipoff.systems.model_store import ModelCard, ModelStore, TrainedModel, WalkForwardResult
from tipoff.training.walk_forward import walk_forward

MIN_ROWS = 2_000
"""About two weeks of games; with fewer rows the trees fit mostly noise."""


def train(history: pl.DataFrame, cutoff: date, as_of: datetime) -> TrainedModel:
    """Train `catboost_v8` on the rows before `cutoff`.

    `history`: past feature rows with their `points`. The spread comes from walk-forward residuals of rotation players;
    the final trees are trained on all rows. Raises NotEnoughDataError with fewer than MIN_ROWS rows.
    """
    rows = history.filter(pl.col("game_date") < cutoff).sort("game_date", "game_id", "player_id")
    if rows.height < MIN_ROWS:
        raise NotEnoughDataError(
            f"training needs {MIN_ROWS} player-games before {cutoff}, there are {rows.height}: "
            "collect the history of the season first, or raise `history_seasons`"
        )
    evaluations = list(_evaluate_folds(rows, cutoff))
    spread = _spread(evaluations)
    model = model_bytes(fit_trees(rows, rows["points"]))
    card = ModelCard(
        system_id="catboost_v8",
        version=_version(model, spread),
        trained_from=rows["game_date"][0],
        trained_through=rows["game_date"][-1],
        rows=rows.height,
        features=MODEL_FEATURES,
        features_hash=MODEL_FEATURES_HASH,
        parameters=PARAMETERS,
        spread=spread,
        walk_forward=_walk_forward_result(evaluations[-1], _spread(evaluations[:-1])),
        libraries={name: version(name) for name in ("catboost", "numpy", "polars")},
        trained_at=as_of,
    )
    return TrainedModel(model, card)


def train_files(history: Path, cutoff: date, as_of: datetime, models: ModelStore) -> ModelCard:
    """Train from a Parquet file, store the model and promote it; needs no warehouse."""
    trained = train(pl.read_parquet(history), cutoff, as_of)
    models.put(trained)
    models.promote(trained.card)
    return trained.card


def _evaluate_folds(rows: pl.DataFrame, end: date) -> Iterator[pl.DataFrame]:
    """Yield, per fold, the test rows of rotation players with the out-of-sample estimate of the trees."""
    for fold in walk_forward(rows, end):
        test = fold.test.filter("eligible").drop_nulls("points_mean_10")
        trees = fit_trees(fold.train, fold.train["points"])
        yield test.with_columns(estimate=estimate(trees, test))


def _spread(evaluations: list[pl.DataFrame]) -> ResidualSpread:
    rows = pl.concat(evaluations)
    return ResidualSpread.fit(rows["estimate"], rows["points"])


def _walk_forward_result(evaluation: pl.DataFrame, spread: ResidualSpread) -> WalkForwardResult:
    distributions = spread.around(evaluation["estimate"])
    points = evaluation["points"].to_numpy()
    low, high = distributions.interval(0.8)
    return WalkForwardResult(
        rows=evaluation.height,
        mae=_mae(distributions.median, points),
        last10_mae=_mae(evaluation["points_mean_10"].to_numpy(), points),
        pinball=pinball_loss(distributions, points),
        within_80=float(np.mean((points >= low) & (points <= high))),
    )


def _mae(predicted: Floats, actual: Floats) -> float:
    return float(np.mean(np.abs(predicted - actual)))


def _version(model: bytes, spread: ResidualSpread) -> str:
    parts = (model, MODEL_FEATURES_HASH.encode(), spread.model_dump_json().encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
