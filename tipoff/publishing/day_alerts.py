"""Brings the alerts of a day into the book: events once, and what stands for as long as it does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tipoff.alerting.book import AlertBook, AlertRecord, add_event, reconcile
from tipoff.alerting.store import finding_of, update_book
from tipoff.publishing.repeats import escalated
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import Alert, DayStatus, Finding, RunState, Severity

_OVER: Final = (RunState.COMPLETE, RunState.CANCELLED)
"""States of a day in which nothing has to be done about it. A failed day is not over: it needs a re-run."""


def update_day_alerts(store: ExportStore, status: DayStatus, new: Collection[str]) -> None:
    """Add the new alerts of a day, given by their keys, and resolve those that no longer stand. Raises StorageError.

    The alert of a parked step stands while the step is parked, a critical one until the day is over; any other is an
    event.
    """
    alerts = [escalated(store, status.game_date, alert) for alert in status.alerts if alert.key in new]
    scope = f"day:{status.game_date}"

    def change(book: AlertBook) -> AlertBook:
        for alert in alerts:
            if not _stands(alert, status):
                book = add_event(book, finding_of(status.game_date, alert), alert.at)
        known = [record.finding for record in book.open_alerts if scope in record.scopes and _stands(record, status)]
        raised = [_finding(alert, status) for alert in alerts if _stands(alert, status)]
        return reconcile(book, scope, [*known, *raised], status.now).book

    update_book(store, change, status.now)


def _stands(alert: Alert | AlertRecord, status: DayStatus) -> bool:
    if _is_parked(alert):
        return alert.key in _keys_of_parked_steps(status)
    return alert.severity is Severity.CRITICAL and status.state not in _OVER


def _keys_of_parked_steps(status: DayStatus) -> set[str]:
    """The last alert of each step that is parked now: a step that was parked before has several."""
    last = {alert.step: alert.key for alert in status.alerts if _is_parked(alert)}
    return {last[item.step] for item in status.attention if item.step in last}


def _is_parked(alert: Alert | AlertRecord) -> bool:
    return alert.key.removeprefix(f"{alert.step}:").split(":")[0] == "parked"


def _finding(alert: Alert, status: DayStatus) -> Finding:
    """The finding with the command that helps a parked step."""
    options = [option for item in status.attention if item.step == alert.step for option in item.options]
    return finding_of(status.game_date, alert).model_copy(update={"command": options[0] if options else ""})
