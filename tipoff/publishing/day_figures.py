"""The figures of days that are watched by machines: state, parked steps, and how early predictions came out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tipoff.publishing.status import exported_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import DayStatus, Frozen, RunState, game_date_of

NO_RUN: Final = "NO_RUN"
STATES: Final = (*RunState, NO_RUN)
DAYS: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}
"""Name of a day -> its date, counted from the current Eastern date."""


class DayFigures(Frozen):
    """The figures of one day."""

    state: str = NO_RUN
    steps_needing_attention: int = 0
    predictions_lead_seconds: float | None = None
    """From the first publication of predictions to the first tip-off; None before both are known."""


def day_figures(store: ExportStore, now: datetime) -> dict[str, DayFigures]:
    """Return the figures of yesterday, today and tomorrow by their last exported status. Raises StorageError."""
    today = game_date_of(now)
    return {name: _figures(exported_status(store, today + timedelta(days=days))) for name, days in DAYS.items()}


def _figures(status: DayStatus | None) -> DayFigures:
    if status is None:
        return DayFigures()
    return DayFigures(
        state=status.state,
        steps_needing_attention=len(status.attention),
        predictions_lead_seconds=_lead_seconds(status),
    )


def _lead_seconds(status: DayStatus) -> float | None:
    first_tip = min((game.tip_off for game in status.games if game.tip_off), default=None)
    if first_tip is None or status.first_published_at is None:
        return None
    return (first_tip - status.first_published_at).total_seconds()
