"""Reads and writes the export of the day status, `status.json`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from pydantic import ValidationError

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import Completeness, Edition, decode
from tipoff.publishing.export import Export
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import DataQuality, DayStatus, Frozen, RunState

STATUS: Final = Export(
    "status",
    "v1/status/{game_date}.json",
    "How a day goes: its state, its steps, what is missing, and what it waits for until when.",
    "whenever something of it changes",
    DayStatus,
    pointer="v1/status.json",
)
_IN_TROUBLE: Final = (RunState.NEEDS_ATTENTION, RunState.FAILED, RunState.CANCELLED)
"""States in which a day lacks something, also if no step was degraded."""


class PublishResult(Frozen):
    """What an export wrote: its paths and its number of rows."""

    paths: tuple[str, ...]
    rows: int


def read_status(export: Mapping[str, Any]) -> DayStatus:
    """Parse the status of a day from its export. Raises BadInputError that names the missing or invalid field."""
    try:
        return DayStatus.model_validate({name: export[name] for name in DayStatus.model_fields if name in export})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInputError(f"this is not a day status: {where}: {first['msg']}") from error


def status_path(game_date: date) -> str:
    """Return the path of the exported status of a date."""
    return STATUS.path.format(game_date=game_date)


def exported_status(store: ExportStore, game_date: date) -> DayStatus | None:
    """Return the last exported status of a date; None if there is none or it cannot be read. Raises StorageError."""
    content = store.read(status_path(game_date))
    try:
        return read_status(decode(content)) if content else None
    except (BadInputError, ValueError):
        return None


def publish_status(store: ExportStore, status: DayStatus, generated_at: datetime) -> PublishResult:
    """Export the status of a day."""
    open_degradations = [each for each in status.degradations if each.resolved_at is None]
    content = Completeness(
        empty=status.data_quality is DataQuality.EMPTY and status.state not in _IN_TROUBLE,
        degraded=(
            *([status.sentence] if status.state in _IN_TROUBLE else ()),
            *(each.reason for each in open_degradations),
        ),
        missing_games=tuple(game for each in open_degradations for game in each.missing_games),
        backfilled=status.backfilled,
    )
    envelope = Edition(status.game_date, status.now, generated_at).envelope(content)
    return PublishResult(paths=write_export(store, STATUS, envelope, status), rows=len(status.steps))
