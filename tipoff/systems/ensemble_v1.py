"""The weighted mean of the other systems, with weights that are learnt walk-forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from tipoff.ordered_sum import sum_of_columns
from tipoff.systems.base import System
from tipoff.systems.distribution import Floats
from tipoff.vocabulary import Frozen

PRIOR_ROWS: Final = 500
"""Equal weights count like this many rows."""
_STEPS: Final = 2_000


class EnsembleParameters(Frozen):
    """What was learnt, and the members that it holds for."""

    weights: Mapping[str, float]
    """By system id; not negative, their sum is 1."""
    versions: Mapping[str, str] = {}
    """Model version of each member that is a trained one."""


@dataclass(frozen=True)
class Ensemble:
    """A `PointModel`: the weighted mean of the members that are there."""

    members: Mapping[str, System] = field(repr=False)
    learnt: EnsembleParameters

    def to_bytes(self) -> bytes:
        """See `PointModel.to_bytes`."""
        return self.learnt.model_dump_json().encode()

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`."""
        points = [
            weight * member.model.expected_points(features, history) for member, weight in self._weighted_members()
        ]
        return sum_of_columns(pl.DataFrame({str(number): each for number, each in enumerate(points)}))

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`: the members' terms in proportion; terms of the same name are added."""
        total: dict[str, pl.Series] = {}
        for member, weight in self._weighted_members():
            for term in member.model.terms(features, history).iter_columns():
                total[term.name] = total.get(term.name, 0.0) + weight * term
        return pl.DataFrame(total)

    def _weighted_members(self) -> list[tuple[System, float]]:
        """Return the members with their share; the weights of absent ones go to the others in proportion."""
        weights = {system_id: self.learnt.weights.get(system_id, 0.0) for system_id in self.members}
        total = sum(weights.values())
        equal = 1 / len(weights)
        shares = {system_id: weight / total if total else equal for system_id, weight in weights.items()}
        return [(member, shares[system_id]) for system_id, member in self.members.items() if shares[system_id] > 0]


def learn_weights(estimates: Mapping[str, Floats], points: Floats) -> dict[str, float]:
    """Return the weights with the least squared error on out-of-sample estimates, drawn towards equal weights.

    Projected gradient descent on the simplex; the problem is convex, and the start is equal weights.
    """
    errors = np.column_stack([*estimates.values()]) - points[:, None]
    count = errors.shape[1]
    equal = np.full(count, 1 / count)
    spread = errors - errors.mean(axis=1, keepdims=True)
    stiffness = PRIOR_ROWS * float((spread**2).sum(axis=1).mean()) if len(points) else 1.0
    matrix = errors.T @ errors + stiffness * np.eye(count)
    step = 1 / np.linalg.eigvalsh(matrix)[-1]
    weights = equal
    for _ in range(_STEPS):
        gradient = matrix @ weights - stiffness * equal
        weights = _onto_simplex(weights - step * gradient)
    return dict(zip(estimates, weights.round(6).tolist(), strict=True))


def _onto_simplex(weights: Floats) -> Floats:
    """Return the nearest weights that are not negative and sum to 1 (Duchi et al. 2008)."""
    ordered = np.sort(weights)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, len(weights) + 1)
    threshold = excess[np.nonzero(ordered > excess)[0][-1]]
    nearest: Floats = np.maximum(weights - threshold, 0.0)
    return nearest
