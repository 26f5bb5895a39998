"""`schedules`: its texts, and the pauses that it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cli.commands import parse
from cli.exit_codes import CommandError, ExitCode
from cli.schedules import LONGEST_PAUSE, _notes, _require_near_future, format_change
from runtime.schedule_changes import Change, ChangeKind, Difference
from runtime.schedules import ScheduleState, ScheduleView

TODAY = date(2026, 11, 30)
UNTIL = date(2027, 10, 1)
NEW = Difference(what="overlap", before="", after="skip")
CHANGED = Difference(what="times", before="a", after="b")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change(name="day", kind=ChangeKind.NONE), "  day            unchanged"),
        (Change(name="old", kind=ChangeKind.DELETE), "- old            is not declared any more: deleted"),
        (
            Change(name="day", kind=ChangeKind.CREATE, differences=(NEW,)),
            "+ day\n    overlap: skip",
        ),
        (
            Change(name="day", kind=ChangeKind.UPDATE, differences=(CHANGED,)),
            "~ day\n    times: a → b",
        ),
    ],
)
def test_a_change_shows_the_value_before_and_after(change: Change, text: str) -> None:
    assert format_change(change) == text


@pytest.mark.parametrize("until", [TODAY - timedelta(days=1), TODAY, TODAY + LONGEST_PAUSE + timedelta(days=1)])
def test_a_pause_that_is_over_or_longer_than_a_year_is_refused(until: date) -> None:
    with pytest.raises(CommandError, match="name a date from 2026-12-01 to 2027-12-01") as refused:
        _require_near_future(until, TODAY)
    assert refused.value.exit_code is ExitCode.REFUSED


def test_a_pause_of_a_day_or_a_year_is_allowed() -> None:
    _require_near_future(TODAY + timedelta(days=1), TODAY)
    _require_near_future(TODAY + LONGEST_PAUSE, TODAY)


@pytest.mark.parametrize(
    "typed",
    [
        "schedules pause --all --why off-season",
        f"schedules pause --all --until {UNTIL}",
        f"schedules pause --until {UNTIL} --why off-season",
        f"schedules pause day --all --until {UNTIL} --why off-season",
        "schedules resume",
    ],
)
def test_a_pause_needs_schedules_an_end_and_a_reason(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(typed.split())
    assert "required" in (error := capsys.readouterr().err) or "not allowed" in error


def test_the_list_names_pauses_with_their_reason_and_what_is_missing() -> None:
    until = datetime(2027, 10, 1, 9, tzinfo=UTC)
    views = (
        ScheduleView(
            name="day",
            state=ScheduleState.PAUSED,
            paused_until=UNTIL,
            note=f"paused until {UNTIL} by Ada: off-season",
            next_run=until,
        ),
        ScheduleView(name="training", state=ScheduleState.PAUSED, note=""),
        ScheduleView(name="watchdog", state=ScheduleState.ACTIVE, next_run=until),
        ScheduleView(name="retention", state=ScheduleState.ABSENT),
    )
    assert _notes(views) == [
        "day is paused until 2027-10-01 by Ada: off-season",
        "training was paused in the Temporal UI, without an end (no reason): starter.py schedules resume training",
        "schedules are missing on the server: starter.py schedules apply",
    ]
