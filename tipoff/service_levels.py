"""Measures the service levels of past dates from their tables, the book of alerts and the audit trail.

Predictions of 99 % of the players with a line are out an hour before tip-off, grades are complete by 09:00, an alert
comes within 15 minutes, and a day needs no person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from tipoff.alerting.book import AlertBook
from tipoff.alerting.store import read_book
from tipoff.plan import RESULTS_DUE, SlateTimes
from tipoff.publishing.status import exported_status
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import DateServiceLevels, DayStatus, ServiceLevels, ServiceLevelsReport, Severity
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text

ALERT_WITHIN: Final = timedelta(minutes=15)
AUTOMATIC: Final = frozenset({"watchdog"})
"""Who gives commands and is no person."""


def service_levels_report(
    warehouse: Warehouse, store: ExportStore, first_date: date, last_date: date
) -> ServiceLevelsReport:
    """Return the service levels of each date with a run that ended, and of all together. Raises StorageError."""
    dates = service_levels(warehouse, store, first_date, last_date)
    return ServiceLevelsReport(dates=dates, together=summed_up(dates))


def service_levels(
    warehouse: Warehouse, store: ExportStore, first_date: date, last_date: date
) -> tuple[DateServiceLevels, ...]:
    """Return the service levels of each date with a run that ended, the newest first. Raises StorageError."""
    dates: Parameters = {"first_date": first_date, "last_date": last_date}
    rows = warehouse.query(sql_text("service_levels"), dates).iter_rows(named=True)
    book = read_book(store)
    return tuple(reversed([_levels(row, book, exported_status(store, row["game_date"])) for row in rows]))


def _levels(row: dict[str, Any], book: AlertBook, status: DayStatus | None) -> DateServiceLevels:
    """The levels of a date. A backfilled date was predicted and graded when somebody wanted it: nothing was due."""
    game_date, has_levels = row["game_date"], bool(row["games"]) and not row["backfilled"]
    return DateServiceLevels(
        game_date=game_date,
        games=row["games"],
        is_backfilled=row["backfilled"],
        lined_players=row["lined_players"] if has_levels else 0,
        predicted_in_time=row["predicted_in_time"] if has_levels else 0,
        grades_complete_at=row["graded_at"] if row["graded_games"] == row["predicted_games"] else None,
        grades_in_time=_are_grades_in_time(row) if has_levels else None,
        slowest_alert_minutes=_slowest_alert(book, game_date),
        people=None if status is None else people_of(status),
    )


def _are_grades_in_time(row: dict[str, Any]) -> bool:
    due = RESULTS_DUE.resolve(SlateTimes(row["game_date"]))
    graded_at: datetime | None = row["graded_at"]
    return row["graded_games"] == row["predicted_games"] and graded_at is not None and graded_at <= due


def _slowest_alert(book: AlertBook, game_date: date) -> float | None:
    """Minutes from the beginning of a trouble to its alert, the longest of the date; None without alerts.

    A validation looks a second time at what was due long before: it does not count.
    """
    urgent = [each for each in book.of_date(game_date) if each.severity is not Severity.INFO]
    delays = [each.at - each.since for each in urgent if each.since and not each.key.startswith("validation:")]
    return max(delays) / timedelta(minutes=1) if delays else None


def people_of(status: DayStatus) -> tuple[str, ...]:
    """Return who gave commands to a day that were accepted, without the watchdog."""
    return tuple(dict.fromkeys(entry.who for entry in status.audit if entry.accepted and entry.who not in AUTOMATIC))


def summed_up(dates: Sequence[DateServiceLevels]) -> ServiceLevels:
    """Return the service levels of all dates together; None where no date has any."""
    lined = sum(each.lined_players for each in dates)
    graded = [each.grades_in_time for each in dates if each.grades_in_time is not None]
    alerts = [each.slowest_alert_minutes for each in dates if each.slowest_alert_minutes is not None]
    known = [each.people for each in dates if each.people is not None]
    return ServiceLevels(
        dates=len(dates),
        predicted_share=sum(each.predicted_in_time for each in dates) / lined if lined else None,
        graded_in_time=_share(graded),
        alerted_in_time=_share(minutes <= ALERT_WITHIN / timedelta(minutes=1) for minutes in alerts),
        days_without_people=_share(not people for people in known),
    )


def _share(kept: Iterable[bool]) -> float | None:
    values = [*kept]
    return sum(values) / len(values) if values else None
