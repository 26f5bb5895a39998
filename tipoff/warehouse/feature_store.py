"""Builds and reads the feature store `ml_feature_store`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from tipoff.features.vector import build_vector
from tipoff.vocabulary import Frozen
from tipoff.warehouse.base import CheckWarning, Parameters, Warehouse
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.sql_files import sql_text


class FeatureBuildResult(Frozen):
    """Counts of the player-games that a build wrote."""

    rows: int
    eligible: int
    with_line: int
    mean_quality: float | None
    """Mean `feature_quality_score` of the eligible rows, 0-100; None if there are none."""
    changed: bool
    """False if the store already held exactly these rows."""
    warnings: tuple[CheckWarning, ...] = ()


def build_features(
    warehouse: Warehouse, first_date: date, last_date: date, game_ids: Sequence[str], as_of: datetime
) -> FeatureBuildResult:
    """Replace the feature vectors of a date range; no game ids means all games of the range.

    Run both context transforms and those of the precomputed tables for these dates and games first.
    """
    scope = TransformScope(first_date=first_date, last_date=last_date, game_ids=tuple(game_ids), as_of=as_of)
    vectors = build_vector(warehouse.query(sql_text("feature_inputs"), scope.parameters))
    written = warehouse.replace("ml_feature_store", vectors, scope.slice)
    eligible = vectors.filter("eligible")
    return FeatureBuildResult(
        rows=vectors.height,
        eligible=eligible.height,
        with_line=int(vectors["has_line"].sum()),
        mean_quality=eligible.select("feature_quality_score").mean().item(),
        changed=written.changed,
        warnings=written.warnings,
    )


def stored_features(warehouse: Warehouse, game_date: date, game_ids: Sequence[str] = ()) -> pl.DataFrame:
    """Return the rows of a date; no game ids means all games."""
    parameters: Parameters = {"first_date": game_date, "last_date": game_date, "game_ids": list(game_ids)}
    return warehouse.query(sql_text("stored_features"), parameters)
