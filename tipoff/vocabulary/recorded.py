"""What a finished day recorded; a re-run starts from it."""

from __future__ import annotations

from typing import Final

from pydantic import AwareDatetime

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.day import Degradation
from tipoff.vocabulary.plan import SlateGame

RERUN_DAYS: Final = 730
"""How long responses, and rows that only a re-run of their date reads, are kept in the cloud: two seasons."""


class RecordedBatch(Frozen):
    """A batch landed during a day: its source, its key and when it was collected."""

    source: str
    batch_key: str
    as_of: AwareDatetime


class PredictionRun(Frozen):
    """A time at which predictions were made: for which games, and by which systems."""

    as_of: AwareDatetime
    game_ids: tuple[str, ...]
    systems: tuple[str, ...]


class RecordedDay(Frozen):
    """Slate, landed batches, prediction runs and degradations of a finished day, oldest first."""

    games: tuple[SlateGame, ...]
    batches: tuple[RecordedBatch, ...]
    prediction_runs: tuple[PredictionRun, ...]
    degradations: tuple[Degradation, ...] = ()
    has_run: bool = True
    """Whether a run predicted the date, or collected anything of it before it was past."""
    backfilled: bool = False
    """All its prediction runs were after the games."""
