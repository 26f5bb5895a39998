"""Checks of the server, the workers, the schedules and what all days share: pure functions of an observation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from tipoff.alerting.rules import findings_of_installation
from tipoff.sources.budget import WARN_FROM
from tipoff.vocabulary import Finding, Severity, clock_time, counted, date_named
from tipoff.watchdog.observation import Observation, RunFacts
from tipoff.watchdog.rule_facts import facts_of_installation

DAY_QUEUE: Final = "tipoff-day"
WEDGED_ATTEMPTS: Final = 3
"""A workflow task that failed so often fails each time: a killed worker costs one attempt."""
WEDGED_AFTER: Final = timedelta(minutes=1)
MISSED_FOR: Final = timedelta(hours=24)
"""How long a missed run stays a finding; it cannot be made up for."""
MANY_EVENTS: Final = 10_000
"""The server warns here; a day stays far below (`workflows/event_count.py`)."""
TOO_MANY_EVENTS: Final = 40_000
"""The server ends a run at 51,200."""
STALE_DAYS: Final = 8
"""A weekly training knows every game that is older; the day in which it is repaired is not reported."""
_DAY_WORKFLOW_ID: Final = "daily-pipeline-"

START_WORKER: Final = ".venv/bin/python worker.py"


def server(observation: Observation) -> Iterator[Finding]:
    """No Temporal server answers."""
    if observation.server_problem:
        yield Finding(
            key="server", severity=Severity.CRITICAL, summary=observation.server_problem, command="make server"
        )


def no_worker(observation: Observation) -> Iterator[Finding]:
    """No worker runs the workflows, so nothing happens at all."""
    for queue in observation.queues:
        if (queue.queue, queue.kind) == (DAY_QUEUE, "workflows") and not queue.is_served:
            last = f", the last one polled {clock_time(queue.last_polled)}" if queue.last_polled else ""
            yield Finding(
                key="no_worker",
                severity=Severity.CRITICAL,
                summary=f"no worker runs{last}: no day goes on, and none is started",
                command=START_WORKER,
                since=queue.last_polled,
            )


def unserved_queues(observation: Observation) -> Iterator[Finding]:
    """No worker serves one of the queues."""
    for queue in observation.queues:
        if not queue.is_served:
            yield Finding(
                key=f"queue:{queue.name}",
                severity=Severity.CRITICAL,
                summary=f"no worker serves {queue.name}: steps of this queue wait",
                command=f"{START_WORKER} --queues {queue.queue}",
                since=queue.last_polled,
            )


def lost_workers(observation: Observation) -> Iterator[Finding]:
    """A worker died while others go on."""
    for worker in observation.lost_workers:
        yield Finding(
            key=f"lost_worker:{worker.name}",
            severity=Severity.WARNING,
            summary=f"the worker of {', '.join(worker.queues)} ({worker.name}) ended without stopping",
            command=f"{START_WORKER} --queues {' '.join(worker.queues)}",
            since=worker.last_heartbeat,
        )


def not_observed(observation: Observation) -> Iterator[Finding]:
    """A part of the facts could not be read, so it was not checked."""
    for problem in observation.problems:
        yield Finding(
            key=f"not_observed:{problem.partition(':')[0]}",
            severity=Severity.WARNING,
            summary=f"not checked: {problem}",
            command="starter.py doctor",
        )


def watchdog_stopped(observation: Observation) -> Iterator[Finding]:
    """The watchdog itself does not run."""
    if not observation.watchdog_runs:
        yield Finding(
            key="watchdog",
            severity=Severity.WARNING,
            summary="the watchdog does not run: nothing watches the days",
            command="starter.py watchdog",
        )


def paused_runs(observation: Observation) -> Iterator[Finding]:
    """A run is paused in the Temporal UI; only there it can be unpaused."""
    for run in observation.runs:
        if run.is_paused:
            yield Finding(
                key=f"paused:{run.workflow_id}",
                severity=Severity.WARNING,
                summary=f"{run.workflow_id} is paused in the Temporal UI: its timers go on and commands are rejected. "
                "Unpause it there",
                command=f"temporal workflow unpause --workflow-id {run.workflow_id}",
                game_date=game_date_of_run(run),
            )


def wedged_runs(observation: Observation) -> Iterator[Finding]:
    """The code of a run fails at each attempt, usually since it does not match the history of the run."""
    for run in observation.runs:
        if is_wedged(run, observation.as_of):
            yield Finding(
                key=f"wedged:{run.workflow_id}",
                severity=Severity.CRITICAL,
                summary=_wedged_summary(run),
                command=f"temporal workflow describe --workflow-id {run.workflow_id}",
                game_date=game_date_of_run(run),
                since=run.task_since,
            )


def is_wedged(run: RunFacts, now: datetime) -> bool:
    """Whether workers cannot execute a run's code: they failed several times, or once by non-determinism."""
    if run.is_nondeterministic:
        return True
    is_old = run.task_since is not None and now - run.task_since >= WEDGED_AFTER
    return run.task_attempt >= WEDGED_ATTEMPTS and is_old


def _wedged_summary(run: RunFacts) -> str:
    if run.is_nondeterministic:
        return (
            f"{run.workflow_id} is wedged: the workers' code does not match its history (non-determinism). Stop the "
            f"workers and start those of the version that it began with; it then goes on by itself: {run.problem}"
        )
    why = f": {run.problem}" if run.problem else ""
    return f"{run.workflow_id} is wedged: its code failed {counted(run.task_attempt, 'time')}{why}"


def schedules_missing(observation: Observation) -> Iterator[Finding]:
    """The server lacks schedules: nothing starts what they are for."""
    if missing := observation.missing_schedules:
        yield Finding(
            key="schedules",
            severity=Severity.WARNING,
            summary=f"the server lacks {counted(len(missing), 'schedule')}, so nothing starts: {', '.join(missing)}",
            command="starter.py schedules apply",
        )


def schedules_paused(observation: Observation) -> Iterator[Finding]:
    """A schedule is paused without an end: only the Temporal UI does that."""
    for schedule in observation.schedules:
        if schedule.paused:
            note = f" ({schedule.note})" if schedule.note else ""
            yield Finding(
                key=f"schedule_paused:{schedule.name}",
                severity=Severity.WARNING,
                summary=f"the schedule {schedule.name} is paused without an end{note}: it starts nothing",
                command=f"starter.py schedules resume {schedule.name}",
            )


def schedules_missed(observation: Observation) -> Iterator[Finding]:
    """A schedule missed or skipped runs since the pass before, or on the last day."""
    for missed in observation.missed_runs:
        if missed.grown_at is not None and observation.as_of - missed.grown_at < MISSED_FOR:
            yield Finding(
                key=f"schedule_missed:{missed.schedule}",
                severity=Severity.WARNING,
                summary=f"the schedule {missed.schedule} missed or skipped a run ({missed.count} so far)",
                command="starter.py schedules list",
                since=missed.grown_at,
            )


def training_stale(observation: Observation) -> Iterator[Finding]:
    """A champion has not learned from games that a weekly training should have used."""
    if stale := observation.stale_systems(STALE_DAYS + 1):
        yield Finding(
            key="training",
            severity=Severity.WARNING,
            summary=f"{', '.join(map(observation.learned_text, stale))}: the weekly training did not run, or its "
            "models were rejected",
            command=f"starter.py train --date {observation.today}",
        )


def rules_of_installation(observation: Observation) -> Iterator[Finding]:
    """The rules of alerts about providers."""
    yield from findings_of_installation(facts_of_installation(observation))


def credits_used(observation: Observation) -> Iterator[Finding]:
    """Most or all credits of a paid provider are used."""
    for each in observation.credits:
        share = each.used / each.monthly if each.monthly else 1.0
        if share >= WARN_FROM:
            yield Finding(
                key=f"credits:{each.host}",
                severity=Severity.CRITICAL if share >= 1 else Severity.WARNING,
                summary=f"{each.host}: {each.text}",
                command="starter.py sources",
            )


def long_histories(observation: Observation) -> Iterator[Finding]:
    """A run has far more events than planned."""
    for run in observation.runs:
        if run.events >= MANY_EVENTS:
            yield Finding(
                key=f"events:{run.workflow_id}",
                severity=Severity.CRITICAL if run.events >= TOO_MANY_EVENTS else Severity.WARNING,
                summary=f"{run.workflow_id} has {counted(run.events, 'event')}; the server ends it at 51,200",
                command=f"temporal workflow describe --workflow-id {run.workflow_id}",
                game_date=game_date_of_run(run),
            )


def game_date_of_run(run: RunFacts) -> date | None:
    """The date of a day's run; None for any other run."""
    if not run.workflow_id.startswith(_DAY_WORKFLOW_ID):
        return None
    return date_named(run.workflow_id.removeprefix(_DAY_WORKFLOW_ID))
