"""Measures each view of each system in a file of predictions against results, baselines and the market."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

import polars as pl

from tipoff.errors import BadInputError
from tipoff.evaluation.archive_facts import PLAYER_GAME, lined_players, with_facts
from tipoff.evaluation.prediction_file import LeftOut, read_predictions
from tipoff.grading.metrics import ReliabilityBin, break_even, too_good, wilson
from tipoff.grading.outcomes import SIDES
from tipoff.grading.statistics import (
    CalibrationError,
    Comparison,
    Estimate,
    calibration_error,
    compare,
    log_loss,
    mean_of,
    reliability,
    squared_error,
)
from tipoff.replay.archive import Archive
from tipoff.vocabulary import FEW_PICKS, Frozen, Recommendation, View

ROTATION_MINUTES: Final = 15.0
LINE_BUCKETS: Final = (10, 15, 20, 25)
"""Upper ends of the buckets of lines, exclusive, points."""


class PickFigures(Frozen):
    """The picks of some rows: OVER and UNDER recommendations."""

    picks: int
    share_of_lines: float | None
    over_share: float | None
    wins: int
    losses: int
    pushes: int
    voids: int
    """The player did not play."""
    hit_rate: float | None
    low: float | None
    """Lower end of the 95 % Wilson interval."""
    high: float | None
    break_even: float | None
    """Hit rate with a profit of zero at the prices paid."""
    roi: Estimate
    """Profit per unit staked on wins, losses and pushes."""
    closing_line_value: Estimate
    """Points that the line moved towards the pick, where a later snapshot exists."""

    @property
    def too_few(self) -> bool:
        """Whether hit rate and ROI say nothing yet."""
        return self.wins + self.losses < FEW_PICKS


class IntervalFigures(Frozen):
    """How often the result was within the 80 % interval, and its width in points."""

    label: str
    n: int
    covered: float | None
    low: float | None
    high: float | None
    width: float | None


class Group(Frozen):
    """Figures of a part of the rows."""

    label: str
    against_line: Comparison
    brier: Comparison
    picks: PickFigures


class SystemEvaluation(Frozen):
    """Figures of one view of one system."""

    system_id: str
    view: View
    rows: int
    played: int
    error: Estimate
    """Absolute error over all who played, with or without a line, points."""
    rotation_error: Estimate
    """The same of players with a mean of at least 15 minutes over their last 7 games."""
    bias: Estimate
    """Prediction minus points over all who played."""
    lined_bias: Estimate
    """The same where there is a line."""
    against_line: Comparison
    against_last10: Comparison
    against_ewma: Comparison
    brier: Comparison
    """Of P(over), against the market without its hold."""
    log_loss: Comparison
    reliability: tuple[ReliabilityBin, ...]
    calibration: CalibrationError
    intervals: tuple[IntervalFigures, ...]
    """Of all lines, and by line."""
    picks: PickFigures
    groups: dict[str, tuple[Group, ...]]
    """By week of the season, line and venue."""
    lined_predicted: int
    """Players with a line who played and have a prediction."""
    alarms: tuple[str, ...]
    """What is too good to be true."""


class Evaluation(Frozen):
    """Figures of a file of predictions."""

    first_date: date
    last_date: date
    games: int
    lined: int
    """Players with a line who played, by the quotes of the archive."""
    left_out: tuple[LeftOut, ...]
    systems: tuple[SystemEvaluation, ...]


def evaluate_file(path: Path, archive: Archive) -> Evaluation:
    """Evaluate a file of predictions. Raises BadInputError for a file of which no row can be evaluated."""
    read = read_predictions(path)
    facts = with_facts(read.kept, archive)
    left_out = (*read.left_out, *facts.left_out)
    if facts.kept.is_empty():
        raise BadInputError(f"{path} has no row to evaluate: {'; '.join(each.text for each in left_out)}")
    return evaluate(facts.kept, lined_players(archive, facts.kept["game_date"].unique()), left_out)


def evaluate(rows: pl.DataFrame, lined: pl.DataFrame, left_out: Iterable[LeftOut] = ()) -> Evaluation:
    """Evaluate predictions with their facts. `lined`: players with a line who played, (game_id, player_id)."""
    measured = rows.with_columns(_DERIVED)
    views = measured.partition_by("system_id", "view", as_dict=True)
    return Evaluation(
        first_date=rows["game_date"].min(),
        last_date=rows["game_date"].max(),
        games=rows["game_id"].n_unique(),
        lined=lined.height,
        left_out=tuple(left_out),
        systems=tuple(
            _measure(system_id, View(view), views[system_id, view], lined) for system_id, view in sorted(views)
        ),
    )


# ── columns that the figures are made of ─────────────────────────────────────────────────────────────────

_POINTS: Final = pl.col("points").cast(pl.Float64)
_ERROR: Final = (pl.col("predicted_points") - _POINTS).abs()
_OVER: Final = (pl.col("line") < _POINTS).cast(pl.Float64)
_IS_DECIDED: Final = pl.col("line").is_not_null() & pl.col("points").is_not_null() & (pl.col("line") != _POINTS)
_PRICE: Final = pl.col("best_price")
_GAIN: Final = pl.when(_PRICE > 0).then(_PRICE / 100).otherwise(100 / -_PRICE)
_TAKES_OVER: Final = pl.col("recommendation") == Recommendation.OVER
_WON: Final = (pl.col("line") < _POINTS) == _TAKES_OVER
_LINE_MOVE: Final = pl.col("closing_line") - pl.col("line")

_DERIVED: Final = (
    _ERROR.alias("error"),
    pl.when(_IS_DECIDED).then(_OVER).alias("over"),
    pl.when(pl.col("line") == _POINTS).then(0.0).when(_WON).then(_GAIN).otherwise(-1.0).alias("profit"),
    pl.when(_TAKES_OVER).then(_LINE_MOVE).otherwise(-_LINE_MOVE).alias("move_towards"),
)
_PICKED: Final = pl.col("recommendation").is_in(SIDES)
_INSIDE: Final = _POINTS.is_between(pl.col("interval_low"), pl.col("interval_high"))


def _bucket() -> pl.Expr:
    labels = [f"under {LINE_BUCKETS[0]}", *(f"{low} to {high}" for low, high in pairwise(LINE_BUCKETS))]
    label = pl.lit(f"{LINE_BUCKETS[-1]} and more")
    for name, high in reversed([*zip(labels, LINE_BUCKETS, strict=True)]):
        label = pl.when(pl.col("line") < high).then(pl.lit(name)).otherwise(label)
    return label


def _week() -> pl.Expr:
    """The first and the second week, the third and fourth together, then four weeks each."""
    first = pl.when(pl.col("week") <= 4).then(3).otherwise((pl.col("week") - 1) // 4 * 4 + 1)
    text = pl.format("weeks {} to {}", first, pl.when(first == 3).then(4).otherwise(first + 3))
    return pl.when(pl.col("week") <= 2).then(pl.format("week {}", pl.col("week"))).otherwise(text)


_GROUPINGS: Final = {
    "week of the season": (_week(), pl.col("week")),
    "line": (_bucket(), pl.col("line")),
    "venue": (pl.col("home").replace_strict({True: "home", False: "away"}, return_dtype=pl.String), ~pl.col("home")),
}
"""What rows are grouped by: the label of each row (null: in no group), and the order of the labels."""


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────


def _measure(system_id: str, view: View, rows: pl.DataFrame, lined: pl.DataFrame) -> SystemEvaluation:
    with_line = rows.filter(pl.col("line").is_not_null())
    played = rows.filter(pl.col("points").is_not_null())
    decided = rows.filter(pl.col("over").is_not_null())
    error, signed = pl.col("error"), pl.col("predicted_points") - _POINTS
    against_line, picks = _against_line(rows), _pick_figures(rows)
    return SystemEvaluation(
        system_id=system_id,
        view=view,
        rows=rows.height,
        played=played.height,
        error=mean_of(rows, error),
        rotation_error=mean_of(rows.filter(pl.col("recent_minutes") >= ROTATION_MINUTES), error),
        bias=mean_of(rows, signed),
        lined_bias=mean_of(with_line, signed),
        against_line=against_line,
        against_last10=compare(rows, error, (pl.col("last10") - _POINTS).abs()),
        against_ewma=compare(rows, error, (pl.col("ewma") - _POINTS).abs()),
        brier=_brier(rows),
        log_loss=compare(
            rows, log_loss(pl.col("p_over"), pl.col("over")), log_loss(pl.col("market_over"), pl.col("over"))
        ),
        reliability=reliability(decided["p_over"].to_numpy(), decided["over"].to_numpy()),
        calibration=calibration_error(decided["p_over"].to_numpy(), decided["over"].to_numpy()),
        intervals=_intervals(with_line.filter(pl.col("points").is_not_null())),
        picks=picks,
        groups={name: _groups(with_line, label, order) for name, (label, order) in _GROUPINGS.items()},
        lined_predicted=lined.join(rows, on=PLAYER_GAME, how="semi").height,
        alarms=_alarms(view, against_line, picks),
    )


def _alarms(view: View, against_line: Comparison, picks: PickFigures) -> tuple[str, ...]:
    difference = against_line.difference
    gain = None if difference.value is None else -difference.value
    return tuple(too_good(view, difference.n, gain, picks.wins, picks.losses).values())


def _against_line(rows: pl.DataFrame) -> Comparison:
    return compare(rows, pl.col("error"), (pl.col("line") - _POINTS).abs())


def _brier(rows: pl.DataFrame) -> Comparison:
    over = pl.col("over")
    return compare(rows, squared_error(pl.col("p_over"), over), squared_error(pl.col("market_over"), over))


def _pick_figures(rows: pl.DataFrame) -> PickFigures:
    picks, lines = rows.filter(_PICKED), rows.filter(pl.col("line").is_not_null()).height
    staked = picks.filter(pl.col("points").is_not_null())
    decided = staked.filter(_IS_DECIDED)
    wins = decided.filter(_WON).height
    low, high = wilson(wins, decided.height) if decided.height else (None, None)
    return PickFigures(
        picks=picks.height,
        share_of_lines=picks.height / lines if lines else None,
        over_share=picks.filter(_TAKES_OVER).height / picks.height if picks.height else None,
        wins=wins,
        losses=decided.height - wins,
        pushes=staked.height - decided.height,
        voids=picks.height - staked.height,
        hit_rate=wins / decided.height if decided.height else None,
        low=low,
        high=high,
        break_even=break_even(staked["best_price"].to_list()),
        roi=mean_of(staked, pl.col("profit")),
        closing_line_value=mean_of(staked, pl.col("move_towards")),
    )


def _intervals(rows: pl.DataFrame) -> tuple[IntervalFigures, ...]:
    by_line = _parts(rows, *_GROUPINGS["line"])
    return tuple(_interval(label, part) for label, part in [("all lines", rows), *by_line])


def _interval(label: str, rows: pl.DataFrame) -> IntervalFigures:
    inside = rows.filter(_INSIDE).height
    low, high = wilson(inside, rows.height) if rows.height else (None, None)
    width = mean_of(rows, pl.col("interval_high") - pl.col("interval_low"))
    covered = inside / rows.height if rows.height else None
    return IntervalFigures(label=label, n=rows.height, covered=covered, low=low, high=high, width=width.value)


def _groups(rows: pl.DataFrame, label: pl.Expr, order: pl.Expr) -> tuple[Group, ...]:
    return tuple(
        Group(label=name, against_line=_against_line(part), brier=_brier(part), picks=_pick_figures(part))
        for name, part in _parts(rows, label, order)
    )


def _parts(rows: pl.DataFrame, label: pl.Expr, order: pl.Expr) -> list[tuple[str, pl.DataFrame]]:
    """Return the rows of each label, in order; the venue of a player who did not play is not known."""
    labelled = rows.with_columns(label=label, order=order).filter(pl.col("label").is_not_null()).sort("order")
    parts = labelled.partition_by("label", as_dict=True, maintain_order=True)
    return [(str(name), part) for (name,), part in parts.items()]
