"""Distributions of points: median, interval and P(over) come from here and nowhere else.

Points are whole numbers. A distribution is held as quantiles of a continuous quantity of which points are the
rounding: P(points <= k) = F(k + 0.5). So a half-point line is exact, and an integer line has its push mass
F(k + 0.5) - F(k - 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInputError, NotEnoughDataError
from tipoff.vocabulary import Frozen

Floats = NDArray[np.float64]

LEVELS: Final[Floats] = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
_LOWEST: Final = -0.5
"""Where the continuous quantity begins: what rounds to 0 points."""
_NARROWEST: Final = 1e-6
"""Points; keeps the tail's slope finite where the top quantiles coincide."""


@dataclass(frozen=True)
class Distributions:
    """Quantiles of points at LEVELS, one row per prediction: never negative, never crossing.

    Raises BadInputError for another shape or for quantiles that are not numbers; crossing ones are put in order.
    """

    quantiles: Floats = field(repr=False)

    def __post_init__(self) -> None:
        values = np.asarray(self.quantiles, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(LEVELS):
            raise BadInputError(f"a distribution has {len(LEVELS)} quantiles a row, not the shape {values.shape}")
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0, 0])
            raise BadInputError(f"row {row} of the distributions has a quantile that is not a number")
        object.__setattr__(self, "quantiles", np.maximum(np.sort(values, axis=1), 0.0))

    def __len__(self) -> int:
        return len(self.quantiles)

    @property
    def median(self) -> Floats:
        return self.at(0.5)

    def at(self, level: float) -> Floats:
        """The quantile of one of LEVELS. Raises BadInputError for another level."""
        [found] = np.nonzero(np.isclose(LEVELS, level))
        if not len(found):
            raise BadInputError(f"no quantile is held at {level}; there are {LEVELS.tolist()}")
        return self.quantiles[:, found[0]]

    def interval(self, share: float) -> tuple[Floats, Floats]:
        """Lower and upper end of the central interval that holds `share` of the mass, such as 0.8."""
        tail = (1 - share) / 2
        return self.at(tail), self.at(1 - tail)

    def over_probability(self, lines: ArrayLike) -> Floats:
        """P(points > line | points != line), one line per row; NaN for a line that is NaN.

        0.5 where nothing but a push is possible.
        """
        under, over = self._below_and_above(np.asarray(lines, dtype=np.float64))
        decided = under + over
        return np.divide(over, decided, out=np.full_like(over, 0.5), where=decided != 0)

    def push_probability(self, lines: ArrayLike) -> Floats:
        """P(points == line); 0 for half-point lines, NaN for a line that is NaN."""
        under, over = self._below_and_above(np.asarray(lines, dtype=np.float64))
        return np.maximum(1 - under - over, 0.0)

    def widened(self, factors: ArrayLike) -> Distributions:
        """Every quantile moved away from its median by a factor a row; the median stays."""
        median = self.median[:, None]
        return Distributions(median + (self.quantiles - median) * np.asarray(factors, dtype=np.float64)[:, None])

    def _below_and_above(self, lines: Floats) -> tuple[Floats, Floats]:
        return self._cdf(np.ceil(lines) - 0.5), 1 - self._cdf(np.floor(lines) + 0.5)

    def _cdf(self, points: Floats) -> Floats:
        """F at one value a row: linear between quantiles, an exponential tail above them."""
        rows, last = np.arange(len(self)), len(LEVELS)
        knots = np.column_stack([np.full(len(self), _LOWEST), self.quantiles])
        levels = np.array([0.0, *LEVELS])
        passed = (knots <= points[:, None]).sum(axis=1)
        high = np.clip(passed, 1, last)
        low = high - 1
        share = (points - knots[rows, low]) / np.maximum(knots[rows, high] - knots[rows, low], _NARROWEST)
        between = levels[low] + (levels[high] - levels[low]) * share
        return np.maximum(np.where(passed > last, self._tail(points), between), 0.0)

    def _tail(self, points: Floats) -> Floats:
        """F above the highest quantile, leaving it with the density of the last stretch."""
        left = 1 - LEVELS[-1]
        last_stretch = np.maximum(self.quantiles[:, -1] - self.quantiles[:, -2], _NARROWEST)
        scale = left * last_stretch / (LEVELS[-1] - LEVELS[-2])
        beyond: Floats = np.maximum(points - self.quantiles[:, -1], 0.0)
        reached: Floats = 1 - left * np.exp(-beyond / scale)
        return reached


class ResidualSpread(Frozen):
    """How far results lay from predictions, by scoring level; empirical, never a normal curve.

    Between the centres of two levels the quantiles are interpolated, beyond the outermost they are held.
    """

    centres: tuple[float, ...]
    """Mean prediction of each level, points, ascending."""
    residuals: tuple[tuple[float, ...], ...]
    """Per level the quantiles of actual minus predicted points at LEVELS."""
    rows: int
    """Predictions it was learned from."""

    @classmethod
    def fit(cls, predicted: ArrayLike, actual: ArrayLike, levels: int = 6, least: int = 50) -> ResidualSpread:
        """Learn from predictions made before their games; `levels` equally filled scoring levels.

        Raises NotEnoughDataError when a level would hold fewer than `least` rows.
        """
        before, after = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
        if len(before) < levels * least:
            raise NotEnoughDataError(
                f"a spread by scoring level needs {levels * least} earlier predictions with results, "
                f"there are {len(before)}: collect more history and run training"
            )
        groups = np.array_split(np.argsort(before, kind="stable"), levels)
        return cls(
            centres=tuple(float(before[group].mean()) for group in groups),
            residuals=tuple(tuple(np.quantile(after[group] - before[group], LEVELS).tolist()) for group in groups),
            rows=len(before),
        )

    def around(self, predicted: ArrayLike) -> Distributions:
        """Distributions around point predictions."""
        centre = np.asarray(predicted, dtype=np.float64)
        spread = [np.interp(centre, self.centres, residuals) for residuals in zip(*self.residuals, strict=True)]
        return Distributions(centre[:, None] + np.stack(spread, axis=1))


def pinball_loss(distributions: Distributions, actual: ArrayLike) -> float:
    """Mean pinball loss over LEVELS, points; lower is better.

    Koenker and Bassett 1978: max(p d, (p - 1) d) for d = actual - quantile at level p.
    """
    difference = np.asarray(actual, dtype=np.float64)[:, None] - distributions.quantiles
    return float(np.maximum(LEVELS * difference, (LEVELS - 1) * difference).mean())
