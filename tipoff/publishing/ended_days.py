"""Exports how each date ended, `v1/days/DATE.json`.

It is the date's row of `daily_phase_status`: readers need neither Temporal, which forgets ended runs, nor the
warehouse, which only one process may have open if it is a DuckDB file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import Envelope, decode, export_status, put
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import DataQuality, Frozen, RunState


class EndedDay(Frozen):
    """What is listed of a date that ended; the export has all columns of the row."""

    game_date: date
    status: RunState
    data_quality: DataQuality
    backfilled: bool
    games: int
    predictions: int
    graded: int
    publication_minutes: float | None
    success_rate: float | None
    sentence: str
    ended_at: AwareDatetime


def publish_ended_day(store: ExportStore, row: Mapping[str, Any], generated_at: datetime) -> None:
    """Export a row of `daily_phase_status`."""
    day = _listed(row)
    is_whole = day.status is RunState.COMPLETE and day.data_quality is not DataQuality.DEGRADED
    degraded = () if is_whole or day.data_quality is DataQuality.EMPTY else (day.sentence,)
    envelope = Envelope(
        game_date=day.game_date,
        generated_at=generated_at,
        as_of=day.ended_at,
        status=export_status(empty=day.data_quality is DataQuality.EMPTY, degraded=degraded, missing_games=()),
        degraded_reasons=degraded,
        backfilled=day.backfilled,
    )
    put(store, _path(day.game_date), envelope, {"day": dict(row)})


def read_ended_day(store: ExportStore, game_date: date) -> EndedDay | None:
    """Return how a date ended; None if none of its runs has. Raises BadInputError, StorageError."""
    content = store.read(_path(game_date))
    try:
        return _listed(decode(content)["day"]) if content else None
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{store.location(_path(game_date))} is not the export of a day") from error


def _listed(row: Mapping[str, Any]) -> EndedDay:
    return EndedDay.model_validate({name: row[name] for name in EndedDay.model_fields})


def _path(game_date: date) -> str:
    return f"v1/days/{game_date}.json"
