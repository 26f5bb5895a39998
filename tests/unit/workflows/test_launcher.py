"""What each schedule starts, and when it is too late for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy

from runtime.schedules import DECLARATIONS, declared_schedules
from runtime.workers import WORKFLOWS
from tipoff.vocabulary import eastern
from workflows.contracts import DayInput, TrainingInput
from workflows.contracts.schedules import (
    LauncherInput,
    ScheduledRun,
    ScheduleName,
)
from workflows.launcher import is_too_late, launch_of
from workflows.search_attributes import GAME_DATE

MONDAY = date(2027, 3, 15)
DAY_WINDOW = timedelta(hours=19)


def launcher(name: ScheduleName, latest: timedelta = DAY_WINDOW, replay: str = "") -> LauncherInput:
    return LauncherInput(schedule=name, latest=latest, replay=replay)


@pytest.mark.parametrize("name", list(ScheduleName))
def test_every_schedule_starts_a_workflow_of_the_worker(name: ScheduleName) -> None:
    defined = {workflow._Definition.must_from_class(each).name for each in WORKFLOWS}
    launch = launch_of(launcher(name), eastern(MONDAY, 9, 45))
    assert launch.workflow in defined
    assert launch.summary


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        (ScheduleName.DAY, "daily-pipeline-2027-03-15"),
        (ScheduleName.TRAINING, "training-2027-03-15"),
        (ScheduleName.WATCHDOG, "watchdog"),
        (ScheduleName.MORNING_CHECK, "morning-check-2027-03-15"),
        (ScheduleName.RETENTION, "retention-2027-03-15"),
    ],
)
def test_a_run_has_an_id_of_the_eastern_date_of_its_scheduled_time(name: ScheduleName, id_: str) -> None:
    for scheduled in (eastern(MONDAY, 0), eastern(MONDAY, 23, 59)):
        assert launch_of(launcher(name), scheduled).id == id_


def test_a_day_runs_by_the_real_clock_and_one_of_a_replay_by_its_virtual_one() -> None:
    real = launch_of(launcher(ScheduleName.DAY), eastern(MONDAY, 5))
    replayed = launch_of(launcher(ScheduleName.DAY, replay="var/demo"), eastern(MONDAY, 5))
    assert real.input == DayInput(game_date=MONDAY)
    assert isinstance(replayed.input, DayInput)
    assert (replayed.input.clock.starts_at, replayed.input.replay) == (eastern(MONDAY, 5), "var/demo")
    assert real.attributes[GAME_DATE] == "2027-03-15"
    assert "retry-step" in real.details


def test_a_training_is_of_the_games_before_its_date() -> None:
    at = eastern(MONDAY, 9, 45)
    assert launch_of(launcher(ScheduleName.TRAINING), at).input == TrainingInput(before=MONDAY, as_of=at)
    assert launch_of(launcher(ScheduleName.RETENTION), at).input == ScheduledRun(game_date=MONDAY, as_of=at)


def test_the_watchdog_and_a_training_start_again_under_the_id_of_an_ended_run() -> None:
    """The day's training of the date ended if none was due. An operator may have run, failed or cancelled its day."""
    again = {
        name
        for name in ScheduleName
        if launch_of(launcher(name), eastern(MONDAY, 5)).reuse is WorkflowIDReusePolicy.ALLOW_DUPLICATE
    }
    assert again == {ScheduleName.TRAINING, ScheduleName.WATCHDOG}


SCHEDULED = eastern(MONDAY, 5)


@pytest.mark.parametrize(
    ("started", "now", "too_late"),
    [
        (SCHEDULED, SCHEDULED, False),
        (SCHEDULED, eastern(MONDAY, 23, 59), False),
        (SCHEDULED, SCHEDULED + DAY_WINDOW, False),
        (SCHEDULED, SCHEDULED + DAY_WINDOW + timedelta(seconds=1), True),
        (SCHEDULED, SCHEDULED + timedelta(days=3), True),
        # The server was down until the evening, and the workers until the next morning.
        (eastern(MONDAY, 23), SCHEDULED + timedelta(hours=24), True),
        # The schedule's backfill call was used for a past date.
        (SCHEDULED + timedelta(days=9), SCHEDULED + timedelta(days=9), False),
        (SCHEDULED + timedelta(days=9), SCHEDULED + timedelta(days=10), False),
    ],
)
def test_a_run_is_too_late_if_no_worker_served_it_in_time(started: datetime, now: datetime, *, too_late: bool) -> None:
    assert is_too_late(launcher(ScheduleName.DAY), SCHEDULED, started, now) == too_late


@pytest.mark.parametrize("day", [MONDAY, date(2027, 3, 14), date(2027, 11, 7)], ids=["usual", "spring", "autumn"])
def test_after_downtime_the_day_of_today_starts_and_no_earlier_one(day: date) -> None:
    window = next(each.catch_up for each in DECLARATIONS if each.name is ScheduleName.DAY)
    assert eastern(day, 5) + window == eastern(day + timedelta(days=1), 0)


def test_the_launcher_knows_the_window_of_its_schedule() -> None:
    for each in DECLARATIONS:
        schedule = declared_schedules()[each.name]
        (input_,) = schedule.action.args  # type: ignore[attr-defined]
        assert (input_.schedule, input_.latest) == (each.name, schedule.policy.catchup_window)


def test_the_weekly_schedules_fall_between_the_grades_and_the_predictions() -> None:
    utc = datetime(2027, 3, 16, 13, 45, tzinfo=UTC)
    assert launch_of(launcher(ScheduleName.TRAINING), utc).id == "training-2027-03-16"
