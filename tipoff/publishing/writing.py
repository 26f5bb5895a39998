"""Writes exports: the version first, then the file of the date, and last the file without a date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final

from tipoff.publishing.envelope import Envelope, ExportStatus, decode
from tipoff.publishing.export import Export
from tipoff.publishing.export_schema import encoded_schema
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Frozen

DECIMALS: Final = 4


def write_export(
    store: ExportStore, export: Export, envelope: Envelope, payload: Frozen, *, is_final: bool = True, **names: str
) -> tuple[str, ...]:
    """Store an export and return the paths that have its content now; if only `generated_at` differs, nothing changes.

    Whoever reads the file without a date finds the other files, and the schema. `names`: what the path leaves open
    beside the date. A content that is not `is_final` gets no version.
    """
    store.write_once(export.schema_path, encoded_schema(export))
    return tuple(_written(store, export, envelope, encode(export, envelope, payload), names, is_final=is_final))


def _written(
    store: ExportStore, export: Export, envelope: Envelope, content: bytes, names: dict[str, str], *, is_final: bool
) -> Iterator[str]:
    path = export.path.format(game_date=envelope.game_date, **names)
    if export.versions and is_final:
        yield _put_version(store, path.removesuffix(".json"), envelope.as_of, content)
    if export.is_dated:
        store.update(path, lambda present: None if _is_same(present, content) else content)
        yield path
    undated = export.pointer if export.is_dated else path
    is_due = envelope.is_of_today or not export.today_only
    if undated and is_due and _put_without_date(store, undated, envelope.game_date, content):
        yield undated


def encode(export: Export, envelope: Envelope, payload: Frozen) -> bytes:
    """Encode an export as UTF-8 JSON that is also safe inside an HTML page. Raises ValueError for NaN and infinity."""
    if not isinstance(payload, export.payload):
        raise TypeError(f"{export.name} holds {export.payload.__name__}, not {type(payload).__name__}")
    return _json({**envelope.model_dump(mode="json"), **_rounded(payload.model_dump(mode="json"))})


def mark_stale(store: ExportStore, path: str) -> None:
    """Say in a file that it should be newer; a missing or damaged one is left alone."""

    def with_status(present: bytes | None) -> bytes | None:
        export = decode(present) if present is not None and _date_in(present) else {}
        is_current = export.get("status") not in (None, ExportStatus.STALE)
        return _json({**export, "status": ExportStatus.STALE}) if is_current else None

    store.update(path, with_status)


def _json(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE_IN_HTML).encode()


def _put_version(store: ExportStore, folder: str, as_of: datetime, content: bytes) -> str:
    """Store a file that never changes and return its path; if there is another one of the time, it gets a number."""
    stem = f"{folder}/{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for number in count(1):
        path = f"{stem}.json" if number == 1 else f"{stem}-{number}.json"
        if store.create(path, content):
            break
        store.update(path, lambda present: content if _date_in(present) is None else None)
        if _is_same(store.read(path), content):
            break
    return path


def _put_without_date(store: ExportStore, path: str, game_date: date, content: bytes) -> bool:
    """Update a file that shows one date at a time unless it has a later one; return whether it has this date now."""
    is_later = False

    def with_this_date(present: bytes | None) -> bytes | None:
        nonlocal is_later
        is_same = _is_same(present, content)
        is_later = not is_same and (shown := _date_in(present)) is not None and shown > game_date
        return None if is_same or is_later else content

    store.update(path, with_this_date)
    return not is_later


def _is_same(present: bytes | None, content: bytes) -> bool:
    """Whether a stored export differs in nothing but `generated_at`."""
    return present is not None and _GENERATED_AT.sub(b"", present, 1) == _GENERATED_AT.sub(b"", content, 1)


_GENERATED_AT: Final = re.compile(rb'"generated_at":"[^"]*",')
"""It is in the envelope, with which each file begins."""


def _date_in(content: bytes | None) -> date | None:
    """Return the date of a stored export; None if it is missing or damaged."""
    try:
        return date.fromisoformat(decode(content)["game_date"]) if content is not None else None
    except (KeyError, TypeError, ValueError):
        return None


def _rounded(value: Any) -> Any:
    """Return a JSON value with its numbers rounded to DECIMALS, which keeps files small."""
    match value:
        case float():
            return round(value, DECIMALS)
        case dict():
            return {name: _rounded(each) for name, each in value.items()}
        case list():
            return [_rounded(each) for each in value]
    return value


_UNSAFE_IN_HTML: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
