"""How declared schedules are compared with those on the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

from runtime.schedule_changes import Change, ChangeKind, Difference, changes, times_of
from runtime.schedules import DECLARATIONS
from workflows.contracts.schedules import ScheduleName

DECLARED = {"times": "0 5 * * * America/New_York", "overlap": "skip"}


def test_every_name_has_one_declaration_with_its_reason() -> None:
    assert [each.name for each in DECLARATIONS] == list(ScheduleName)
    assert all(each.why for each in DECLARATIONS)


def test_no_daily_schedule_falls_into_the_hours_in_which_clocks_change() -> None:
    hours = {hour for each in DECLARATIONS for hour in each.times.hour if each.name is not ScheduleName.WATCHDOG}
    assert all(hour.start >= 3 for hour in hours)


def test_a_schedule_is_created_changed_deleted_or_left_as_it_is() -> None:
    existing = {"same": DECLARED, "other": {**DECLARED, "overlap": "allow_all"}, "old": DECLARED}
    declared = {"new": DECLARED, "same": DECLARED, "other": DECLARED}
    new, same, other, old = changes(declared, existing)
    assert (new.kind, {each.what: (each.before, each.after) for each in new.differences}) == (
        ChangeKind.CREATE,
        {what: ("", value) for what, value in DECLARED.items()},
    )
    assert same == Change(name="same", kind=ChangeKind.NONE)
    assert other == Change(
        name="other",
        kind=ChangeKind.UPDATE,
        differences=(Difference(what="overlap", before="allow_all", after="skip"),),
    )
    assert old == Change(name="old", kind=ChangeKind.DELETE)


@pytest.mark.parametrize(
    ("calendar", "text"),
    [
        ({"hour": (ScheduleRange(5),)}, "0 5 * * *"),
        ({"minute": (ScheduleRange(0, 59, 15),), "hour": (ScheduleRange(0, 23),)}, "*/15 * * * *"),
        ({"hour": (ScheduleRange(9, 17, 2), ScheduleRange(20))}, "0 9-17/2,20 * * *"),
        ({"month": (ScheduleRange(1, 6), ScheduleRange(10, 12))}, "0 0 * 1-6,10-12 *"),
        ({"day_of_month": (ScheduleRange(1),), "day_of_week": (ScheduleRange(2),)}, "0 0 1 * 2"),
        ({"second": (ScheduleRange(30),), "year": (ScheduleRange(2027),)}, "0 0 * * * second 30 year 2027"),
    ],
)
def test_a_calendar_reads_as_a_cron_expression(calendar: dict[str, Any], text: str) -> None:
    assert times_of(ScheduleSpec(calendars=[ScheduleCalendarSpec(**calendar)], time_zone_name="Zone")) == f"{text} Zone"


@pytest.mark.parametrize(
    "unusual",
    [
        {"intervals": [ScheduleIntervalSpec(every=timedelta(hours=1))]},
        {"skip": [ScheduleCalendarSpec()]},
        {"end_at": datetime(2027, 1, 1, tzinfo=UTC)},
        {"jitter": timedelta(minutes=1)},
    ],
)
def test_times_that_no_cron_expression_has_are_a_difference(unusual: dict[str, Any]) -> None:
    usual = times_of(ScheduleSpec(calendars=[ScheduleCalendarSpec()]))
    assert usual == "0 0 * * * UTC"
    assert times_of(ScheduleSpec(calendars=[ScheduleCalendarSpec()], **unusual)) != usual


def test_a_pause_is_no_difference() -> None:
    paused = ScheduleSpec(calendars=[ScheduleCalendarSpec()], start_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert times_of(paused) == "0 0 * * * UTC"
