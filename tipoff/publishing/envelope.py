"""The envelope around the payload of every export, and writing exports to the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import count
from typing import Any, Final, NamedTuple

from pydantic import AwareDatetime

from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Frozen, game_date_of

SCHEMA_VERSION: Final = 1


class ExportStatus(StrEnum):
    """Completeness of an export."""

    COMPLETE = "complete"
    DEGRADED = "degraded"  # inputs or games are missing; see degraded_reasons and missing_games
    EMPTY = "empty"  # the date has no games
    STALE = "stale"  # a newer version should exist by now


class Envelope(Frozen):
    """The common fields of every export. `as_of` is on the day's clock, `generated_at` on the wall clock."""

    schema_version: int = SCHEMA_VERSION
    game_date: date
    generated_at: AwareDatetime
    as_of: AwareDatetime
    status: ExportStatus
    degraded_reasons: tuple[str, ...] = ()
    missing_games: tuple[str, ...] = ()
    backfilled: bool = False
    """Every prediction of it was made after its game began."""


class Edition(NamedTuple):
    """What is published: a date as known at `as_of` on the day's clock, and what the day lacks then."""

    game_date: date
    as_of: datetime
    generated_at: datetime
    """Wall-clock time."""
    degraded: Sequence[str] = ()
    missing_games: Sequence[str] = ()

    @property
    def is_of_today(self) -> bool:
        """Whether the date is today's on the day's clock."""
        return game_date_of(self.as_of) == self.game_date

    def envelope(
        self,
        *,
        empty: bool = False,
        degraded: Sequence[str] = (),
        missing_games: Sequence[str] = (),
        stale: bool = False,
        backfilled: bool = False,
    ) -> Envelope:
        """Return the envelope of an export; the arguments are what its content says of itself."""
        reasons = tuple(dict.fromkeys((*self.degraded, *degraded)))
        missing = tuple(sorted({*self.missing_games, *missing_games}))
        return Envelope(
            game_date=self.game_date,
            generated_at=self.generated_at,
            as_of=self.as_of,
            status=export_status(empty=empty, degraded=reasons, missing_games=missing, stale=stale),
            degraded_reasons=reasons,
            missing_games=missing,
            backfilled=backfilled,
        )


def export_status(
    *, empty: bool, degraded: Sequence[str], missing_games: Sequence[str], stale: bool = False
) -> ExportStatus:
    """Return the status of an export; `empty` means that its date has no games."""
    if empty:
        return ExportStatus.EMPTY
    if stale:
        return ExportStatus.STALE
    return ExportStatus.DEGRADED if degraded or missing_games else ExportStatus.COMPLETE


def encode(envelope: Envelope, payload: Mapping[str, Any]) -> bytes:
    """Encode an export as UTF-8 JSON that is also safe inside an HTML page."""
    text = json.dumps(
        {**envelope.model_dump(mode="json"), **payload},
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
        separators=(",", ":"),
    )
    return text.translate(_UNSAFE_IN_HTML).encode()


def decode(content: bytes) -> dict[str, Any]:
    """Decode an export."""
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def put(store: ExportStore, path: str, envelope: Envelope, payload: Mapping[str, Any]) -> bool:
    """Store an export unless only `generated_at` differs; return whether it was written."""
    content = encode(envelope, payload)
    return store.update(path, lambda present: None if _comparable(present) == _comparable(content) else content)


def put_version(store: ExportStore, stem: str, envelope: Envelope, payload: Mapping[str, Any]) -> str:
    """Store an immutable export and return its path: `stem.json`, or `stem-2.json` if another one exists."""
    content = encode(envelope, payload)
    for number in count(1):
        path = f"{stem}.json" if number == 1 else f"{stem}-{number}.json"
        if store.create(path, content):
            break
        store.update(path, lambda present: content if _comparable(present) is None else None)
        if _comparable(store.read(path)) == _comparable(content):
            break
    return path


def put_pointer(store: ExportStore, path: str, envelope: Envelope, payload: Mapping[str, Any]) -> bool:
    """Update `today` or `latest` unless it has a later date already; return whether it has this date now."""
    content = encode(envelope, payload)
    is_later = False

    def with_this_date(present: bytes | None) -> bytes | None:
        nonlocal is_later
        existing = _comparable(present)
        is_later = existing is not None and date.fromisoformat(existing["game_date"]) > envelope.game_date
        return None if is_later or existing == _comparable(content) else content

    store.update(path, with_this_date)
    return not is_later


def _comparable(content: bytes | None) -> dict[str, Any] | None:
    """Return an export without `generated_at`; None if it is missing or damaged."""
    try:
        export = decode(content) if content is not None else None
    except ValueError:
        return None
    return export and {key: value for key, value in export.items() if key != "generated_at"}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be encoded in an export")


_UNSAFE_IN_HTML: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
