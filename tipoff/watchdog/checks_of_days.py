"""Checks of the days: started, moving, in time, graded. Pure functions of an observation.

A fault is found within `WITHIN` of its cause: each threshold here leaves room for one pass of the watchdog and one that
was lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from tipoff.alerting.rules import findings_of_day
from tipoff.publishing.repeats import steps_in_trouble
from tipoff.vocabulary import (
    DAY_STARTS_AT,
    RESULTS_DUE_AT,
    SETTLED,
    Finding,
    RepairAttempt,
    RunState,
    Severity,
    StepState,
    StepStatus,
    clock_time,
    counted,
    eastern,
    game_date_of,
)
from tipoff.watchdog.observation import GRACE, DayFacts, Observation
from tipoff.watchdog.rule_facts import facts_of_day

PASS_EVERY: Final = timedelta(minutes=5)
"""How often the watchdog looks; `workflows/watchdog.py` has the same."""
REPAIR_TIME: Final = timedelta(minutes=8)
"""How long a fault is left to the first repair; with a pass more it is still reported within 15 minutes."""
FAILING_ATTEMPTS: Final = 5
FAILED_EXECUTIONS: Final = frozenset({"FAILED", "TERMINATED", "TIMED_OUT"})
REPEATED_DAYS: Final = 2
"""A step that failed on so many of the last three dates has a cause that no single day shows."""


def not_started(observation: Observation) -> Iterator[Finding]:
    """A scheduled day was not started: today's may still be, yesterday's can only be backfilled."""
    schedule = observation.schedule("day")
    if schedule is None or not schedule.is_active(observation.as_of):
        return
    for day in observation.days:
        due = eastern(day.game_date, *DAY_STARTS_AT)
        paused = schedule.starts_at is not None and due < schedule.starts_at
        is_late = schedule.created_at < due <= observation.as_of - REPAIR_TIME
        if is_late and not day.has_run and not paused:
            is_today = day.game_date == observation.today
            later = "" if is_today else "; it can only be backfilled"
            yield Finding(
                key="not_started",
                severity=Severity.CRITICAL if is_today else Severity.WARNING,
                summary=f"{day.game_date} was scheduled for {clock_time(due, day.game_date)} and did not start{later}",
                command=f"starter.py --date {day.game_date}",
                game_date=day.game_date,
                since=due,
            )


def failed(observation: Observation) -> Iterator[Finding]:
    """A day ended failed, and nothing runs that would repair it."""
    for day in observation.days:
        age = observation.as_of - day.ended_at if day.ended_at else REPAIR_TIME
        # The server forgets a run after its retention.
        ended = day.execution or (day.ended.status if day.ended else "")
        if day.run is None and ended in FAILED_EXECUTIONS and age >= REPAIR_TIME:
            said = day.status.sentence if day.status and day.status.state is RunState.FAILED else ended.lower()
            yield Finding(
                key="failed",
                severity=Severity.CRITICAL,
                summary=f"{day.game_date} ended: {said}",
                command=f"starter.py --date {day.game_date} --rerun",
                game_date=day.game_date,
                since=day.ended_at,
            )


def rules_of_days(observation: Observation) -> Iterator[Finding]:
    """The rules of alerts about the day of today; a backfill has other times."""
    for day in observation.running_days(current=True):
        if game_date_of(day.now) == day.game_date:
            yield from findings_of_day(facts_of_day(day))


def no_answer(observation: Observation) -> Iterator[Finding]:
    """Workers poll, but none answers for a running day."""
    for day in observation.days:
        if day.run is not None and day.no_answer and observation.as_of - day.run.started_at >= GRACE:
            yield Finding(
                key="no_answer",
                severity=Severity.WARNING,
                summary=f"no worker answers for {day.game_date}: {day.no_answer}",
                command=f"starter.py status --date {day.game_date}",
                game_date=day.game_date,
            )


def parked(observation: Observation) -> Iterator[Finding]:
    """A step of a running day waits for an operator."""
    for day in observation.running_days():
        steps = {step.name: step for step in day.status.steps}
        for item in day.status.attention:
            step = steps.get(item.step)
            yield Finding(
                key=f"{item.step}:parked",  # that of the day's own alert, so that both are one
                severity=Severity.CRITICAL if step is None or step.critical else Severity.WARNING,
                summary=f"{day.status.label_of(item.step)} needs an operator: {item.reason}",
                command=next(iter(item.options), ""),
                game_date=day.game_date,
                step=item.step,
                since=item.since,
            )


def awaits_repair(finding: Finding, observation: Observation, attempts: Sequence[RepairAttempt]) -> bool:
    """Whether a parked step is left to its first repair: it was parked just now and nothing was tried yet."""
    day = next((day for day in observation.running_days() if day.game_date == finding.game_date), None)
    if day is None or finding.since is None or not observation.watchdog_runs:
        return False
    was_repaired = any((each.repair.game_date, each.repair.step) == (day.game_date, finding.step) for each in attempts)
    return not was_repaired and day.now - finding.since < REPAIR_TIME


def failing_activities(observation: Observation) -> Iterator[Finding]:
    """An activity of a day fails again and again, or its workers die."""
    for day in observation.days:
        for activity in day.run.activities if day.run else ():
            if activity.attempt >= FAILING_ATTEMPTS:
                why = activity.last_failure or "workers died while it ran"
                yield Finding(
                    key=f"activity:{activity.name}",
                    severity=Severity.WARNING,
                    summary=f"{activity.name} of {day.game_date} failed {counted(activity.attempt - 1, 'time')}: {why}",
                    command=f"starter.py status --date {day.game_date}",
                    game_date=day.game_date,
                    since=activity.since,
                )


def stuck(observation: Observation) -> Iterator[Finding]:
    """A running day does not poll what is due, although nothing of it runs."""
    for day in observation.running_days(current=True):
        overdue = [step for step in day.status.steps if _is_overdue(step, day.now)]
        if overdue and not day.run.activities and not day.status.held:
            first = min(overdue, key=lambda step: step.next_poll or day.now)
            yield Finding(
                key="stuck",
                severity=Severity.CRITICAL,
                summary=f"{day.game_date} does not move: {first.label} was due and was not polled",
                command=f"starter.py retry-step --step {first.name} --date {day.game_date}",
                game_date=day.game_date,
                since=first.next_poll,
            )


def _is_overdue(step: StepStatus, now: datetime) -> bool:
    waits = step.state in {StepState.PENDING, StepState.LATE}
    return waits and not step.waits_for and step.next_poll is not None and step.next_poll <= now - GRACE


def deadlines_missed(observation: Observation) -> Iterator[Finding]:
    """A step is open after its hard deadline."""
    for day in observation.running_days(current=True):
        for step in day.status.steps:
            if _missed_deadline(step, day.now):
                yield Finding(
                    key=f"{step.name}:deadline",
                    severity=Severity.WARNING,
                    summary=f"{step.label} of {day.game_date} is open after its deadline: {step.reason}",
                    command=f"starter.py skip-step --step {step.name} --date {day.game_date}",
                    game_date=day.game_date,
                    step=step.name,
                    since=step.hard_deadline,
                )


def _missed_deadline(step: StepStatus, now: datetime) -> bool:
    is_open = step.state not in {*SETTLED, StepState.FAILED, StepState.RUNNING}
    return is_open and step.hard_deadline is not None and step.hard_deadline <= now - GRACE


def grades_incomplete(observation: Observation) -> Iterator[Finding]:
    """Yesterday is not graded by 9:00, or it ended with predictions that have no grade."""
    game_date = observation.today - timedelta(days=1)
    yesterday = observation.day(game_date)
    due = eastern(observation.today, *RESULTS_DUE_AT)
    if yesterday is None or observation.as_of < due + GRACE or not _has_predictions(yesterday):
        return
    if yesterday.run is not None and yesterday.status is not None:
        what = f"is not graded yet: {yesterday.status.sentence}"
    elif yesterday.ended is not None and yesterday.ended.graded < yesterday.ended.predictions:
        what = (
            f"has {counted(yesterday.ended.graded, 'grade')} for {counted(yesterday.ended.predictions, 'prediction')}"
        )
    else:
        return
    yield Finding(
        key="grades",
        severity=Severity.WARNING,
        summary=f"{yesterday.game_date} {what}",
        command=f"starter.py status --date {yesterday.game_date}",
        game_date=yesterday.game_date,
        since=due,
    )


def _has_predictions(day: DayFacts) -> bool:
    if day.run is not None:
        return day.status is not None and day.status.first_published_at is not None
    return day.ended is not None and day.ended.predictions > 0


def repeated_failures(observation: Observation) -> Iterator[Finding]:
    """The same step failed or degraded on two of three days."""
    last_three = [observation.day(observation.today - timedelta(days=days)) for days in range(3)]
    statuses = [day.status for day in last_three if day and day.status]
    counts = Counter(step for status in statuses for step in steps_in_trouble(status))
    for name, days in sorted(counts.items()):
        if days >= REPEATED_DAYS:
            label = next(status.label_of(name) for status in statuses if name in steps_in_trouble(status))
            yield Finding(
                key=f"repeated:{name}",
                severity=Severity.WARNING,
                summary=f"{label} failed or degraded on {days} of the last 3 days",
                command="starter.py sources",
                step=name,
            )
