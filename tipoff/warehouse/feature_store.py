"""Builds the feature store for a range of dates out of the pre-game tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from tipoff.features.vector import build_vector
from tipoff.vocabulary import Frozen
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.sql_files import sql_text


class FeatureBuildResult(Frozen):
    """What a build wrote; counts of player-games."""

    rows: int
    eligible: int
    with_line: int
    mean_quality: float | None
    """Mean `feature_quality_score` of the eligible rows, 0-100; None without any."""
    changed: bool
    """False when the store already held exactly these rows."""


def build_features(
    warehouse: Warehouse, first_date: date, last_date: date, game_ids: Sequence[str], as_of: datetime
) -> FeatureBuildResult:
    """Make the vectors of the range the content of `ml_feature_store`; no game ids means all games of the range.

    The transforms of the contexts and of the cache must have run for these dates and games before.
    """
    target = TransformScope(first_date=first_date, last_date=last_date, game_ids=tuple(game_ids), as_of=as_of)
    vectors = build_vector(warehouse.query(sql_text("feature_inputs"), target.parameters))
    written = warehouse.replace("ml_feature_store", vectors, target.slice)
    eligible = vectors.filter("eligible")
    return FeatureBuildResult(
        rows=vectors.height,
        eligible=eligible.height,
        with_line=int(vectors["has_line"].sum()),
        mean_quality=eligible.select("feature_quality_score").mean().item(),
        changed=written.changed,
    )


def stored_features(warehouse: Warehouse, game_date: date, game_ids: Sequence[str] = ()) -> pl.DataFrame:
    """The feature store's rows of a date; no game ids means all games."""
    asked: Parameters = {"first_date": game_date, "last_date": game_date, "game_ids": list(game_ids)}
    return warehouse.query(sql_text("stored_features"), asked)
