"""Escalates alerts about steps that failed or degraded on one of the two dates before, too."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from tipoff.publishing.status import exported_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, DayStatus, Severity

TROUBLE: Final = ("parked", "degraded", "fallback_games", "outdated", "inputs")
"""The kinds of alerts about a step that failed or degraded."""

_REPEATS: Final = {
    (True, True): "third day in a row",
    (True, False): "second day in a row",
    (False, True): "second time in three days",
}
"""Trouble on the date before, and on the one before that -> what it is today."""


def escalated(store: ExportStore, game_date: date, alert: Alert) -> Alert:
    """Return the alert as critical and with what it repeats if its step had trouble on one of the two dates before."""
    if not alert.step or not _is_trouble(alert):
        return alert
    before = [alert.step in _exported_trouble(store, game_date - timedelta(days=days)) for days in (1, 2)]
    repeat = _REPEATS.get((before[0], before[1]))
    if repeat is None:
        return alert
    return alert.model_copy(update={"severity": Severity.CRITICAL, "text": f"{repeat}: {alert.text}"})


def _is_trouble(alert: Alert) -> bool:
    return alert.key.removeprefix(f"{alert.step}:").split(":")[0] in TROUBLE


def steps_in_trouble(status: DayStatus) -> set[str]:
    """The steps of a date that failed or degraded, by its status."""
    alerts = {alert.step for alert in status.alerts if _is_trouble(alert)}
    return {*alerts, *(item.step for item in status.degradations), *(item.step for item in status.attention)}


def _exported_trouble(store: ExportStore, game_date: date) -> set[str]:
    """The steps that failed or degraded, by the last status of a date; none for a date without a readable one."""
    status = exported_status(store, game_date)
    return steps_in_trouble(status) if status else set()
