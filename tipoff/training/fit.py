"""Training: graded past feature rows in, a model with its card out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from tipoff.errors import NotEnoughDataError
from tipoff.features.vector import FEATURE_NAMES, FEATURES_HASH
from tipoff.systems.catboost_v8 import PARAMETERS, estimate, fit_trees, model_bytes
from tipoff.systems.distribution import Floats, ResidualSpread, pinball_loss
from tipoff.systems.model_store import ModelCard, ModelStore, TrainedModel, WalkForwardResult
from tipoff.training.walk_forward import walk_forward

LEAST_ROWS = 2_000
"""About two weeks of the league; fewer teach trees more noise than basketball."""


def train(history: pl.DataFrame, cutoff: date, as_of: datetime) -> TrainedModel:
    """Train `catboost_v8` on the rows before `cutoff`.

    `history`: feature rows with their `points`. The spread comes from walk-forward residuals of the rotation players;
    the trees that will speak learn from all rows. Raises NotEnoughDataError with fewer than LEAST_ROWS.
    """
    rows = history.filter(pl.col("game_date") < cutoff).sort("game_date", "game_id", "player_id")
    if rows.height < LEAST_ROWS:
        raise NotEnoughDataError(
            f"training needs {LEAST_ROWS} player-games before {cutoff}, there are {rows.height}: "
            "collect the season's history first, or set more history seasons"
        )
    judged = list(_judged(rows, cutoff))
    spread = _spread(judged)
    model = model_bytes(fit_trees(rows, rows["points"]))
    card = ModelCard(
        system_id="catboost_v8",
        version=_version(model, spread),
        trained_from=rows["game_date"][0],
        trained_through=rows["game_date"][-1],
        rows=rows.height,
        features=FEATURE_NAMES,
        features_hash=FEATURES_HASH,
        parameters=PARAMETERS,
        spread=spread,
        walk_forward=_result(judged[-1], _spread(judged[:-1])),
        libraries={name: version(name) for name in ("catboost", "numpy", "polars")},
        trained_at=as_of,
    )
    return TrainedModel(model, card)


def train_files(history: Path, cutoff: date, as_of: datetime, models: Path) -> ModelCard:
    """Train from a Parquet file, keep the model below `models` and make it champion; needs no warehouse."""
    trained = train(pl.read_parquet(history), cutoff, as_of)
    store = ModelStore(models)
    store.put(trained)
    store.promote(trained.card)
    return trained.card


def _judged(rows: pl.DataFrame, end: date) -> Iterator[pl.DataFrame]:
    """Per fold the rotation players' rows with the estimate of trees that had not seen them."""
    for fold in walk_forward(rows, end):
        judge = fold.judge.filter("eligible").drop_nulls("points_mean_10")
        trees = fit_trees(fold.learn, fold.learn["points"])
        yield judge.with_columns(estimate=estimate(trees, judge))


def _spread(judged: list[pl.DataFrame]) -> ResidualSpread:
    rows = pl.concat(judged)
    return ResidualSpread.fit(rows["estimate"], rows["points"])


def _result(judged: pl.DataFrame, spread: ResidualSpread) -> WalkForwardResult:
    distributions = spread.around(judged["estimate"])
    points = judged["points"].to_numpy()
    low, high = distributions.interval(0.8)
    return WalkForwardResult(
        rows=judged.height,
        mae=_mean_distance(distributions.median, points),
        last10_mae=_mean_distance(judged["points_mean_10"].to_numpy(), points),
        pinball=pinball_loss(distributions, points),
        within_80=float(np.mean((points >= low) & (points <= high))),
    )


def _mean_distance(predicted: Floats, actual: Floats) -> float:
    return float(np.mean(np.abs(predicted - actual)))


def _version(model: bytes, spread: ResidualSpread) -> str:
    parts = (model, FEATURES_HASH.encode(), spread.model_dump_json().encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
