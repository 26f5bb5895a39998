"""Stores alerts in `alerts.jsonl` of the export store, one JSON line per date and key."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, counted

PATH: Final = "alerts.jsonl"
UNREADABLE_PATH: Final = "alerts.unreadable.jsonl"
"""Where lines are kept that cannot be read, such as the half of a line that another program wrote."""


class _DatedAlert(Alert):
    game_date: date


class _Lines(NamedTuple):
    """The lines of the file: those with an alert, and those that cannot be read."""

    alerts: dict[bytes, _DatedAlert]
    unreadable: tuple[bytes, ...]

    def of(self, game_date: date) -> tuple[Alert, ...]:
        """The alerts of a date, oldest first."""
        of_date = (each for each in self.alerts.values() if each.game_date == game_date)
        return tuple(Alert(**each.model_dump(exclude={"game_date"})) for each in of_date)


def raise_alert(store: ExportStore, game_date: date, alert: Alert) -> bool:
    """Add an alert unless the date has one with its key; return whether it was added. Raises StorageError.

    Unreadable lines are moved to a file of their own, and one more alert counts them.
    """
    was_added = False

    def with_alert(present: bytes | None) -> bytes | None:
        nonlocal was_added
        lines = _parsed(present)
        was_added = all(each.key != alert.key for each in lines.of(game_date))
        new = [alert] if was_added else []
        if lines.unreadable:
            new.append(_keep_aside(store, lines.unreadable, alert))
        return _joined((*lines.alerts, *(_line(game_date, each) for each in new))) if new else None

    store.update(PATH, with_alert)
    return was_added


def alerts_of(store: ExportStore, game_date: date) -> tuple[Alert, ...]:
    """Return the alerts of a date, oldest first."""
    return _parsed(store.read(PATH)).of(game_date)


def _parsed(content: bytes | None) -> _Lines:
    alerts, unreadable = {}, []
    for line in (content or b"").splitlines():
        try:
            alerts[line] = _DatedAlert.model_validate_json(line)
        except ValueError:
            unreadable.append(line)
    return _Lines(alerts, tuple(unreadable))


def _keep_aside(store: ExportStore, unreadable: Iterable[bytes], occasion: Alert) -> Alert:
    """Add lines to the file of unreadable lines; the alert that counts all of them."""
    kept: list[bytes] = []

    def with_lines(present: bytes | None) -> bytes:
        kept[:] = dict.fromkeys((*(present or b"").splitlines(), *unreadable))
        return _joined(kept)

    store.update(UNREADABLE_PATH, with_lines)
    text = f"{counted(len(kept), 'line')} of {PATH} could not be read; kept in {UNREADABLE_PATH}"
    return Alert(key=f"alerts:unreadable:{len(kept)}", at=occasion.at, text=text)


def _line(game_date: date, alert: Alert) -> bytes:
    fields = {"game_date": game_date.isoformat(), **alert.model_dump(mode="json")}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _joined(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
