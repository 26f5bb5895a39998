"""Distributions of points. Only this module computes median, interval and P(over).

Points are integers. A distribution is stored as quantiles of a continuous variable that rounds to points:
P(points <= k) = F(k + 0.5). A half-point line is therefore exact, and an integer line has the push probability
F(k + 0.5) - F(k - 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tipoff.errors import BadInputError, NotEnoughDataError
from tipoff.vocabulary import Frozen, counted

Floats = NDArray[np.float64]

LEVELS: Final[Floats] = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
_LOWEST: Final = -0.5
"""Lower bound of the continuous variable; it rounds to 0 points."""
_NARROWEST: Final = 1e-6
"""Minimum distance of quantiles, points; keeps the slope of the tail finite if the top quantiles coincide."""


@dataclass(frozen=True)
class Distributions:
    """Quantiles of points at LEVELS, one row per prediction; never negative, never crossing.

    Crossing quantiles are sorted. Raises BadInputError for another shape and for quantiles that are not finite.
    """

    quantiles: Floats = field(repr=False)

    def __post_init__(self) -> None:
        values = np.asarray(self.quantiles, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(LEVELS):
            raise BadInputError(f"a distribution needs {len(LEVELS)} quantiles per row; the shape is {values.shape}")
        if not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0, 0])
            raise BadInputError(f"row {row} of the distributions has a quantile that is not finite")
        object.__setattr__(self, "quantiles", np.maximum(np.sort(values, axis=1), 0.0))

    def __len__(self) -> int:
        return len(self.quantiles)

    @property
    def median(self) -> Floats:
        return self.at(0.5)

    def at(self, level: float) -> Floats:
        """Return the quantile at one of LEVELS. Raises BadInputError for another level."""
        [indices] = np.nonzero(np.isclose(LEVELS, level))
        if not len(indices):
            raise BadInputError(f"there is no quantile at level {level}; levels are {LEVELS.tolist()}")
        return self.quantiles[:, indices[0]]

    def interval(self, share: float) -> tuple[Floats, Floats]:
        """Return lower and upper end of the central interval with probability `share`, such as 0.8."""
        tail = (1 - share) / 2
        return self.at(tail), self.at(1 - tail)

    def over_probability(self, lines: ArrayLike) -> Floats:
        """Return P(points > line | points != line) for one line per row; NaN for a NaN line, 0.5 for a certain push."""
        under, over = self._below_and_above(np.asarray(lines, dtype=np.float64))
        decided = under + over
        return np.divide(over, decided, out=np.full_like(over, 0.5), where=decided != 0)

    def push_probability(self, lines: ArrayLike) -> Floats:
        """Return P(points == line); 0 for a half-point line, NaN for a NaN line."""
        under, over = self._below_and_above(np.asarray(lines, dtype=np.float64))
        return np.maximum(1 - under - over, 0.0)

    def widened(self, factors: ArrayLike) -> Distributions:
        """Scale the distance of every quantile from the median by one factor per row; the median stays."""
        median = self.median[:, None]
        return Distributions(median + (self.quantiles - median) * np.asarray(factors, dtype=np.float64)[:, None])

    def _below_and_above(self, lines: Floats) -> tuple[Floats, Floats]:
        return self._cdf(np.ceil(lines) - 0.5), 1 - self._cdf(np.floor(lines) + 0.5)

    def _cdf(self, points: Floats) -> Floats:
        """Return F at one value per row: linear between quantiles, with an exponential tail above them."""
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
        """Return F above the highest quantile; the tail starts with the density below that quantile."""
        left = 1 - LEVELS[-1]
        last_distance = np.maximum(self.quantiles[:, -1] - self.quantiles[:, -2], _NARROWEST)
        scale = left * last_distance / (LEVELS[-1] - LEVELS[-2])
        beyond: Floats = np.maximum(points - self.quantiles[:, -1], 0.0)
        reached: Floats = 1 - left * np.exp(-beyond / scale)
        return reached


class ResidualSpread(Frozen):
    """Empirical distribution of residuals by scoring level.

    Quantiles are interpolated between the centres of two levels and constant beyond the outermost centres.
    """

    LEVEL_COUNT: ClassVar = 6
    LEAST_PER_LEVEL: ClassVar = 50
    LEAST_ROWS: ClassVar = LEVEL_COUNT * LEAST_PER_LEVEL
    """Number of predictions that a fit needs."""

    centres: tuple[float, ...]
    """Mean prediction of each level, points, ascending."""
    residuals: tuple[tuple[float, ...], ...]
    """Quantiles of actual minus predicted points at LEVELS, one tuple per level."""
    rows: int
    """Number of predictions that it was fitted to."""

    @classmethod
    def fit(cls, predicted: ArrayLike, actual: ArrayLike) -> ResidualSpread:
        """Fit to out-of-sample predictions, split into scoring levels of equal size.

        Raises NotEnoughDataError with fewer than LEAST_ROWS predictions.
        """
        before, after = np.asarray(predicted, dtype=np.float64), np.asarray(actual, dtype=np.float64)
        if len(before) < cls.LEAST_ROWS:
            raise NotEnoughDataError(
                f"a residual spread needs {counted(cls.LEAST_ROWS, 'earlier prediction')} with results, "
                f"there are {len(before)}: collect more history and run training"
            )
        groups = np.array_split(np.argsort(before, kind="stable"), cls.LEVEL_COUNT)
        return cls(
            centres=tuple(float(before[group].mean()) for group in groups),
            residuals=tuple(tuple(np.quantile(after[group] - before[group], LEVELS).tolist()) for group in groups),
            rows=len(before),
        )

    def centred(self) -> ResidualSpread:
        """Return the spread moved so that the median residual of each level is 0."""
        [median] = np.nonzero(LEVELS == 0.5)[0]
        moved = (tuple(value - level[median] for value in level) for level in self.residuals)
        return self.model_copy(update={"residuals": tuple(moved)})

    def around(self, predicted: ArrayLike) -> Distributions:
        """Return distributions around point predictions."""
        centre = np.asarray(predicted, dtype=np.float64)
        spread = [np.interp(centre, self.centres, residuals) for residuals in zip(*self.residuals, strict=True)]
        return Distributions(centre[:, None] + np.stack(spread, axis=1))


def pinball_loss(distributions: Distributions, actual: ArrayLike) -> float:
    """Return the mean pinball loss over LEVELS, points; lower is better.

    Koenker and Bassett 1978: max(p d, (p - 1) d) with d = actual - quantile at level p.
    """
    difference = np.asarray(actual, dtype=np.float64)[:, None] - distributions.quantiles
    return float(np.maximum(LEVELS * difference, (LEVELS - 1) * difference).mean())
