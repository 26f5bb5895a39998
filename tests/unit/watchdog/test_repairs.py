"""What the watchdog repairs by rule: when its cause has passed, after growing waits, and not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.days import GAME_DATE, at
from tests.support.observations import (
    NOON,
    YESTERDAY,
    logged_repairs,
    observation,
    parked,
    run,
    schedule,
    status,
    step,
    today,
    yesterday,
)
from tipoff.publishing.store import open_exports
from tipoff.vocabulary import Phase, Repair, RepairAttempt, RepairKind, RunState, step_names
from tipoff.watchdog.log import log_repairs
from tipoff.watchdog.observation import DayFacts, ModelFacts, Observation
from tipoff.watchdog.repairs import RULES, repairs

MINUTE = timedelta(minutes=1)
FAILED = status(
    game_date=YESTERDAY, state=RunState.FAILED, first_published_at=at(13), sentence="2 predictions are not graded"
)


def kinds(facts: Observation) -> list[tuple[RepairKind, str]]:
    return [(repair.kind, repair.step) for repair in repairs(facts, ())]


def with_today(day: DayFacts, now: datetime = NOON) -> Observation:
    return observation(now, days=(day, yesterday()))


def test_nothing_is_repaired_where_nothing_is_wrong() -> None:
    assert repairs(observation(), ()) == ()


def test_a_parked_computation_runs_again_and_a_parked_source_is_polled_again() -> None:
    since = NOON - 3 * MINUTE
    assert kinds(with_today(today(parked(step_names.FEATURES, since)))) == [(RepairKind.RECOMPUTE, step_names.FEATURES)]
    assert kinds(with_today(today(parked(step_names.INJURY_REPORT, since)))) == [
        (RepairKind.POLL_AGAIN, step_names.INJURY_REPORT)
    ]


def test_a_step_waits_until_its_provider_gets_requests_again() -> None:
    day = today(parked(step_names.INJURY_REPORT, NOON - timedelta(hours=1)))
    blocked = observation(days=(day, yesterday()), refusing_hosts=("ak-static.cms.nba.com",))
    assert repairs(blocked, ()) == ()
    assert len(repairs(observation(days=(day, yesterday())), ())) == 1


NOT_REPAIRED = {
    "parked a moment ago": today(parked(step_names.FEATURES, NOON - 2 * MINUTE)),
    "paused in the UI": today(parked(step_names.FEATURES, at(11)), run=run(is_paused=True)),
    "by an exported status only": today(parked(step_names.FEATURES, at(11)), is_current=False),
}


@pytest.mark.parametrize("case", NOT_REPAIRED)
def test_a_step_is_not_retried(case: str) -> None:
    assert repairs(with_today(NOT_REPAIRED[case]), ()) == ()


def test_attempts_wait_twice_as_long_each_time_and_end() -> None:
    """With passes of a minute, so that only the rule decides."""
    day = today(parked(step_names.FEATURES, NOON))
    attempts: tuple[RepairAttempt, ...] = ()
    for minutes in range(24 * 60):
        now = NOON + minutes * MINUTE
        for repair in repairs(with_today(day, now), attempts):
            attempts += (RepairAttempt(repair=repair, at=now, accepted=True, result=""),)
    waits = [(after - before) // MINUTE for before, after in pairwise([NOON, *(each.at for each in attempts)])]
    assert waits == [3, 6, 12, 24, 48, 96]
    assert len(attempts) == RULES[RepairKind.RECOMPUTE].attempts


def test_outdated_lines_are_polled_before_tip_off() -> None:
    lines = step(step_names.BETTING_LINES, phase=Phase.LINES, last_poll=at(15))
    day = today(status(steps=(lines,)))
    assert kinds(with_today(day, at(17, 35))) == [(RepairKind.REFRESH_LINES, step_names.BETTING_LINES)]
    assert kinds(with_today(day, at(17, 34))) == []
    assert kinds(with_today(day, at(16, 59))) == []
    assert kinds(with_today(day, at(20))) == [], "every game has begun"


def test_only_todays_scheduled_day_is_started() -> None:
    none = today(run=None, execution="", status=None)
    assert kinds(with_today(none, at(5, 5))) == [(RepairKind.START_DAY, "")]
    assert kinds(with_today(none, at(5, 4))) == []
    assert kinds(observation(days=(today(), yesterday(execution="", ended=None)))) == []
    assert kinds(observation(days=(none, yesterday()), schedules=(schedule(paused=True),))) == []
    assert kinds(observation(days=(none, yesterday()), schedules=(schedule(starts_at=at(48)),))) == []
    assert kinds(observation(days=(none, yesterday()), schedules=())) == []


def test_the_results_of_a_failed_day_run_again() -> None:
    failed = yesterday(execution="FAILED", status=FAILED)
    assert kinds(observation(days=(today(), failed))) == [(RepairKind.RERUN_RESULTS, "")]
    unpublished = FAILED.model_copy(update={"first_published_at": None})
    assert kinds(observation(days=(today(), yesterday(execution="FAILED", status=unpublished)))) == []
    assert kinds(observation(days=(today(), yesterday(execution="CANCELED", status=FAILED)))) == []


def test_a_training_that_did_not_run_is_started_once_at_a_time() -> None:
    stale = (ModelFacts(system_id="catboost_v8", trained_through=None),)
    assert kinds(observation(models=stale)) == [(RepairKind.START_TRAINING, "")]
    training = run(workflow_id="training-2024-03-29", workflow="TrainingWorkflow")
    assert kinds(observation(models=stale, runs=(training,))) == []


def test_without_a_server_nothing_is_repaired() -> None:
    day = today(parked(step_names.FEATURES, at(11)))
    assert repairs(observation(days=(day, yesterday()), server_problem="no server"), ()) == ()


def test_every_repair_is_logged_once_with_who_and_why(tmp_path: Path) -> None:
    store = open_exports(f"file://{tmp_path}")
    repair = Repair(kind=RepairKind.RECOMPUTE, game_date=GAME_DATE, step=step_names.FEATURES, why="parked: disk full")
    attempt = RepairAttempt(repair=repair, at=NOON, accepted=True, result="is retried")
    assert log_repairs(store, (attempt,)) == 1
    assert log_repairs(store, (attempt,)) == 0, "a second attempt of the activity adds nothing"
    assert logged_repairs(store) == [
        {
            "at": NOON.isoformat(),
            "who": "watchdog",
            "game_date": "2024-03-29",
            "repair": "recompute",
            "step": step_names.FEATURES,
            "why": "parked: disk full",
            "accepted": True,
            "result": "is retried",
        }
    ]
    assert log_repairs(store, ()) == 0
