"""The status of a day that has no steps."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tipoff.vocabulary import DataQuality, DayStatus, Phase, RunState


def status_without_steps(game_date: date, now: datetime, **changes: Any) -> DayStatus:
    """Return the status of a running day; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "game_date": game_date,
        "state": RunState.RUNNING,
        "phase": Phase.COLLECT,
        "data_quality": DataQuality.UNKNOWN,
        "sentence": "collects",
        "now": now,
        "virtual": False,
        "held": False,
        "games": (),
        "postponed_games": (),
        "predictions_due": None,
        "first_published_at": None,
        "refreshed_at": (),
        "steps": (),
        "counts": {},
        "degradations": (),
        "attention": (),
        "alerts": (),
        "audit": (),
    }
    return DayStatus(**fields | changes)
