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
from tipoff.ordered_sum import sum_of_columns
from tipoff.systems.base import System, WideningRule
from tipoff.systems.distribution import LEVELS, Distributions, Floats
from tipoff.systems.explanation import MARKET, MEDIAN, explain
from tipoff.systems.form import HAS_HISTORY
from tipoff.systems.market_view import market_view
from tipoff.systems.model_store import ModelStore
from tipoff.systems.picks import decide
from tipoff.systems.registry import build_system
from tipoff.vocabulary import Recommendation, View


class PredictedRows(NamedTuple):
    """The number of predictions in a file, and what is damaged of the models they should come from."""

    rows: int
    damage: tuple[str, ...] = ()


WIDENING_RULES: Final = (
    # no system reads the lines of players or games for its model view; the reason tells why there is no market view
    WideningRule("no line", is_missing("lines"), 1.0),
    WideningRule("old line", is_missing("fresh_line"), 1.0),
    WideningRule("no game lines", is_missing("game_lines"), 1.0),
    # the history lacks reports too, so the spread already includes most of the effect
    WideningRule("no injury report", is_missing("injury_report"), 1.02),
    WideningRule("no roster", is_missing("rosters"), 1.0),
    # errors of 3,492 rotation rows from the first games of three seasons were 5 % wider than usual at their level
    WideningRule("short history", pl.col("bootstrap"), 1.05),
    WideningRule("no earlier game", ~HAS_HISTORY, 1.2),
)
"""The inputs that every system may lack."""

_COPIED: Final = (
    *("game_date", "game_id", "player_id", "player_name", "team", "opponent", "tip_off", "line", "line_as_of"),
    *("market_over_probability", "feature_quality_score", "degraded_reasons"),
    *("recommendation", "lean", "confidence", "price_american", "expected_value"),
)


def predict(
    system: System, features: pl.DataFrame, history: pl.LazyFrame, as_of: datetime, *, backfilled: bool = False
) -> pl.DataFrame:
    """Return rows of the table `predictions`: the model view of each eligible row of `features`, then the market view
    of those with a line.

    `features`: rows of the feature store of one date. `history`: past feature rows with their `points`; rows of the
    date or later are removed before the system sees it. `backfilled`: all games have begun.
    """
    rules = (*WIDENING_RULES, *system.rules)
    rows = features.filter("eligible").with_columns(degraded_reasons=_reasons(rules))
    if rows.is_empty():
        estimates = _no_estimates(rows)
    else:
        earlier = history.filter(pl.col("game_date") < rows["game_date"].min())
        estimates = _estimates(system, rows, earlier, _widening(rows, rules))
    return pl.concat(_prediction_rows(system, each, as_of, backfilled=backfilled) for each in estimates)


class Estimate(NamedTuple):
    """Feature rows with their distributions in one view."""

    view: View
    rows: pl.DataFrame
    distributions: Distributions
    over_probability: Floats
    """P(points > line), given no push; NaN without a line."""
    explanation: pl.Series


def _estimates(system: System, rows: pl.DataFrame, earlier: pl.LazyFrame, widening: Floats) -> tuple[Estimate, ...]:
    """Predict both views with the system, and widen each distribution for its missing inputs."""
    terms = system.model.terms(rows, earlier)
    narrow = system.calibration.spread.around(system.model.expected_points(rows, earlier))
    own = narrow.widened(widening)
    to_median = narrow.median - sum_of_columns(terms).to_numpy()
    over = own.over_probability(rows["line"].to_numpy())
    model = Estimate(View.MODEL, rows, own, over, explain(terms, **{MEDIAN: to_median}))

    has_line = rows["line"].is_not_null().to_numpy()
    lined = rows.filter(has_line)
    market = market_view(lined, narrow.median[has_line], system.calibration.market, widening[has_line])
    drawn = {MEDIAN: to_median[has_line], MARKET: market.distributions.median - narrow.median[has_line]}
    explanation = explain(terms.filter(has_line), **drawn)
    return model, Estimate(View.MARKET, lined, market.distributions, market.over_probability, explanation)


def _no_estimates(rows: pl.DataFrame) -> tuple[Estimate, ...]:
    none = Distributions(np.empty((0, len(LEVELS))))
    return (Estimate(View.MODEL, rows, none, np.empty(0), pl.Series(dtype=pl.List(pl.String))),)


def _prediction_rows(system: System, estimate: Estimate, as_of: datetime, *, backfilled: bool) -> pl.DataFrame:
    _, rows, distributions, over, explanation = estimate
    low, high = distributions.interval(0.8)
    push = distributions.push_probability(rows["line"].to_numpy())
    return rows.with_columns(_decision_columns(rows, over, push)).select(
        *_COPIED,
        _book(),
        pl.col("home") == 1,
        pl.Series("prediction_id", _prediction_ids(rows, system.system_id, estimate.view, as_of), pl.String),
        pl.lit(system.system_id).alias("system_id"),
        pl.lit(estimate.view.value).alias("view"),
        pl.lit(system.model_version, pl.String).alias("model_version"),
        pl.lit(as_of).alias("as_of"),
        pl.Series("points", distributions.median),
        pl.Series("low_80", low),
        pl.Series("high_80", high),
        pl.Series("quantiles", distributions.quantiles.tolist(), pl.List(pl.Float64)),
        pl.Series("over_probability", over).fill_nan(None),
        explanation.alias("explanation"),
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


def _reasons(rules: Sequence[WideningRule]) -> pl.Expr:
    reasons = (pl.when(rule.applies).then(pl.lit(rule.reason)) for rule in rules)
    return pl.concat_list(*reasons).list.drop_nulls()


def _widening(rows: pl.DataFrame, rules: Sequence[WideningRule]) -> Floats:
    factors = (pl.when(rule.applies).then(rule.widening).otherwise(1.0) for rule in rules)
    return rows.select(reduce(operator.mul, factors)).to_series().to_numpy()


def _prediction_ids(rows: pl.DataFrame, system_id: str, view: View, as_of: datetime) -> list[str]:
    """Return the first 32 hex digits of the SHA-256 of each natural key."""
    keys = rows.select("game_date", "game_id", "player_id").iter_rows()
    return [
        hashlib.sha256(f"{date}|{game}|{player}|{system_id}|{view}|{as_of.isoformat()}".encode()).hexdigest()[:32]
        for date, game, player in keys
    ]


def _decision_columns(rows: pl.DataFrame, over: Floats, push: Floats) -> list[pl.Series]:
    """Return the columns that depend on line and prices."""
    decisions = [
        decide(None if line is None else float(over_probability), over_price, under_price, float(push_probability))
        for line, over_price, under_price, over_probability, push_probability in zip(
            rows["line"], rows["over_price_american"], rows["under_price_american"], over, push, strict=True
        )
    ]
    is_known = rows.select(HAS_HISTORY).to_series()
    decisions = [decision if known else decision.passed() for decision, known in zip(decisions, is_known, strict=True)]
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
