"""Stores alerts in `alerts.jsonl` of the export store, one JSON line per date and key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Final

from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert

PATH: Final = "alerts.jsonl"


def raise_alert(store: ExportStore, game_date: date, alert: Alert) -> bool:
    """Add an alert unless the date has one with its key; return whether it was added. Raises StorageError."""
    with store.exclusive():
        current = store.read(PATH) or b""
        if any(each.key == alert.key for each in _alerts_in(current, game_date)):
            return False
        line = {"game_date": game_date.isoformat(), **alert.model_dump(mode="json")}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        return store.write_if_changed(PATH, current + text.encode() + b"\n")


def alerts_of(store: ExportStore, game_date: date) -> tuple[Alert, ...]:
    """Return the alerts of a date, oldest first."""
    return tuple(_alerts_in(store.read(PATH) or b"", game_date))


def _alerts_in(content: bytes, game_date: date) -> Iterator[Alert]:
    for line in map(json.loads, content.splitlines()):
        if line.pop("game_date") == game_date.isoformat():
            yield Alert.model_validate(line)
