"""Reads and writes the export of the day status, `status.json`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from pydantic import ValidationError

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import Envelope, decode, export_status, put, put_pointer
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import DataQuality, DayStatus, Frozen

POINTER: Final = "v1/status.json"


class PublishResult(Frozen):
    """What an export wrote: its paths, its number of rows, and the path of its immutable version if it has one."""

    paths: tuple[str, ...]
    rows: int
    version: str | None = None


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
    return f"v1/status/{game_date}.json"


def exported_status(store: ExportStore, game_date: date) -> DayStatus | None:
    """Return the last exported status of a date; None if there is none or it cannot be read. Raises StorageError."""
    content = store.read(status_path(game_date))
    try:
        return read_status(decode(content)) if content else None
    except (BadInputError, ValueError):
        return None


def publish_status(store: ExportStore, status: DayStatus, generated_at: datetime) -> PublishResult:
    """Export the status of a day; `v1/status.json` never goes back to an earlier date."""
    open_degradations = [each for each in status.degradations if each.resolved_at is None]
    reasons = tuple(dict.fromkeys(each.reason for each in open_degradations))
    missing = tuple(sorted({game for each in open_degradations for game in each.missing_games}))
    envelope = Envelope(
        game_date=status.game_date,
        generated_at=generated_at,
        as_of=status.now,
        status=export_status(empty=status.data_quality is DataQuality.EMPTY, degraded=reasons, missing_games=missing),
        degraded_reasons=reasons,
        missing_games=missing,
    )
    payload = status.model_dump(mode="json", exclude={"game_date"})
    dated = status_path(status.game_date)
    put(store, dated, envelope, payload)
    put_pointer(store, POINTER, envelope, payload)
    return PublishResult(paths=(dated, POINTER), rows=len(status.steps))
