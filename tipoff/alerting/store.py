"""Stores the book of alerts in `alerts.jsonl` of the exports: one JSON line for each alert, with what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from tipoff.alerting.book import AlertBook, AlertRecord, add_event
from tipoff.storage.base import Change
from tipoff.vocabulary import Finding, Severity, counted

PATH: Final = "alerts.jsonl"
UNREADABLE_PATH: Final = "alerts.unreadable.jsonl"
"""Where lines are kept that cannot be read, such as the half of a line that another program wrote."""

_ALWAYS_WRITTEN: Final = {"game_date", "key", "at", "step", "severity", "text"}

BookChange = Callable[[AlertBook], AlertBook]


class AlertStore(Protocol):
    """The exports, as far as alerts need them: `tipoff.publishing.store.ExportStore`."""

    def read(self, path: str) -> bytes | None:
        """Return an export, or None if there is none."""

    def update(self, path: str, change: Change) -> bool:
        """Replace an export; no other writer comes in between, and `change` runs again if one did."""


class _Lines(NamedTuple):
    """What the file holds: the book, and the lines that cannot be read."""

    book: AlertBook
    unreadable: tuple[bytes, ...]


def read_book(store: AlertStore) -> AlertBook:
    """Return all alerts. Raises StorageError."""
    return _parsed(store.read(PATH)).book


def update_book(store: AlertStore, change: BookChange, now: datetime) -> AlertBook:
    """Change the book and return it as it is then; an unchanged one is not written. Raises StorageError.

    Unreadable lines are moved to a file of their own, and one more alert counts them.
    """
    after = AlertBook()

    def with_change(present: bytes | None) -> bytes | None:
        nonlocal after
        book, unreadable = _parsed(present)
        after = change(book)
        if unreadable:
            after = add_event(after, _keep_aside(store, unreadable), now)
        return None if after == book and not unreadable else _joined(map(_line, after.alerts))

    store.update(PATH, with_change)
    return after


def raise_alert(store: AlertStore, finding: Finding, at: datetime) -> None:
    """Add an alert about an event, unless its date has one with its key. Raises StorageError."""
    update_book(store, lambda book: add_event(book, finding, at), at)


def _parsed(content: bytes | None) -> _Lines:
    alerts, unreadable = [], []
    for line in (content or b"").splitlines():
        try:
            alerts.append(AlertRecord.model_validate_json(line))
        except ValueError:
            unreadable.append(line)
    return _Lines(AlertBook(alerts=tuple(alerts)), tuple(unreadable))


def _keep_aside(store: AlertStore, unreadable: Iterable[bytes]) -> Finding:
    """Add lines to the file of unreadable lines; the finding that counts all of them."""
    kept: list[bytes] = []

    def with_lines(present: bytes | None) -> bytes:
        kept[:] = dict.fromkeys((*(present or b"").splitlines(), *unreadable))
        return _joined(kept)

    store.update(UNREADABLE_PATH, with_lines)
    summary = f"{counted(len(kept), 'line')} of {PATH} could not be read; kept in {UNREADABLE_PATH}"
    return Finding(key=f"alerts:unreadable:{len(kept)}", severity=Severity.WARNING, summary=summary)


def _line(alert: AlertRecord) -> bytes:
    """The line of an alert: what happened always, and the rest where there is something to say."""
    changed = alert.model_dump(mode="json", exclude_defaults=True)
    fields: dict[str, Any] = {**alert.model_dump(mode="json", include=_ALWAYS_WRITTEN), **changed}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
