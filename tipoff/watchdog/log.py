"""Stores the repairs of the watchdog, one JSON line each; for operators they are part of the audit trail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from tipoff.publishing.store import ExportStore
from tipoff.redaction import redact
from tipoff.vocabulary import WATCHDOG, RepairAttempt

PATH: Final = "repairs.jsonl"


def log_repairs(store: ExportStore, attempts: Sequence[RepairAttempt]) -> int:
    """Append repairs that the log does not have yet; return their number. Raises StorageError."""
    lines = [_line(attempt) for attempt in attempts]
    added = 0

    def with_lines(present: bytes | None) -> bytes | None:
        nonlocal added
        known = (present or b"").splitlines()
        new = [line for line in lines if line not in known]
        added = len(new)
        return b"".join(line + b"\n" for line in (*known, *new)) if new else None

    if lines:
        store.update(PATH, with_lines)
    return added


def _line(attempt: RepairAttempt) -> bytes:
    repair = attempt.repair
    fields = {
        "at": attempt.at.isoformat(),
        "who": WATCHDOG,
        "game_date": repair.game_date.isoformat(),
        "repair": repair.kind.value,
        "step": repair.step,
        "why": redact(repair.why),
        "accepted": attempt.accepted,
        "result": redact(attempt.result),
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
