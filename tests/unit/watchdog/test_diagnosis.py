"""What the watchdog finds: each fault alone, the cause without its symptoms, and in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.support.days import GAME_DATE, GAMES, at
from tests.support.notices import reconciled
from tests.support.observations import (
    NOON,
    YESTERDAY,
    ended_day,
    observation,
    parked,
    queues,
    run,
    schedule,
    status,
    step,
    today,
    yesterday,
)
from tipoff.alerting.book import AlertBook, NoticeKind
from tipoff.alerting.facts import ProviderFacts
from tipoff.vocabulary import (
    DayStatus,
    Degradation,
    MissedRuns,
    Repair,
    RepairAttempt,
    RepairKind,
    RunState,
    Severity,
    StepState,
    step_names,
)
from tipoff.watchdog.checks_of_days import PASS_EVERY
from tipoff.watchdog.diagnosis import CHECKS, MAX_FINDINGS, diagnose, is_partial
from tipoff.watchdog.observation import GRACE, ActivityFacts, CreditFacts, LostWorker, ModelFacts, Observation
from workflows.contracts import Queue
from workflows.contracts import watchdog as contracts

MINUTE = timedelta(minutes=1)
WITHIN = 15 * MINUTE
"""A fault is reported so long after its cause at the latest."""
UNTRAINED = (ModelFacts(system_id="catboost_v8", trained_through=None),)
LATE_STEP = step(step_names.BETTING_LINES, StepState.LATE, next_poll=NOON)
OVERDUE_DAY = status(steps=(LATE_STEP,))


def polled_at(next_poll: datetime) -> DayStatus:
    """A day at 15:00 whose predictions are out and whose injury report is polled until the last tip-off."""
    report = step(step_names.INJURY_REPORT, StepState.COMPLETE, next_poll=next_poll)
    return status(at(15), first_published_at=at(13, 20), steps=(report,))


PREDICTED = polled_at(at(15, 10))


def keys(facts: Observation) -> list[str]:
    return [finding.dedupe_key for finding in diagnose(facts)]


def collecting(**changes: object) -> ActivityFacts:
    fields = {"name": "collect", "attempt": 1, "last_failure": "", "since": NOON}
    return ActivityFacts.model_validate({**fields, **changes})


def test_a_healthy_installation_has_no_findings() -> None:
    assert diagnose(observation()) == ()


FAULTS: dict[str, Observation] = {
    "server": observation(server_problem="no Temporal server answers at localhost:7233", queues=queues(*Queue)),
    "no_worker": observation(queues=queues(*Queue)),
    "queue:tipoff-fetch (activities)": observation(queues=queues(Queue.FETCH)),
    "lost_worker:process 8 on a": observation(
        lost_workers=(LostWorker(name="process 8 on a", queues=("tipoff-fetch",), last_heartbeat=NOON),)
    ),
    "not_observed:schedules": observation(problems=("schedules: permission denied",)),
    "watchdog": observation(watchdog_runs=False),
    f"{GAME_DATE}:paused:daily-pipeline-{GAME_DATE}": observation(runs=(run(is_paused=True),)),
    f"{GAME_DATE}:wedged:daily-pipeline-{GAME_DATE}": observation(
        runs=(run(is_nondeterministic=True, task_attempt=2),)
    ),
    "wedged:watchdog": observation(runs=(run(workflow_id="watchdog", task_attempt=3, task_since=NOON - MINUTE),)),
    "schedules": observation(missing_schedules=("training",)),
    "schedule_paused:day": observation(schedules=(schedule(paused=True, note="for the break"),)),
    "schedule_missed:training": observation(
        schedules=(schedule(), schedule("training", missed=2, skipped=1)),
        missed_before=(MissedRuns(schedule="training", count=2),),
    ),
    f"{GAME_DATE}:not_started": observation(at(5, 8), days=(today(run=None, execution="", status=None), yesterday())),
    f"{YESTERDAY}:not_started": observation(days=(today(), yesterday(execution="", ended=None))),
    f"{YESTERDAY}:failed": observation(days=(today(), yesterday(execution="FAILED", ended=None))),
    f"{GAME_DATE}:no_answer": observation(days=(today(is_current=False, no_answer="silent for 3 s"), yesterday())),
    f"{GAME_DATE}:{step_names.FEATURES}:parked": observation(
        days=(today(parked(step_names.FEATURES, NOON - 9 * MINUTE)), yesterday())
    ),
    f"{GAME_DATE}:activity:collect": observation(
        days=(today(run=run(activities=(collecting(attempt=5, last_failure="reset"),))), yesterday())
    ),
    f"{GAME_DATE}:stuck": observation(at(12, 5), days=(today(OVERDUE_DAY), yesterday())),
    f"{GAME_DATE}:no_predictions": observation(at(13, 35), days=(today(status(at(13, 35))), yesterday())),
    f"{GAME_DATE}:{step_names.REFEREES}:deadline": observation(
        days=(today(status(steps=(step(step_names.REFEREES, StepState.LATE, hard_deadline=at(11)),))), yesterday())
    ),
    f"{YESTERDAY}:grades": observation(days=(today(), yesterday(ended=ended_day(graded=1_199)))),
    "training": observation(
        models=(ModelFacts(system_id="catboost_v8", trained_through=GAME_DATE - 10 * 24 * 60 * MINUTE),)
    ),
    "blocked:cdn.nba.com": observation(
        providers=(ProviderFacts(host="cdn.nba.com", usable=90, failed=10, blocked_until=at(14)),)
    ),
    f"{GAME_DATE}:rows:{step_names.PLAYER_CONTEXT}": observation(
        days=(today(status(steps=(step(step_names.PLAYER_CONTEXT, rows=16),))), yesterday())
    ),
    f"{GAME_DATE}:old_input:{step_names.INJURY_REPORT}": observation(
        at(15), days=(today(PREDICTED), yesterday()), last_usable={step_names.INJURY_REPORT: at(12, 59)}
    ),
    f"{GAME_DATE}:few_predictions": observation(
        at(15),
        days=(
            today(PREDICTED.model_copy(update={"games": GAMES * 13}), players_predicted=199),
            yesterday(),
        ),
    ),
    "worker_errors": observation(
        runs=(run(workflow_id="backfill", activities=(collecting(attempt=7, scheduled_at=NOON - 4 * MINUTE),)),)
    ),
    "credits:api.the-odds-api.com": observation(
        credits=(CreditFacts(host="api.the-odds-api.com", used=400, monthly=500, text="400 of 500"),)
    ),
    f"{GAME_DATE}:events:daily-pipeline-{GAME_DATE}": observation(runs=(run(events=10_000),)),
}
"""The key of each fault's only finding -> what is seen of it, with its symptoms."""


@pytest.mark.parametrize("key", FAULTS)
def test_each_fault_is_one_finding_with_what_helps(key: str) -> None:
    (finding,) = diagnose(FAULTS[key])
    assert finding.dedupe_key == key
    assert finding.command
    assert finding.summary


def test_every_check_finds_its_fault() -> None:
    """A check that cannot fail would hide what it is for."""
    checks_with_findings = {
        name for name, check in CHECKS.items() if any(list(check.find(facts)) for facts in FAULTS.values())
    }
    assert checks_with_findings == set(CHECKS) - {"repeated"}


NEARLY: dict[str, Observation] = {
    "a queue polled a moment ago": observation(queues=queues(last_polled=NOON - MINUTE)),
    "a workflow task that a killed worker had": observation(runs=(run(task_attempt=2, task_since=at(11)),)),
    "a workflow task that fails for seconds": observation(runs=(run(task_attempt=5, task_since=NOON),)),
    "a schedule that is paused until a date": observation(
        days=(today(run=None, execution="", status=None), yesterday()), schedules=(schedule(starts_at=at(36)),)
    ),
    "missed runs that the pass before saw": observation(
        schedules=(schedule(missed=2),), missed_before=(MissedRuns(schedule="day", count=2),)
    ),
    "missed runs that are seen for the first time": observation(schedules=(schedule(missed=2),)),
    "missed runs of a day ago": observation(
        schedules=(schedule(missed=2),),
        missed_before=(MissedRuns(schedule="day", count=2, grown_at=NOON - timedelta(hours=24)),),
    ),
    "a day a minute before it must have started": observation(
        at(5, 7), days=(today(run=None, execution="", status=None), yesterday())
    ),
    "a day that a new schedule did not have to start": observation(
        days=(today(run=None, execution="", status=None), yesterday()), schedules=(schedule(created_at=at(6)),)
    ),
    "a day that an operator cancelled": observation(days=(today(run=None, execution="CANCELED"), yesterday())),
    "a step that was parked just now": observation(
        days=(today(parked(step_names.FEATURES, NOON - 7 * MINUTE)), yesterday())
    ),
    "an activity's fourth attempt": observation(
        days=(today(run=run(activities=(collecting(attempt=4),))), yesterday())
    ),
    "a poll that is due for four minutes": observation(at(12, 4), days=(today(OVERDUE_DAY), yesterday())),
    "an overdue poll behind a running activity": observation(
        at(12, 9), days=(today(OVERDUE_DAY, run=run(activities=(collecting(),))), yesterday())
    ),
    "an exported status, which does not have all polls": observation(
        at(13, 35), days=(today(status(), is_current=False), yesterday())
    ),
    "predictions a minute before they are late": observation(at(13, 34), days=(today(status(at(13, 34))), yesterday())),
    "predictions in time": observation(
        at(14), days=(today(status(at(14), first_published_at=at(13, 29))), yesterday())
    ),
    "a day without games": observation(at(14), days=(today(status(at(14), games=())), yesterday())),
    "yesterday's grades before they are due": observation(
        at(9, 4), days=(today(), yesterday(ended=ended_day(graded=0)))
    ),
    "yesterday without predictions": observation(days=(today(), yesterday(ended=ended_day(predictions=0, graded=0)))),
    "an old model in the summer": observation(
        game_dates_to_learn=(), models=(ModelFacts(system_id="x", trained_through=None),)
    ),
    "a day that is backfilled": observation(
        at(38),
        today=GAME_DATE + timedelta(days=1),
        days=(today(status(at(38), predictions_due=None, steps=(step(step_names.PLAYER_CONTEXT, rows=1),))),),
        schedules=(schedule(created_at=at(37)),),
    ),
    "half of the rows": observation(
        days=(today(status(steps=(step(step_names.PLAYER_CONTEXT, rows=17),))), yesterday())
    ),
    "a model that a training of today repairs": observation(
        models=UNTRAINED, game_dates_to_learn=(GAME_DATE - timedelta(days=8),)
    ),
    "a day that failed a moment ago": observation(
        days=(today(), yesterday(execution="FAILED", ended_at=NOON - 7 * MINUTE, ended=None))
    ),
    "credits below four fifths": observation(
        credits=(CreditFacts(host="api.the-odds-api.com", used=399, monthly=500, text="399 of 500"),)
    ),
    "a late input whose poll is due": observation(
        at(15), days=(today(polled_at(at(14, 56))), yesterday()), last_usable={step_names.INJURY_REPORT: at(12, 55)}
    ),
    "an input of two hours ago": observation(
        at(15), days=(today(PREDICTED), yesterday()), last_usable={step_names.INJURY_REPORT: at(13)}
    ),
    "old inputs after the last tip-off": observation(
        at(23), days=(today(PREDICTED.model_copy(update={"now": at(23)})), yesterday()), last_usable={}
    ),
    "inputs that were not observed": observation(at(15), days=(today(PREDICTED), yesterday())),
    "a failed attempt of an old activity": observation(
        runs=(run(workflow_id="backfill", activities=(collecting(attempt=7, scheduled_at=NOON - 6 * MINUTE),)),)
    ),
    "a long history": observation(runs=(run(events=9_999),)),
}


@pytest.mark.parametrize("fact", NEARLY)
def test_what_is_no_fault_yet_is_not_found(fact: str) -> None:
    assert keys(NEARLY[fact]) == []


@pytest.mark.parametrize(("late", "alert"), [(GRACE - timedelta(seconds=1), False), (GRACE, True)])
def test_a_late_input_is_old_as_soon_as_its_poll_is_overdue(late: timedelta, alert: bool) -> None:
    days = (today(polled_at(at(15) - late)), yesterday())
    facts = observation(at(15), days=days, last_usable={step_names.INJURY_REPORT: at(12, 55)})
    assert (f"{GAME_DATE}:old_input:{step_names.INJURY_REPORT}" in keys(facts)) is alert


SYMPTOMS: dict[str, Observation] = {
    "no_worker": observation(
        at(13, 40),
        queues=queues(*Queue),
        runs=(run(task_attempt=1, task_since=at(11)),),
        days=(today(OVERDUE_DAY, is_current=False, no_answer="no worker is running"), yesterday()),
        schedules=(schedule(missed=2),),
        missed_before=(MissedRuns(schedule="day", count=1),),
    ),
    "queue:tipoff-models (activities)": observation(
        at(13, 40),
        queues=queues(Queue.MODELS),
        days=(today(OVERDUE_DAY, run=run(activities=(collecting(attempt=9),))), yesterday()),
    ),
    f"{GAME_DATE}:wedged:daily-pipeline-{GAME_DATE}": observation(
        at(13, 40),
        runs=(run(is_nondeterministic=True),),
        days=(today(OVERDUE_DAY, is_current=False, no_answer="it failed"), yesterday()),
    ),
    f"{GAME_DATE}:{step_names.FEATURES}:parked": observation(
        at(13, 40), days=(today(parked(step_names.FEATURES, at(12), critical=True)), yesterday())
    ),
    f"{YESTERDAY}:failed": observation(
        days=(today(), yesterday(execution="FAILED", ended=ended_day(status=RunState.FAILED, graded=0)))
    ),
}


@pytest.mark.parametrize("cause", SYMPTOMS)
def test_a_cause_hides_its_symptoms(cause: str) -> None:
    assert keys(SYMPTOMS[cause]) == [cause]


def test_a_failed_day_is_found_after_the_server_has_forgotten_its_run() -> None:
    forgotten = yesterday(execution="", ended=ended_day(status=RunState.FAILED))
    assert keys(observation(days=(today(), forgotten))) == [f"{YESTERDAY}:failed"]


def test_a_cause_of_one_day_hides_nothing_of_another() -> None:
    facts = observation(
        runs=(run(YESTERDAY, is_nondeterministic=True),),
        days=(today(parked(step_names.FEATURES, at(11))), yesterday()),
    )
    assert keys(facts) == [
        f"{YESTERDAY}:wedged:daily-pipeline-{YESTERDAY}",
        f"{GAME_DATE}:{step_names.FEATURES}:parked",
    ]


def test_a_missed_run_of_another_schedule_hides_no_day_that_did_not_start() -> None:
    facts = observation(
        at(5, 8),
        days=(today(run=None, execution="", status=None), yesterday()),
        schedules=(schedule(), schedule("watchdog", missed=2)),
        missed_before=(MissedRuns(schedule="watchdog", count=1),),
    )
    assert keys(facts) == ["schedule_missed:watchdog", f"{GAME_DATE}:not_started"]


def test_an_optional_parked_step_does_not_hide_that_there_are_no_predictions() -> None:
    facts = observation(at(13, 40), days=(today(parked(step_names.REFEREES, at(12))), yesterday()))
    assert f"{GAME_DATE}:no_predictions" in keys(facts)


def test_a_slate_that_is_postponed_as_a_whole_needs_no_predictions() -> None:
    day = status(at(13, 40))
    called_off = day.model_copy(update={"postponed_games": tuple(game.game_id for game in day.games)})
    assert keys(observation(at(13, 40), days=(today(called_off), yesterday()))) == []


def test_the_same_step_in_trouble_on_two_of_three_days_is_found() -> None:
    degraded = (Degradation(step=step_names.INJURY_REPORT, reason="blocked", since=at(8)),)
    days = (today(status(degradations=degraded)), yesterday(status=status(degradations=degraded)))
    assert keys(observation(days=days)) == [f"repeated:{step_names.INJURY_REPORT}"]
    assert keys(observation(days=(days[0], yesterday(status=status())))) == []


def test_a_critical_step_is_a_critical_finding() -> None:
    def severity(*, critical: bool) -> Severity:
        parked_day = parked(step_names.FEATURES, at(11), critical=critical)
        (finding,) = diagnose(observation(days=(today(parked_day), yesterday())))
        return finding.severity

    assert severity(critical=True) is Severity.CRITICAL
    assert severity(critical=False) is Severity.WARNING


def test_a_step_that_was_repaired_in_vain_is_reported_at_once() -> None:
    repair = Repair(kind=RepairKind.RECOMPUTE, game_date=GAME_DATE, step=step_names.FEATURES, why="parked")
    attempts = (RepairAttempt(repair=repair, at=NOON - 3 * MINUTE, accepted=True, result="is retried"),)
    facts = observation(days=(today(parked(step_names.FEATURES, NOON - MINUTE)), yesterday()))
    assert [finding.step for finding in diagnose(facts, attempts)] == [step_names.FEATURES]
    assert diagnose(facts) == ()


def test_missed_runs_are_remembered_and_found_until_the_next_day() -> None:
    first = observation(schedules=(schedule(missed=2),)).missed_runs
    assert first == (MissedRuns(schedule="day", count=2),)
    grown = observation(schedules=(schedule(missed=3),), missed_before=first).missed_runs
    assert grown == (MissedRuns(schedule="day", count=3, grown_at=NOON),)
    later = observation(NOON + timedelta(hours=23), schedules=(schedule(missed=3),), missed_before=grown)
    assert later.missed_runs == grown
    assert "schedule_missed:day" in keys(later)


def test_findings_are_limited() -> None:
    runs = tuple(run(workflow_id=f"rate-limiter-{number}", is_paused=True) for number in range(99))
    assert len(diagnose(observation(runs=runs))) == MAX_FINDINGS


# ── in time, once, and the all-clear ─────────────────────────────────────────────────────────────────────

CAUSES: dict[str, tuple[datetime, Callable[[datetime], Observation]]] = {
    "a day does not start": (
        at(5),
        lambda now: observation(now, days=(today(run=None, execution="", status=None), yesterday())),
    ),
    "a day does not move": (at(12), lambda now: observation(now, days=(today(OVERDUE_DAY), yesterday()))),
    "no predictions": (at(13, 30), lambda now: observation(now, days=(today(status(now)), yesterday()))),
    "a step is parked": (
        at(12),
        lambda now: observation(now, days=(today(parked(step_names.FEATURES, at(12))), yesterday())),
    ),
    "yesterday is not graded": (
        at(9),
        lambda now: observation(now, days=(today(), yesterday(ended=ended_day(graded=0)))),
    ),
    "a run is wedged": (
        at(12),
        lambda now: observation(now, runs=(run(task_attempt=9, task_since=at(12)),)),
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_fault_is_found_within_fifteen_minutes_whenever_the_passes_are(cause: str) -> None:
    """The last moment at which it was not found, and one more pass."""
    began, facts = CAUSES[cause]
    found_from = next(minutes for minutes in range(60) if diagnose(facts(began + minutes * MINUTE)))
    assert found_from * MINUTE + PASS_EVERY <= WITHIN
    assert contracts.PASS_EVERY == PASS_EVERY


def test_a_partial_check_clears_no_alert() -> None:
    book, _ = reconciled(AlertBook(), "watchdog", diagnose(FAULTS["queue:tipoff-fetch (activities)"]), NOON)
    unseen = observation(problems=("workers: deadline exceeded",))
    findings = diagnose(unseen)
    assert is_partial(unseen, findings)
    after, _ = reconciled(book, "watchdog", findings, NOON, is_partial=True)
    assert {alert.key for alert in after.open_alerts} == {
        "queue:tipoff-fetch (activities)",
        "not_observed:workers",
    }


def test_an_alert_is_raised_once_and_cleared_when_its_cause_is_gone() -> None:
    book = AlertBook()
    kinds: list[list[NoticeKind]] = []
    for facts in (observation(), *[FAULTS["queue:tipoff-fetch (activities)"]] * 3, observation()):
        book, notices = reconciled(book, "watchdog", diagnose(facts), facts.as_of)
        kinds.append([notice.kind for notice in notices])
    assert kinds == [[], [NoticeKind.TRIGGER], [], [], [NoticeKind.ALL_CLEAR]]
