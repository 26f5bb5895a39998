"""Brings the alerts of a day into the book: events once, and what stands for as long as it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from tipoff.alerting.book import AT_ONCE, AlertBook, AlertRecord, add_event, reconcile
from tipoff.alerting.store import update_book
from tipoff.publishing.repeats import escalated
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, DayStatus, Finding, RunState, Severity, step_names

HELD_FOR: Final = timedelta(minutes=8)
"""How long the watchdog has to repair a parked step before anybody is called."""
_OVER: Final = (RunState.COMPLETE, RunState.CANCELLED)
"""States of a day in which nothing has to be done about it. A failed day is not over: it needs a re-run."""
_STATUS: Final = "starter.py status --date {date}"
_SOURCES: Final = "starter.py sources --date {date}"
_RETRY_SCHEDULE: Final = f"starter.py retry-step --step {step_names.SCHEDULE} --date {{date}}"
STEP_COMMANDS: Final[Mapping[str, str]] = {
    "degraded": _SOURCES,
    "fallback_games": _SOURCES,
    "refresh_failed": _SOURCES,
    "outdated": _SOURCES,
    "overdue": _SOURCES,
    "blocked": _SOURCES,
    "address_blocked": _SOURCES,
    "credits": _SOURCES,
    "quota_spent": _SOURCES,
    "bad_key": "starter.py doctor",
    "unknown_games": _RETRY_SCHEDULE,
    "replan": _RETRY_SCHEDULE,
    "unresolved": "starter.py unresolved --date {date}",
    "damaged_model": "starter.py train --date {date}",
}
"""What helps with a kind of alert; with any other the status, which names what the day waits for and would accept."""


def update_day_alerts(store: ExportStore, status: DayStatus, new: Collection[str]) -> None:
    """Add the new alerts of a day, given by their keys, and resolve those that no longer stand. Raises StorageError.

    The alert of a parked step stands while the step is parked, a critical one until the day is over; any other is an
    event.
    """
    alerts = [escalated(store, status.game_date, alert) for alert in status.alerts if alert.key in new]
    scope, of_parked = f"day:{status.game_date}", f"day:{status.game_date}:parked"

    def change(book: AlertBook) -> AlertBook:
        for alert in alerts:
            if _is_parked_now(alert, status):
                book = _opened(book, of_parked, _of_parked_step(alert, status), alert.at, HELD_FOR)
            elif _concerns_day(alert, status):
                book = _opened(book, scope, _finding(alert, status), alert.at)
            else:
                book = add_event(book, _finding(alert, status), alert.at)
        parked = (each.finding for each in _of_scope(book, of_parked) if _is_parked_now(each, status))
        book = reconcile(book, of_parked, parked, status.now)
        critical = (each.finding for each in _of_scope(book, scope) if _concerns_day(each, status))
        return reconcile(book, scope, critical, status.now)

    update_book(store, change, status.now)


def _opened(book: AlertBook, scope: str, finding: Finding, at: datetime, hold: timedelta = AT_ONCE) -> AlertBook:
    """The book with one more alert of a scope."""
    others = (each.finding for each in _of_scope(book, scope))
    return reconcile(book, scope, (*others, finding), at, hold)


def _of_scope(book: AlertBook, scope: str) -> list[AlertRecord]:
    return [alert for alert in book.open_alerts if scope in alert.scopes]


def _is_parked_now(alert: Alert | AlertRecord, status: DayStatus) -> bool:
    return _is_about_parking(alert) and any(item.step == alert.step for item in status.attention)


def _concerns_day(alert: Alert | AlertRecord, status: DayStatus) -> bool:
    is_critical = alert.severity is Severity.CRITICAL and not _is_about_parking(alert)
    return is_critical and status.state not in _OVER


def _is_about_parking(alert: Alert | AlertRecord) -> bool:
    return _kind(alert) == "parked"


def _kind(alert: Alert | AlertRecord) -> str:
    return alert.key.removeprefix(f"{alert.step}:").split(":")[0]


def _of_parked_step(alert: Alert, status: DayStatus) -> Finding:
    """The finding with the command that helps; it has the same key however often the step was parked before."""
    finding = _finding(alert, status)
    options = [option for item in status.attention if item.step == alert.step for option in item.options]
    same = {"key": f"{alert.step}:parked", "command": options[0] if options else finding.command}
    return finding.model_copy(update=same)


def _finding(alert: Alert, status: DayStatus) -> Finding:
    return Finding(
        key=alert.key,
        severity=alert.severity,
        summary=alert.text,
        command=STEP_COMMANDS.get(_kind(alert), _STATUS).format(date=status.game_date),
        game_date=status.game_date,
        step=alert.step,
    )
