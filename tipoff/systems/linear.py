"""Ridge regression of points on the feature vector: the baseline that boosted trees correct."""

from __future__ import annotations

from typing import Final, Self

import numpy as np
import polars as pl

from tipoff.features.vector import MODEL_FEATURES
from tipoff.systems.distribution import Floats
from tipoff.vocabulary import Frozen

PENALTY: Final = 30.0
FURTHEST: Final = 6.0
"""A feature counts at most this many standard deviations from its mean, so that no single one runs away."""


def matrix(features: pl.DataFrame) -> Floats:
    """Return the feature vector of each row; NaN where it is unknown."""
    return features.select(pl.col(MODEL_FEATURES).cast(pl.Float64)).to_numpy()


class LinearModel(Frozen):
    """The fitted regression. A feature that is unknown counts as its mean."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    effects: tuple[float, ...]
    """Points per standard deviation of each feature."""
    intercept: float
    """Mean points."""

    @classmethod
    def fit(cls, vectors: Floats, points: Floats) -> Self:
        """Fit to feature vectors and the points scored."""
        known = ~np.isnan(vectors)
        counts = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, vectors, 0.0).sum(axis=0) / counts
        deviations = np.sqrt(np.where(known, (vectors - means) ** 2, 0.0).sum(axis=0) / counts)
        deviations[deviations == 0] = 1.0
        standard = _standardised(vectors, means, deviations)
        intercept = float(points.mean())
        covariances = standard.T @ standard + PENALTY * np.eye(standard.shape[1])
        effects = np.linalg.solve(covariances, standard.T @ (points - intercept))
        return cls(
            means=tuple(means.tolist()),
            deviations=tuple(deviations.tolist()),
            effects=tuple(effects.tolist()),
            intercept=intercept,
        )

    def contributions(self, vectors: Floats) -> Floats:
        """Return the points that each feature adds to the intercept."""
        standard = _standardised(vectors, np.array(self.means), np.array(self.deviations))
        added: Floats = standard * np.array(self.effects)
        return added

    def points(self, vectors: Floats) -> Floats:
        """Return the expected points of each row."""
        expected: Floats = self.intercept + self.contributions(vectors).sum(axis=1)
        return expected


def _standardised(vectors: Floats, means: Floats, deviations: Floats) -> Floats:
    standard: Floats = np.nan_to_num((vectors - means) / deviations).clip(-FURTHEST, FURTHEST)
    return standard
