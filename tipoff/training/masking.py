"""Hides optional inputs in a share of training rows, because some days lack them.

A model that has never seen a row without injury report would take a missing report for a healthy team.
"""

from __future__ import annotations

import hashlib
from typing import Final

import polars as pl

from tipoff.features.vector import FEATURES, SourceColumn

OPTIONAL: Final = (SourceColumn.INJURIES, SourceColumn.GAMEBOOK, SourceColumn.SHOTS, SourceColumn.GAME_LINES)
"""Inputs that a day may lack."""
MASKED_SHARE: Final = 0.1


def mask_optional_inputs(rows: pl.DataFrame) -> pl.DataFrame:
    """Return training rows with the features of each optional input hidden in about MASKED_SHARE of the games.

    The same games are masked every time, each input in other games.
    """
    game_ids = rows["game_id"].unique()
    return rows.with_columns(
        pl.when(pl.col("game_id").is_in(_masked(game_ids, origin).implode()))
        .then(None)
        .otherwise(feature.name)
        .alias(feature.name)
        for origin in OPTIONAL
        for feature in FEATURES
        if feature.origin is origin
    )


def _masked(game_ids: pl.Series, origin: SourceColumn) -> pl.Series:
    chosen = [game_id for game_id in game_ids if _draw(f"{origin} {game_id}") < MASKED_SHARE]
    return pl.Series(chosen, dtype=pl.String)


def _draw(key: str) -> float:
    """Return a number from 0 to 1 that depends on the key only."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
