"""The median of points that the quotes of a player imply; the view `book_quotes` has the same formula."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist, fmean
from typing import NamedTuple


class BookLine(NamedTuple):
    """A book's main line and its probability of the over, without the hold."""

    line: float
    over_probability: float


def local_spread(line: float) -> float:
    """Standard deviation of the normal curve that fits points near a line, in points: 2.72 · ∛line.

    Fitted on the 45,012 player-games of 2021-11-07 to 2024-03-01 (mean minutes of 7 games at least 15, ten games of the
    season behind them): in each of 14 levels of the exponentially weighted mean of points, the slope of the quantiles
    .30 to .70 of points minus that mean over Φ⁻¹ of them; a power of the level, weighted by games, gives
    2.718 · level^0.334. Standard errors of the levels are .1 to .4 points.
    """
    return float(2.72 * line ** (1 / 3))


def implied_median(books: Sequence[BookLine]) -> float:
    """Mean over books of line + local_spread(line) · Φ⁻¹(P(over)). Raises StatisticsError without a book."""
    return fmean(line + local_spread(line) * NormalDist().inv_cdf(over) for line, over in books)
