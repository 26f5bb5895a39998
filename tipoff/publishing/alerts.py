"""Alerts: one JSON line each in `alerts.jsonl` of the export store; the same alert twice is one line."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import AwareDatetime, Field

from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Frozen, Severity

PATH: Final = "alerts.jsonl"


class Alert(Frozen):
    """Something a person should know; `key` tells it from the date's other alerts."""

    game_date: date
    key: str = Field(min_length=1)
    at: AwareDatetime
    """On the day's clock."""
    step: str = ""
    """Step of the day it is about, if one."""
    severity: Severity = Severity.WARNING
    text: str
    """What happened, to what, and what to do."""


def raise_alert(store: ExportStore, alert: Alert) -> bool:
    """Add the alert unless its (game_date, key) has one; whether it was added. Raises StorageError."""
    with store.exclusive():
        standing = store.read(PATH) or b""
        if any((each.game_date, each.key) == (alert.game_date, alert.key) for each in _parse(standing)):
            return False
        return store.write_if_changed(PATH, standing + alert.model_dump_json().encode() + b"\n")


def alerts_of(store: ExportStore, game_date: date) -> tuple[Alert, ...]:
    """The alerts of a date, oldest first."""
    return tuple(each for each in _parse(store.read(PATH) or b"") if each.game_date == game_date)


def _parse(content: bytes) -> list[Alert]:
    return [Alert.model_validate_json(line) for line in content.splitlines()]
