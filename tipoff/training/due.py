"""The rule when systems are trained again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from tipoff.systems.model_store import ModelStore
from tipoff.vocabulary import counted

MODEL_AGE: Final = timedelta(days=7)
"""A model whose training data end earlier is old."""


def untrained_systems(models: ModelStore, system_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the systems without any stored model."""
    return tuple(system_id for system_id in system_ids if models.trained_through(system_id) is None)


def why_due(models: ModelStore, system_ids: Sequence[str], game_date: date) -> str:
    """Return why the systems need training before a date; empty if each has a model of the last week.

    Models count whether they are champions or not: one that was rejected or withdrawn is not trained again at once.
    """
    through = {system_id: models.trained_through(system_id) for system_id in system_ids}
    if missing := [system_id for system_id, last in through.items() if last is None]:
        return f"no model of {', '.join(missing)}"
    system_id, last = min(((name, last) for name, last in through.items() if last), key=lambda each: each[1])
    if game_date - last <= MODEL_AGE:
        return ""
    return f"the newest model of {system_id} is trained through {last}, {counted((game_date - last).days, 'day')} ago"


def has_new_games(models: ModelStore, system_ids: Sequence[str], history: Path) -> bool:
    """Return whether the training rows in a file are newer than those of the newest model of some system.

    Between two seasons a model gets older, and another one would learn the same. Without any rows the training itself
    says what it lacks.
    """
    last: date | None = pl.scan_parquet(history).select(pl.col("game_date").max()).collect().item()
    newest = [models.trained_through(system_id) for system_id in system_ids]
    return last is None or any(through is None or through < last for through in newest)
