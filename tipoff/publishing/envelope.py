"""What every export carries around its payload, and how an export is put into the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import count
from typing import Any, Final

from pydantic import AwareDatetime

from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Frozen

SCHEMA_VERSION: Final = 1


class ExportStatus(StrEnum):
    """What a reader may expect of an export."""

    COMPLETE = "complete"
    DEGRADED = "degraded"  # something it wanted is not in it; see degraded_reasons and missing_games
    EMPTY = "empty"  # a date without games
    STALE = "stale"  # older than it should be by now


class Envelope(Frozen):
    """Head of every export. `as_of` is the moment on the day's clock, `generated_at` the wall clock's."""

    schema_version: int = SCHEMA_VERSION
    game_date: date
    generated_at: AwareDatetime
    as_of: AwareDatetime
    status: ExportStatus
    degraded_reasons: tuple[str, ...] = ()
    missing_games: tuple[str, ...] = ()


def export_status(
    *, empty: bool, degraded: Sequence[str], missing_games: Sequence[str], stale: bool = False
) -> ExportStatus:
    """The status of an export; `empty`: its date has no games."""
    if empty:
        return ExportStatus.EMPTY
    if stale:
        return ExportStatus.STALE
    return ExportStatus.DEGRADED if degraded or missing_games else ExportStatus.COMPLETE


def encode(envelope: Envelope, payload: Mapping[str, Any]) -> bytes:
    """An export as it is stored: UTF-8 JSON that is also safe inside an HTML page."""
    text = json.dumps(
        {**envelope.model_dump(mode="json"), **payload},
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
        separators=(",", ":"),
    )
    return text.translate(_UNSAFE_IN_HTML).encode()


def decode(content: bytes) -> dict[str, Any]:
    """An export as it was encoded."""
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def put(store: ExportStore, path: str, envelope: Envelope, payload: Mapping[str, Any]) -> bool:
    """Store an export unless it would differ in `generated_at` alone; whether it was written."""
    content = encode(envelope, payload)
    if _says(store.read(path)) == _says(content):
        return False
    return store.write_if_changed(path, content)


def put_version(store: ExportStore, stem: str, envelope: Envelope, payload: Mapping[str, Any]) -> str:
    """Store an export for good and return its path: `stem.json`, or `stem-2.json` where another one stands."""
    content = encode(envelope, payload)
    for number in count(1):
        path = f"{stem}.json" if number == 1 else f"{stem}-{number}.json"
        standing = _says(store.read(path))
        if standing is None:
            store.write_if_changed(path, content)
        if standing in (None, _says(content)):
            break
    return path


def put_pointer(store: ExportStore, path: str, envelope: Envelope, payload: Mapping[str, Any]) -> bool:
    """Store a `today` or `latest` unless it speaks of a later date already; whether it speaks of this one."""
    with store.exclusive():
        standing = _says(store.read(path))
        if standing is not None and date.fromisoformat(standing["game_date"]) > envelope.game_date:
            return False
        put(store, path, envelope, payload)
    return True


def _says(content: bytes | None) -> dict[str, Any] | None:
    """What an export says, apart from when it was written; None for none, and for one too damaged to read."""
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
    raise TypeError(f"{value!r} has no place in an export")


_UNSAFE_IN_HTML: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
