"""What graded rows say about a system: each metric is a plain formula over rows of `prediction_accuracy`.

A hit rate never stands without its N, Wilson interval and break-even; an error never without the line's and
the last-10 mean's on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import polars as pl

from tipoff.odds import decimal_price
from tipoff.vocabulary import Frozen, Grade, Recommendation

Z_95 = 1.959964
BIN_WIDTH = 0.05
SIDES = (Recommendation.OVER.value, Recommendation.UNDER.value)

_PLAYED = pl.col("actual_points").is_not_null()
_COMPARED = pl.all_horizontal(pl.col("absolute_error", "line_absolute_error", "last10_absolute_error").is_not_null())
_DECIDED = pl.col("grade").is_in([Grade.WIN.value, Grade.LOSS.value])
_STAKED = pl.col("profit_units").is_not_null() & (pl.col("grade") != Grade.VOID.value)
_OVER = (pl.col("recommendation") == Recommendation.OVER).cast(pl.Float64)

FORWARD = ~pl.col("backfilled")
"""Predictions of before tip-off: the only ones that say how good a system is."""
_PICKED = pl.col("recommendation").is_in(SIDES) & FORWARD


class HitRate(Frozen):
    """Wins among decided rows (push and void are out), 95 % Wilson interval, all on the 0-1 scale."""

    wins: int
    n: int
    rate: float | None
    low: float | None
    high: float | None
    break_even: float | None
    """Share of wins at which these prices neither win nor lose."""
    roi: float | None
    """Profit per unit staked; a push returns its stake."""


class ErrorComparison(Frozen):
    """Mean absolute errors, points, on the same `n` rows: those played, with a line and a last-10 mean."""

    n: int
    mae: float | None
    line_mae: float | None
    last10_mae: float | None


class ReliabilityBin(Frozen):
    """What was said and what happened in one bin of confidence."""

    said: float
    happened: float
    n: int
    low: float
    high: float


class SystemMetrics(Frozen):
    """How one system did on some rows."""

    system_id: str
    predictions: int
    backfilled: int
    """How many of them were no predictions of before tip-off; they are in no figure below but `outcomes`."""
    outcomes: Mapping[str, int]
    played: int
    mae_played: float | None
    """Mean absolute error over everyone who played, with a line or without, points."""
    bias: float | None
    """Mean of prediction minus actual over everyone who played, points."""
    same_rows: ErrorComparison
    leans: HitRate
    """Every lined prediction, a PASS by the side it leans to."""
    picks: HitRate
    """Only OVER and UNDER recommendations."""
    coverage_80: float | None
    """Share of results within the 80 % interval."""
    reliability: tuple[ReliabilityBin, ...]
    calibration_error: float | None
    """Expected calibration error of the lean's confidence, 0-1 scale."""
    picked: int
    """Picks, whatever became of them."""
    over_share: float | None
    """Share of OVER among the `picked`."""


class MetricWarning(Frozen):
    """A figure that asks for a person; `key` names it once per system."""

    key: str
    text: str


def wilson(wins: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927); (0, 1) when nothing was decided."""
    if n == 0:
        return 0.0, 1.0
    share, spread = wins / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def break_even(prices_american: Sequence[float]) -> float | None:
    """Share of wins at which equal stakes at these prices return what was staked; None without prices."""
    if not prices_american:
        return None
    return len(prices_american) / sum(map(decimal_price, prices_american))


def hit_rate(rows: pl.DataFrame) -> HitRate:
    """Hit rate, interval, break-even and ROI of some rows."""
    decided = rows.filter(_DECIDED)
    staked = rows.filter(_STAKED)
    wins = decided.filter(pl.col("grade") == Grade.WIN.value).height
    low, high = wilson(wins, decided.height) if decided.height else (None, None)
    return HitRate(
        wins=wins,
        n=decided.height,
        rate=wins / decided.height if decided.height else None,
        low=low,
        high=high,
        break_even=break_even(staked["price_american"].to_list()),
        roi=_mean(staked, "profit_units"),
    )


def errors(rows: pl.DataFrame) -> ErrorComparison:
    """The system's, the line's and the last-10 mean's error on the rows that have all three."""
    compared = rows.filter(_COMPARED)
    return ErrorComparison(
        n=compared.height,
        mae=_mean(compared, "absolute_error"),
        line_mae=_mean(compared, "line_absolute_error"),
        last10_mae=_mean(compared, "last10_absolute_error"),
    )


def reliability(rows: pl.DataFrame) -> tuple[ReliabilityBin, ...]:
    """Decided rows binned by the lean's confidence, bins of 0.05, empty ones left out."""
    decided = rows.filter(_DECIDED & pl.col("confidence").is_not_null())
    bins = (
        decided.group_by((pl.col("confidence") / BIN_WIDTH + 1e-9).floor().alias("bin"))
        .agg(
            said=pl.col("confidence").mean(),
            wins=(pl.col("grade") == Grade.WIN.value).sum(),
            n=pl.len(),
        )
        .sort("bin")
    )
    return tuple(_bin(**row) for row in bins.drop("bin").iter_rows(named=True))


def calibration_error(bins: Sequence[ReliabilityBin]) -> float | None:
    """Expected calibration error: mean distance of said and happened, weighted by rows; None without rows."""
    total = sum(each.n for each in bins)
    return sum(each.n * abs(each.said - each.happened) for each in bins) / total if total else None


def measure(rows: pl.DataFrame) -> tuple[SystemMetrics, ...]:
    """The metrics of each system in rows of `prediction_accuracy`, by system."""
    return tuple(
        _measure_system(system_id, rows.filter(pl.col("system_id") == system_id))
        for system_id in sorted(rows["system_id"].unique())
    )


def findings(metrics: SystemMetrics) -> tuple[MetricWarning, ...]:
    """Figures too one-sided, too bad or too good to be true; a small N never warns."""
    picks, same, rate = metrics.picks, metrics.same_rows, metrics.picks.rate
    better = None if same.mae is None or same.line_mae is None else same.line_mae - same.mae
    found = []
    if rate is not None and picks.n >= 40 and rate < 0.3:
        found.append(("hit-rate", f"hit rate {rate:.0%} on {picks.n} picks; look at its inputs"))
    if rate is not None and picks.n > 500 and rate > 0.58:
        found.append(("too-good-hit-rate", f"hit rate {rate:.1%} on {picks.n} picks; look for a leak"))
    if better is not None and same.n > 1000 and better > 0.15:
        found.append(("too-good-mae", f"MAE {better:.2f} below the line's on {same.n} rows; look for a leak"))
    system = metrics.system_id
    told = tuple(MetricWarning(key=f"{key}:{system}", text=f"{system}: {text}") for key, text in found)
    return (*_balance(system, metrics.picked, metrics.over_share), *told)


def one_sided(predictions: pl.DataFrame) -> tuple[MetricWarning, ...]:
    """Systems whose picks are nearly all of one side, from their predictions, graded or not."""
    picks = predictions.filter(_PICKED).group_by("system_id").agg(pl.len(), share=_OVER.mean())
    return tuple(
        finding
        for system_id, picked, share in picks.sort("system_id").iter_rows()
        for finding in _balance(system_id, picked, share)
    )


def ungraded(predictions: int, graded: int) -> tuple[MetricWarning, ...]:
    """Whether so many of a date's predictions have no grade that its figures mislead."""
    if graded >= 0.95 * predictions:
        return ()
    text = f"{graded} of {predictions} predictions are graded; look for box scores that did not come, then grade again"
    return (MetricWarning(key="grading-coverage", text=text),)


def _balance(system_id: str, picked: int, over_share: float | None) -> tuple[MetricWarning, ...]:
    if over_share is None or picked <= 100 or 0.3 <= over_share <= 0.7:
        return ()
    text = f"{system_id}: {over_share:.0%} of {picked} picks are OVER; look for a biased line"
    return (MetricWarning(key=f"balance:{system_id}", text=text),)


def _measure_system(system_id: str, graded: pl.DataFrame) -> SystemMetrics:
    rows = graded.filter(FORWARD)
    played, picks = rows.filter(_PLAYED), rows.filter(_PICKED)
    bins = reliability(rows)
    return SystemMetrics(
        system_id=system_id,
        predictions=graded.height,
        backfilled=graded.height - rows.height,
        outcomes=outcomes(graded),
        played=played.height,
        mae_played=_mean(played, "absolute_error"),
        bias=_mean(played, "signed_error"),
        same_rows=errors(rows),
        leans=hit_rate(rows),
        picks=hit_rate(picks),
        coverage_80=_mean(played.with_columns(pl.col("within_80").cast(pl.Float64)), "within_80"),
        reliability=bins,
        calibration_error=calibration_error(bins),
        picked=picks.height,
        over_share=_mean(picks.select(over=_OVER), "over"),
    )


def outcomes(rows: pl.DataFrame) -> dict[str, int]:
    """Rows by grade, every grade named; they add up to the rows."""
    counts = dict(rows["grade"].value_counts().iter_rows())
    return {each.value: counts.get(each.value, 0) for each in Grade}


def _bin(said: float, wins: int, n: int) -> ReliabilityBin:
    low, high = wilson(wins, n)
    return ReliabilityBin(said=said, happened=wins / n, n=n, low=low, high=high)


def _mean(rows: pl.DataFrame, column: str) -> float | None:
    mean = rows[column].mean()
    return float(mean) if isinstance(mean, int | float) else None
