"""The day's status as readers of the exports see it, and its export `status.json`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import Envelope, export_status, put, put_pointer
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import DataQuality, DayStatus, Frozen

POINTER: Final = "v1/status.json"


class PublishResult(Frozen):
    """What an export wrote: its paths, the rows it tells of, and its immutable version where it keeps versions."""

    paths: tuple[str, ...]
    rows: int
    version: str | None = None


def read_status(export: Mapping[str, Any]) -> DayStatus:
    """The status of a day from its export. Raises BadInputError naming what is missing or wrong."""
    try:
        return DayStatus.model_validate({name: export[name] for name in DayStatus.model_fields if name in export})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInputError(f"this is no status of a day: {where}: {first['msg']}") from error


def publish_status(store: ExportStore, status: DayStatus, generated_at: datetime) -> PublishResult:
    """Export a day's status; `v1/status.json` never goes back to an earlier date."""
    open_degradations = [each for each in status.degradations if each.resolved_at is None]
    reasons = tuple(dict.fromkeys(each.reason for each in open_degradations))
    missing = tuple(sorted({game for each in open_degradations for game in each.games}))
    envelope = Envelope(
        game_date=status.game_date,
        generated_at=generated_at,
        as_of=status.now,
        status=export_status(empty=status.data_quality is DataQuality.EMPTY, degraded=reasons, missing_games=missing),
        degraded_reasons=reasons,
        missing_games=missing,
    )
    payload = status.model_dump(mode="json", exclude={"game_date"})
    dated = f"v1/status/{status.game_date}.json"
    put(store, dated, envelope, payload)
    put_pointer(store, POINTER, envelope, payload)
    return PublishResult(paths=(dated, POINTER), rows=len(status.steps))
