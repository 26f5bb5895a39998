"""Computes rows of the table `predictions` from feature rows. Pure: the same inputs give the same rows."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from tipoff.errors import NotEnoughDataError
from tipoff.features.vector import is_missing
from tipoff.systems.base import System
from tipoff.systems.distribution import LEVELS, Distributions, Floats
from tipoff.systems.model_store import ModelStore
from tipoff.systems.picks import decide
from tipoff.systems.registry import build_system
from tipoff.vocabulary import Recommendation


class PredictedRows(NamedTuple):
    """The number of predictions in a file, and what is damaged of the models they should come from."""

    rows: int
    damage: tuple[str, ...] = ()


class WideningRule(NamedTuple):
    """A missing input and the factor by which it widens the distribution.

    Widening moves probabilities towards 0.5, so it also lowers the confidence.
    """

    reason: str
    applies: pl.Expr
    widening: float


WIDENING_RULES: Final = (
    # MAE of recent form alone is 5.26 points, of the line 5.0 (players with a line, many seasons)
    WideningRule("no line", is_missing("lines"), 1.05),
    WideningRule("old line", is_missing("fresh_line"), 1.0),
    # the history lacks both inputs below, so the spread already includes most of the effect
    WideningRule("no injury report", is_missing("injury_report"), 1.02),
    WideningRule("no game lines", is_missing("game_lines"), 1.01),
    WideningRule("no roster", is_missing("rosters"), 1.0),
    # errors of 3,492 rotation rows from the first games of three seasons were 5 % wider than usual at their level
    WideningRule("short history", pl.col("bootstrap"), 1.05),
)

_COPIED: Final = (
    *("game_date", "game_id", "player_id", "player_name", "team", "opponent", "tip_off", "line", "line_as_of"),
    *("market_over_probability", "feature_quality_score", "degraded_reasons"),
    *("recommendation", "lean", "confidence", "price_american", "expected_value"),
)


def predict(
    system: System, features: pl.DataFrame, history: pl.LazyFrame, as_of: datetime, *, backfilled: bool = False
) -> pl.DataFrame:
    """Return one row of the table `predictions` per eligible row of `features`.

    `features`: rows of the feature store of one date. `history`: past feature rows with their `points`; rows of the
    date or later are removed before the system sees it. `backfilled`: all games have begun.
    """
    rows = features.filter("eligible").with_columns(degraded_reasons=_reasons(), view=system.view)
    distributions = _distributions(system, rows, history)
    lines = rows["line"].to_numpy()
    over, push = distributions.over_probability(lines), distributions.push_probability(lines)
    low, high = distributions.interval(0.8)
    return rows.with_columns(_decision_columns(rows, over, push)).select(
        *_COPIED,
        _book(),
        pl.col("home") == 1,
        pl.Series("prediction_id", _prediction_ids(rows, system.system_id, as_of), pl.String),
        pl.lit(system.system_id).alias("system_id"),
        "view",
        pl.lit(system.model_version, pl.String).alias("model_version"),
        pl.lit(as_of).alias("as_of"),
        pl.Series("points", distributions.median),
        pl.Series("low_80", low),
        pl.Series("high_80", high),
        pl.Series("quantiles", distributions.quantiles.tolist(), pl.List(pl.Float64)),
        pl.Series("over_probability", over).fill_nan(None),
        pl.col("points_mean_10").alias("last10_points"),
        # also backfilled if the features are newer than the prediction: the store keeps only the newest ones of a game
        (pl.lit(backfilled) | (pl.col("tip_off") <= as_of).fill_null(False) | (pl.col("as_of") > as_of)).alias(
            "backfilled"
        ),
    )


def predict_files(
    system_id: str,
    features: Path,
    history: Path,
    models: ModelStore,
    as_of: datetime,
    out: Path,
    game_ids: Sequence[str],
    *,
    backfilled: bool = False,
) -> PredictedRows:
    """Predict games from Parquet files, for a process without a warehouse, and write `out`.

    Raises what `build_system` and the system raise.
    """
    rows = pl.read_parquet(features).filter(pl.col("game_id").is_in(list(game_ids)))
    if rows.is_empty():
        raise NotEnoughDataError(f"{features} has no feature rows of the games, so {system_id} has nothing to predict")
    built = build_system(system_id, models, min(rows["game_date"].to_list()))
    predictions = predict(built.system, rows, pl.scan_parquet(history), as_of, backfilled=backfilled)
    predictions.write_parquet(out)
    return PredictedRows(predictions.height, built.damage)


def _reasons() -> pl.Expr:
    reasons = (pl.when(applies).then(pl.lit(reason)) for reason, applies, _ in WIDENING_RULES)
    return pl.concat_list(reasons).list.drop_nulls()


def _distributions(system: System, rows: pl.DataFrame, history: pl.LazyFrame) -> Distributions:
    """Predict with the system and widen each distribution for its missing inputs."""
    if rows.is_empty():
        return Distributions(np.empty((0, len(LEVELS))))
    earlier = history.filter(pl.col("game_date") < rows["game_date"].min())
    factors = (pl.when(applies).then(widening).otherwise(1.0) for _, applies, widening in WIDENING_RULES)
    widening = rows.select(reduce(operator.mul, factors)).to_series()
    return system.predict(rows, earlier).widened(widening.to_numpy())


def _prediction_ids(rows: pl.DataFrame, system_id: str, as_of: datetime) -> list[str]:
    """Return the first 32 hex digits of the SHA-256 of each natural key."""
    keys = rows.select("game_date", "game_id", "player_id", "view").iter_rows()
    return [
        hashlib.sha256(f"{date}|{game}|{player}|{system_id}|{view}|{as_of.isoformat()}".encode()).hexdigest()[:32]
        for date, game, player, view in keys
    ]


def _decision_columns(rows: pl.DataFrame, over: Floats, push: Floats) -> list[pl.Series]:
    """Return the columns that depend on line and prices."""
    decisions = [
        decide(None if line is None else float(over_probability), over_price, under_price, float(push_probability))
        for line, over_price, under_price, over_probability, push_probability in zip(
            rows["line"], rows["over_price_american"], rows["under_price_american"], over, push, strict=True
        )
    ]
    return [
        pl.Series("recommendation", [decision.recommendation for decision in decisions], pl.String),
        pl.Series("lean", [decision.lean for decision in decisions], pl.String),
        pl.Series("confidence", [decision.probability for decision in decisions], pl.Float64),
        pl.Series("price_american", [decision.price_american for decision in decisions], pl.Float64),
        pl.Series("expected_value", [decision.expected_value for decision in decisions], pl.Float64),
    ]


def _book() -> pl.Expr:
    """Return the book that offers the price of the lean."""
    over, under = (pl.col("lean") == side for side in (Recommendation.OVER, Recommendation.UNDER))
    return pl.when(over).then("over_book").when(under).then("under_book").alias("book")
