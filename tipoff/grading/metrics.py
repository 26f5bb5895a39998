"""Metrics of a system, each a formula over rows of `prediction_accuracy`.

A hit rate always comes with its N, Wilson interval and break-even; an error always with those of the line and of the
last-10 mean on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import sqrt

import polars as pl

from tipoff.alerting.facts import DateFacts, PickRecord
from tipoff.alerting.rules import findings_of_day
from tipoff.grading.outcomes import SIDES, TYPICAL_PRICE
from tipoff.odds import decimal_price
from tipoff.vocabulary import Finding, Frozen, Grade, Recommendation, Severity, View, counted

Z_95 = 1.959964
SYSTEMS_COMMAND = "starter.py systems"
"""Shows the figures that a warning rests on."""
SOURCES_COMMAND = "starter.py sources"
"""Shows whether the inputs of a figure came."""
BIN_WIDTH = 0.05
_PLAYED = pl.col("actual_points").is_not_null()
_DECIDED = pl.col("grade").is_in([Grade.WIN.value, Grade.LOSS.value])
_IS_BET = pl.col("grade").is_in([Grade.WIN.value, Grade.LOSS.value, Grade.PUSH.value])
_PRICED = pl.col("price_american").is_not_null() & _IS_BET
_STAKED = pl.col("profit_units").is_not_null() & _IS_BET
_OVER = (pl.col("recommendation") == Recommendation.OVER).cast(pl.Float64)

FORWARD = ~pl.col("backfilled")
"""Predictions made before tip-off; only they count in the metrics."""
PICKED = pl.col("recommendation").is_in(SIDES) & FORWARD


class HitRate(Frozen):
    """Share of wins among wins and losses (without push and void) with its 95 % Wilson interval, 0-1 scale."""

    wins: int
    n: int
    rate: float | None
    low: float | None
    high: float | None
    break_even: float | None
    """Hit rate with a profit of zero at the best prices."""
    typical_break_even: float
    """The same at the price that a book typically asks."""
    profit: float | None
    """Units won on picks, one staked on each; None without a pick."""
    roi: float | None
    """Profit per unit staked on picks; a push returns the stake."""
    closing_line_value: float | None
    """Mean of the points that the line moved towards the lean after the prediction."""
    closing_lines: int
    """Number of bets with a later line than that of the prediction."""


class ErrorComparison(Frozen):
    """Mean absolute errors in points of a system and of a baseline on the same `n` rows."""

    n: int
    mae: float | None
    baseline_mae: float | None


class ReliabilityBin(Frozen):
    """Predicted and observed share of wins in one bin of confidence."""

    predicted: float
    """Mean confidence."""
    observed: float
    """Share of wins."""
    n: int
    low: float
    """Lower end of the 95 % Wilson interval of `observed`."""
    high: float


class SystemMetrics(Frozen):
    """Metrics of one view of one system."""

    system_id: str
    view: View
    predictions: int
    backfilled: int
    """Predictions not made before tip-off; they count in `outcomes` and in no other figure."""
    outcomes: Mapping[str, int]
    played: int
    mae_played: float | None
    """Mean absolute error over all players who played, with or without a line, points."""
    bias: float | None
    """Mean of prediction minus actual over all players who played, points."""
    against_line: ErrorComparison
    """On the players with a line who played."""
    against_last10: ErrorComparison
    """On the players with a line and a last-10 mean who played."""
    picks: HitRate
    """The headline: OVER and UNDER recommendations only."""
    leans: HitRate
    """All predictions with a line; a PASS counts by its lean, and has no profit."""
    coverage_80: float | None
    """Share of results within the 80 % interval."""
    reliability: tuple[ReliabilityBin, ...]
    calibration_error: float | None
    """Expected calibration error of the confidence, 0-1 scale."""
    picked: int
    """Number of picks with any grade."""
    over_share: float | None
    """Share of OVER among `picked`."""


def wilson(wins: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, spread = wins / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def break_even(prices_american: Sequence[float]) -> float | None:
    """Return the hit rate at which equal stakes at these prices have a profit of zero; None without prices."""
    if not prices_american:
        return None
    return len(prices_american) / sum(map(decimal_price, prices_american))


_TYPICAL_BREAK_EVEN = 1 / decimal_price(TYPICAL_PRICE)


def hit_rate(rows: pl.DataFrame) -> HitRate:
    """Return hit rate, interval, break-even and ROI."""
    decided, staked = rows.filter(_DECIDED), rows.filter(_STAKED)
    closed = rows.filter(_IS_BET, pl.col("closing_line_value").is_not_null())
    wins = decided.filter(pl.col("grade") == Grade.WIN.value).height
    low, high = wilson(wins, decided.height) if decided.height else (None, None)
    return HitRate(
        wins=wins,
        n=decided.height,
        rate=wins / decided.height if decided.height else None,
        low=low,
        high=high,
        break_even=break_even(rows.filter(_PRICED)["price_american"].to_list()),
        typical_break_even=_TYPICAL_BREAK_EVEN,
        profit=float(staked["profit_units"].sum()) if staked.height else None,
        roi=mean_or_none(staked, "profit_units"),
        closing_line_value=mean_or_none(closed, "closing_line_value"),
        closing_lines=closed.height,
    )


def compare_errors(rows: pl.DataFrame, baseline: str) -> ErrorComparison:
    """Return the errors of a system and of a baseline, such as "line", on the rows with a line that have both."""
    column = f"{baseline}_absolute_error"
    compared = rows.drop_nulls(["absolute_error", "line_absolute_error", column])
    return ErrorComparison(
        n=compared.height, mae=mean_or_none(compared, "absolute_error"), baseline_mae=mean_or_none(compared, column)
    )


def reliability(rows: pl.DataFrame) -> tuple[ReliabilityBin, ...]:
    """Bin wins and losses by confidence, in bins of 0.05; empty bins are left out."""
    decided = rows.filter(_DECIDED & pl.col("confidence").is_not_null())
    bins = (
        decided.group_by((pl.col("confidence") / BIN_WIDTH + 1e-9).floor().alias("bin"))
        .agg(
            predicted=pl.col("confidence").mean(),
            wins=(pl.col("grade") == Grade.WIN.value).sum(),
            n=pl.len(),
        )
        .sort("bin")
    )
    return tuple(_bin(**row) for row in bins.drop("bin").iter_rows(named=True))


def calibration_error(bins: Sequence[ReliabilityBin]) -> float | None:
    """Return the expected calibration error: mean |predicted - observed| weighted by rows; None without rows."""
    total = sum(each.n for each in bins)
    return sum(each.n * abs(each.predicted - each.observed) for each in bins) / total if total else None


def measure(rows: pl.DataFrame) -> tuple[SystemMetrics, ...]:
    """Return the metrics of each system and view in rows of `prediction_accuracy`, sorted by both."""
    views = rows.partition_by("system_id", "view", as_dict=True)
    return tuple(_measure_view(system_id, View(view), views[system_id, view]) for system_id, view in sorted(views))


def metric_warnings(metrics: SystemMetrics) -> tuple[Finding, ...]:
    """Warn about figures that are too good to be true, given enough rows."""
    picks, line = metrics.picks, metrics.against_line
    gain = None if line.mae is None or line.baseline_mae is None else line.baseline_mae - line.mae
    texts = too_good(metrics.view, line.n, gain, picks.wins, picks.n - picks.wins)
    return tuple(
        metric_warning(key, metrics.system_id, metrics.view, text, SYSTEMS_COMMAND) for key, text in texts.items()
    )


_MOST_GAIN = {View.MODEL: 0.05, View.MARKET: 0.10}
"""Points by which a MAE may be below that of the line; more than that over 1,000 rows means leakage."""


def too_good(view: View, rows: int, gain: float | None, wins: int, losses: int) -> dict[str, str]:
    """Return, by kind, what means that results leaked into predictions: a MAE or a hit rate that nobody reaches.

    `gain`: MAE of the line minus that of the system, on the same `rows`. Wins and losses are those of picks.
    """
    picks, texts = wins + losses, {}
    if picks > 500 and wins > 0.58 * picks:
        texts["too-good-hit-rate"] = f"hit rate {wins / picks:.1%} on {counted(picks, 'pick')}; check for look-ahead"
    if gain is not None and rows > 1000 and gain >= _MOST_GAIN[view]:
        text = f"MAE {gain:.2f} below that of the line on {counted(rows, 'row')}; check for look-ahead"
        texts["too-good-mae"] = text
    return texts


def rule_warnings(
    game_date: date, as_of: datetime, systems: Sequence[SystemMetrics], predictions: int, graded: int
) -> tuple[Finding, ...]:
    """Warn by the rules of alerts: of a low hit rate, and of so few grades that the figures mislead."""
    records = (
        PickRecord(system_id=each.system_id, view=each.view, wins=each.picks.wins, graded=each.picks.n)
        for each in systems
    )
    facts = DateFacts(game_date=game_date, as_of=as_of, picks=tuple(records), predictions=predictions, graded=graded)
    return findings_of_day(facts)


def balance_warnings(week: SystemMetrics) -> tuple[Finding, ...]:
    """Warn about a view whose picks of the last 7 days are mostly on one side."""
    share = week.over_share
    if share is None or week.picked < 100 or 0.3 <= share <= 0.7:
        return ()
    text = f"{share:.0%} of {counted(week.picked, 'pick')} of the last 7 days are OVER; check for bias"
    return (metric_warning("balance", week.system_id, week.view, text, SYSTEMS_COMMAND),)


def metric_warning(key: str, system_id: str, view: str, text: str, command: str) -> Finding:
    """A figure of one view of a system that an operator should check; `command` shows more of it."""
    return Finding(
        key=f"{key}:{system_id}:{view}",
        severity=Severity.WARNING,
        summary=f"{system_id} ({view}): {text}",
        command=command,
    )


def _measure_view(system_id: str, view: View, graded: pl.DataFrame) -> SystemMetrics:
    rows = graded.filter(FORWARD)
    played, picks = rows.filter(_PLAYED), rows.filter(PICKED)
    bins = reliability(rows)
    return SystemMetrics(
        system_id=system_id,
        view=view,
        predictions=graded.height,
        backfilled=graded.height - rows.height,
        outcomes=outcomes(graded),
        played=played.height,
        mae_played=mean_or_none(played, "absolute_error"),
        bias=mean_or_none(played, "signed_error"),
        against_line=compare_errors(rows, "line"),
        against_last10=compare_errors(rows, "last10"),
        picks=hit_rate(picks),
        leans=hit_rate(rows),
        coverage_80=mean_or_none(played.with_columns(pl.col("within_80").cast(pl.Float64)), "within_80"),
        reliability=bins,
        calibration_error=calibration_error(bins),
        picked=picks.height,
        over_share=mean_or_none(picks.select(over=_OVER), "over"),
    )


def outcomes(rows: pl.DataFrame) -> dict[str, int]:
    """Return the number of rows per grade; grades without rows have 0."""
    counts = dict(rows["grade"].value_counts().iter_rows())
    return {each.value: counts.get(each.value, 0) for each in Grade}


def _bin(predicted: float, wins: int, n: int) -> ReliabilityBin:
    low, high = wilson(wins, n)
    return ReliabilityBin(predicted=predicted, observed=wins / n, n=n, low=low, high=high)


def mean_or_none(rows: pl.DataFrame, column: str) -> float | None:
    """Return the mean of a column; None without values."""
    mean = rows[column].mean()
    return float(mean) if isinstance(mean, int | float) else None
