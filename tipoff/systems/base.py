"""What a prediction system is made of: a model of expected points, and a calibration learnt from its past errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import polars as pl

from tipoff.systems.calibration import Calibration
from tipoff.systems.distribution import Distributions


class PointModel(Protocol):
    """A model of expected points. It sees no betting line, and the same inputs give the same results."""

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """Return the expected points of each row of `features`, in the same order.

        Args:
            features: rows of the feature store (`tipoff.features.vector`).
            history: past feature rows with their `points`. A row is predicted from strictly earlier dates only.
                Collect the columns that you need: the whole takes 50 MB in four seasons.
        """

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """Return what adds up to the expected points: one column per term, named in words, in points."""

    def to_bytes(self) -> bytes:
        """Serialize; equal models give equal bytes."""


class WideningRule(NamedTuple):
    """A missing input and the factor by which it widens the distribution.

    Widening moves probabilities towards 0.5, so it also lowers the confidence.
    """

    reason: str
    applies: pl.Expr
    widening: float


@dataclass(frozen=True)
class System:
    """A prediction system that is ready to predict."""

    system_id: str
    title: str
    model: PointModel = field(repr=False)
    calibration: Calibration = field(repr=False)
    model_version: str | None = None
    """The version of the trained model; None for a system that was never trained."""
    rules: tuple[WideningRule, ...] = ()
    """The inputs and members that this system may lack."""

    def distributions(self, features: pl.DataFrame, history: pl.LazyFrame) -> Distributions:
        """Return the distribution of points in the model view, one per row of `features`, in the same order."""
        return self.calibration.spread.around(self.model.expected_points(features, history))
