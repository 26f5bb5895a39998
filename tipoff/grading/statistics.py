"""Means with standard errors clustered by game, and scores of probabilities with what chance alone would show."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tipoff.grading.metrics import BIN_WIDTH, ReliabilityBin, wilson
from tipoff.vocabulary import Frozen

SIMULATIONS: Final = 1000
SEED: Final = 20240329
_DRAWS_AT_ONCE: Final = 2_000_000
_CERTAIN: Final = 1e-6
"""A probability of 0 or 1 is scored as this far from it, so that one miss does not cost infinitely much."""

Floats = NDArray[np.float64]


class Estimate(Frozen):
    """A mean over `n` rows of `clusters` games; `se` is null with fewer than two games."""

    n: int
    clusters: int
    value: float | None
    se: float | None


class Comparison(Frozen):
    """The mean of a system and of another way on the same rows, and the paired difference: system minus other."""

    system: Estimate
    other: Estimate
    difference: Estimate


class CalibrationError(Frozen):
    """Expected calibration error, 0-1 scale, and that of perfectly calibrated probabilities on as many rows."""

    n: int
    value: float | None
    by_chance: float | None
    """Mean over simulations."""
    bound_95: float | None
    """95 % of the simulations are below it."""


def clustered_mean(values: ArrayLike, clusters: ArrayLike) -> Estimate:
    """Return the mean with its cluster-robust standard error.

    With residuals e of the mean, G clusters and N rows: sqrt(G / (G - 1) sum over clusters of (sum of e)^2) / N
    (Liang and Zeger 1986, with the usual correction for few clusters).
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return Estimate(n=0, clusters=0, value=None, se=None)
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    mean, groups = float(numbers.mean()), int(index.max()) + 1
    sums = np.bincount(index, weights=numbers - mean)
    se = sqrt(groups / (groups - 1) * float((sums**2).sum())) / len(numbers) if groups > 1 else None
    return Estimate(n=len(numbers), clusters=groups, value=mean, se=se)


def mean_of(rows: pl.DataFrame, values: pl.Expr) -> Estimate:
    """Return the mean of an expression over the rows that have it, clustered by game."""
    known = rows.select("game_id", value=values).drop_nulls()
    return clustered_mean(known["value"].to_numpy(), known["game_id"].to_numpy())


def compare(rows: pl.DataFrame, system: pl.Expr, other: pl.Expr) -> Comparison:
    """Compare two expressions on the rows that have both."""
    both = rows.select("game_id", system=system, other=other).drop_nulls()
    return Comparison(
        system=mean_of(both, pl.col("system")),
        other=mean_of(both, pl.col("other")),
        difference=mean_of(both, pl.col("system") - pl.col("other")),
    )


def squared_error(probability: pl.Expr, happened: pl.Expr) -> pl.Expr:
    """Return the Brier score of each row."""
    return (probability - happened) ** 2


def log_loss(probability: pl.Expr, happened: pl.Expr) -> pl.Expr:
    """Return the negative log-likelihood of each row, in nats."""
    sure = probability.clip(_CERTAIN, 1 - _CERTAIN)
    return -(happened * sure.log() + (1 - happened) * (1 - sure).log())


def bins_of(probabilities: Floats) -> NDArray[np.int64]:
    """Return the bin of each probability, of a width of 0.05."""
    return np.floor(probabilities / BIN_WIDTH + 1e-9).astype(np.int64)


def reliability(probabilities: ArrayLike, happened: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """Return predicted and observed shares per bin; empty bins are left out."""
    predicted, observed = np.asarray(probabilities, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    bins = bins_of(predicted)
    return tuple(_bin(predicted[bins == number], observed[bins == number]) for number in np.unique(bins))


def _bin(predicted: Floats, happened: Floats) -> ReliabilityBin:
    low, high = wilson(int(happened.sum()), len(happened))
    return ReliabilityBin(
        predicted=float(predicted.mean()), observed=float(happened.mean()), n=len(happened), low=low, high=high
    )


def calibration_error(probabilities: ArrayLike, happened: ArrayLike) -> CalibrationError:
    """Return the expected calibration error, and what draws from the same probabilities show; the seed is fixed."""
    predicted, observed = np.asarray(probabilities, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    if not len(predicted):
        return CalibrationError(n=0, value=None, by_chance=None, bound_95=None)
    order = np.argsort(bins_of(predicted), kind="stable")
    predicted, observed = predicted[order], observed[order]
    starts = np.unique(bins_of(predicted), return_index=True)[1]
    simulated = np.concatenate([_errors(predicted, draws, starts) for draws in _draws(predicted)])
    return CalibrationError(
        n=len(predicted),
        value=float(_errors(predicted, observed[None, :], starts)[0]),
        by_chance=float(simulated.mean()),
        bound_95=float(np.quantile(simulated, 0.95)),
    )


def _draws(predicted: Floats) -> Sequence[NDArray[np.bool_]]:
    """Return outcomes drawn from the probabilities, one row per simulation, in parts that fit into memory."""
    generator = np.random.default_rng(SEED)
    part = max(1, min(SIMULATIONS, _DRAWS_AT_ONCE // len(predicted)))
    sizes = [min(part, SIMULATIONS - start) for start in range(0, SIMULATIONS, part)]
    return [generator.random((size, len(predicted))) < predicted for size in sizes]


def _errors(predicted: Floats, happened: NDArray[np.bool_] | Floats, starts: NDArray[np.int64]) -> Floats:
    """Return the error of each row of outcomes. `predicted` is sorted by bin; `starts` are where the bins begin."""
    difference = np.add.reduceat(happened - predicted, starts, axis=1)
    errors: Floats = np.abs(difference).sum(axis=1) / len(predicted)
    return errors
