"""A formula with learnt effects: a base in points times one plus relative adjustments.

The effects are fitted by least squares and drawn towards what earlier seasons gave, as if that were `PRIOR_ROWS` rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import polars as pl

from tipoff.ordered_sum import sum_of_columns
from tipoff.systems.distribution import Floats
from tipoff.systems.form import DEBUT_POINTS, HAS_HISTORY, learn_debut_points
from tipoff.vocabulary import Frozen

PRIOR_ROWS: Final = 2_000
_NOISE_VARIANCE: Final = 36.0
"""Square of a typical error, points. With it an effect of about 1 is as likely before the fit as none, so that a value
that hardly varied in the past, such as absences while most reports are missing, gets none."""


@dataclass(frozen=True, eq=False)
class Adjustment:
    """One relative effect on points: `value` less its mean, times the effect. Without a value there is none."""

    name: str
    """The term in words."""
    value: pl.Expr = field(repr=False)
    earlier_effect: float = 0.0
    """The effect in earlier seasons."""


@dataclass(frozen=True, eq=False)
class Formula:
    """What a formula consists of. `base` returns points, and takes those of a player without any game."""

    base_name: str
    base: Callable[[float], pl.Expr]
    adjustments: tuple[Adjustment, ...]


class Effects(Frozen):
    """What a formula has learnt; by the names of its adjustments."""

    effects: Mapping[str, float] = {}
    means: Mapping[str, float] = {}
    """Mean value of each adjustment; one without a known mean has no effect."""
    debut_points: float = DEBUT_POINTS


_NOTHING_LEARNT: Final = Effects()


@dataclass(frozen=True)
class FormulaModel:
    """A `PointModel`: a formula with its effects."""

    formula: Formula = field(repr=False)
    learnt: Effects = _NOTHING_LEARNT

    @classmethod
    def fit(cls, formula: Formula, rows: pl.DataFrame) -> Self:
        """Learn from past feature rows with their `points`."""
        known = rows.filter("eligible", HAS_HISTORY)
        values = known.select(adjustment.value.alias(adjustment.name) for adjustment in formula.adjustments)
        means = {name: mean for name, mean in values.mean().row(0, named=True).items() if mean is not None}
        unfitted = cls(formula, Effects(means=means, debut_points=learn_debut_points(rows)))
        terms = unfitted._relative(known).to_numpy()
        base = unfitted._base(known).to_numpy()
        earlier = np.array([adjustment.earlier_effect for adjustment in formula.adjustments])
        effects = _ridge(terms * base[:, None], known["points"].to_numpy() - base, earlier)
        names = (adjustment.name for adjustment in formula.adjustments)
        return cls(formula, unfitted.learnt.model_copy(update={"effects": dict(zip(names, effects, strict=True))}))

    @classmethod
    def from_bytes(cls, formula: Formula, model: bytes) -> Self:
        """Restore what `to_bytes` wrote."""
        return cls(formula, Effects.model_validate_json(model))

    def to_bytes(self) -> bytes:
        """See `PointModel.to_bytes`."""
        return self.learnt.model_dump_json().encode()

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`. The history is not used: the effects hold what was learnt from it."""
        return sum_of_columns(self.terms(features, history))

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`."""
        base = self._base(features)
        effects = (
            pl.col(adjustment.name) * self.learnt.effects.get(adjustment.name, adjustment.earlier_effect) * base
            for adjustment in self.formula.adjustments
        )
        return self._relative(features).select(base.alias(self.formula.base_name), *effects)

    def _base(self, features: pl.DataFrame) -> pl.Series:
        return features.select(self.formula.base(self.learnt.debut_points)).to_series()

    def _relative(self, features: pl.DataFrame) -> pl.DataFrame:
        """Return the value of each adjustment less its mean; 0 if either is unknown."""
        return features.select(
            (adjustment.value - self.learnt.means.get(adjustment.name)).fill_null(0.0).alias(adjustment.name)
            for adjustment in self.formula.adjustments
        )


def _ridge(terms: Floats, results: Floats, earlier: Floats) -> list[float]:
    """Return the effects of least squares, drawn towards the earlier ones."""
    if not len(terms):
        return [*map(float, earlier)]
    stiffness = np.diag(PRIOR_ROWS * (terms**2).mean(axis=0) + _NOISE_VARIANCE)
    effects: list[float] = np.linalg.solve(
        terms.T @ terms + stiffness, terms.T @ results + stiffness @ earlier
    ).tolist()
    return effects
