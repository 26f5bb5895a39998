"""Exports how each date ended.

It is the date's row of `daily_phase_status`: readers need neither Temporal, which forgets ended runs, nor the
warehouse, which only one process may have open if it is a DuckDB file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from pydantic import AwareDatetime

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import Completeness, Edition, decode
from tipoff.publishing.export import Export
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import DataQuality, Frozen, RunState


class EndedDay(Frozen):
    """What is listed of a date that ended."""

    game_date: date
    status: RunState
    """How the newest run of the date ended."""
    data_quality: DataQuality
    backfilled: bool
    """The run began after the games."""
    games: int
    predictions: int
    """Players predicted, counted for each view of each system."""
    graded: int
    """Predictions with a grade."""
    publication_minutes: float | None
    """From the first read schedule to the first predictions; null without any."""
    success_rate: float | None
    """Share of successes among the executions of all steps of all runs that succeeded or failed."""
    sentence: str
    """How it ended, in one sentence."""
    ended_at: AwareDatetime


class PhaseStatus(EndedDay):
    """The row of a date in `daily_phase_status`."""

    runs: int
    """Runs of the date, re-runs included."""
    slate_rows: int
    """The most rows of each step of the phase, added up; so for each phase."""
    collect_rows: int
    lines_rows: int
    context_rows: int
    predict_rows: int
    publish_rows: int
    follow_rows: int
    results_rows: int
    grade_rows: int
    steps: tuple[str, ...]
    """Steps that succeeded or failed at least once."""
    success_rates: tuple[float, ...]
    """The share of successes of each of these steps."""


class DaysPayload(Frozen):
    """How the date ended."""

    day: PhaseStatus


DAYS: Final = Export(
    "days",
    "v1/days/{game_date}.json",
    "How a date ended: state, data quality, rows of each phase, success rates of the steps.",
    "when a run of the date has ended",
    DaysPayload,
    reads=("daily_phase_status",),
)


def publish_ended_day(store: ExportStore, row: Mapping[str, Any], generated_at: datetime) -> None:
    """Export a row of `daily_phase_status`."""
    day = PhaseStatus.model_validate(row)
    is_whole = day.status is RunState.COMPLETE and day.data_quality is not DataQuality.DEGRADED
    is_empty = day.data_quality is DataQuality.EMPTY
    content = Completeness(
        empty=is_empty, degraded=() if is_whole or is_empty else (day.sentence,), backfilled=day.backfilled
    )
    envelope = Edition(day.game_date, day.ended_at, generated_at).envelope(content)
    write_export(store, DAYS, envelope, DaysPayload(day=day))


def read_ended_day(store: ExportStore, game_date: date) -> EndedDay | None:
    """Return how a date ended; None if none of its runs has. Raises BadInputError, StorageError."""
    path = DAYS.path.format(game_date=game_date)
    content = store.read(path)
    try:
        return _listed(decode(content)["day"]) if content else None
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{store.location(path)} is not the export of a day") from error


def _listed(row: Mapping[str, Any]) -> EndedDay:
    return EndedDay.model_validate({name: row[name] for name in EndedDay.model_fields})
