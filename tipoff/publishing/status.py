"""The day's status as readers of the exports see it, and its export `status.json`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from tipoff.errors import BadInputError
from tipoff.publishing.envelope import Envelope, export_status, put, put_pointer
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import DataQuality, Frozen, Phase, RunState, SlateGame, StepState

POINTER: Final = "v1/status.json"


class _Said(BaseModel):
    """Part of a status that is read here; what else it says is passed on unread."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Step(_Said):
    """Where one step stands."""

    name: str
    title: str
    phase: Phase
    state: StepState
    rows: int = 0
    reason: str = ""
    next_poll: AwareDatetime | None = None
    hard_deadline: AwareDatetime | None = None


class Degradation(_Said):
    """Something the day did without, since when, and when it came after all."""

    step: str
    reason: str
    games: tuple[str, ...] = ()
    since: AwareDatetime
    resolved_at: AwareDatetime | None = None


class Attention(_Said):
    """A parked step and what a person may do."""

    step: str
    reason: str
    since: AwareDatetime
    options: tuple[str, ...] = ()


class AuditEntry(_Said):
    """One message of a person and what became of it."""

    at: AwareDatetime
    via: str
    message: str
    target: str = ""
    who: str = ""
    why: str = ""
    accepted: bool
    answer: str = ""


class DayStatus(_Said):
    """What a day says of itself."""

    game_date: date
    state: RunState
    data_quality: DataQuality
    sentence: str
    """State, place and reason in one sentence."""
    now: AwareDatetime
    """The day's clock."""
    games: tuple[SlateGame, ...] = ()
    postponed_games: tuple[str, ...] = ()
    predictions_due: AwareDatetime | None = None
    first_published_at: AwareDatetime | None = None
    refreshed_at: tuple[AwareDatetime, ...] = ()
    steps: tuple[Step, ...] = ()
    degradations: tuple[Degradation, ...] = ()
    attention: tuple[Attention, ...] = ()
    audit: tuple[AuditEntry, ...] = ()


class PublishResult(Frozen):
    """What an export wrote: its paths, the rows it tells of, and its immutable version where it keeps versions."""

    paths: tuple[str, ...]
    rows: int
    version: str | None = None


def read_status(status: Mapping[str, Any]) -> DayStatus:
    """The status of a day from its JSON form. Raises BadInputError naming what is missing or wrong."""
    try:
        return DayStatus.model_validate(status)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInputError(f"this is no status of a day: {where}: {first['msg']}") from error


def publish_status(store: ExportStore, status: Mapping[str, Any], generated_at: datetime) -> PublishResult:
    """Export a day's status, whole, with its audit trail; `v1/status.json` never goes back to an earlier date."""
    day = read_status(status)
    standing = [each for each in day.degradations if each.resolved_at is None]
    reasons = tuple(dict.fromkeys(each.reason for each in standing))
    missing = tuple(sorted({game for each in standing for game in each.games}))
    envelope = Envelope(
        game_date=day.game_date,
        generated_at=generated_at,
        as_of=day.now,
        status=export_status(empty=day.data_quality is DataQuality.EMPTY, degraded=reasons, missing_games=missing),
        degraded_reasons=reasons,
        missing_games=missing,
    )
    payload = {key: value for key, value in status.items() if key != "game_date"}
    dated = f"v1/status/{day.game_date}.json"
    put(store, dated, envelope, payload)
    put_pointer(store, POINTER, envelope, payload)
    return PublishResult(paths=(dated, POINTER), rows=len(day.steps))
