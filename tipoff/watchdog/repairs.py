"""What the watchdog does about a fault, by rule: pure decisions of an observation and of what was tried before.

Every repair can be made again at any time with the same result: a computation replaces its own slice, a poll lands the
same response once, and a run has one id. So the rules decide only when it is worth another attempt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import (
    Attention,
    DayStatus,
    Phase,
    Repair,
    RepairAttempt,
    RepairKind,
    RunState,
    StepState,
    StepStatus,
    clock_time,
    eastern,
)
from tipoff.watchdog.checks import STALE_DAYS
from tipoff.watchdog.observation import Observation, RunningDay

FIRST_RETRY_AFTER: Final = timedelta(minutes=3)


class Rule(NamedTuple):
    """How often a fault is repaired: each time after twice the wait before."""

    first_after: timedelta
    attempts: int


RULES: Final = {
    RepairKind.POLL_AGAIN: Rule(FIRST_RETRY_AFTER, 6),
    RepairKind.RECOMPUTE: Rule(FIRST_RETRY_AFTER, 6),
    RepairKind.REFRESH_LINES: Rule(timedelta(minutes=15), 3),
    RepairKind.START_DAY: Rule(timedelta(minutes=5), 2),
    RepairKind.RERUN_RESULTS: Rule(timedelta(minutes=5), 3),
    RepairKind.START_TRAINING: Rule(timedelta(hours=1), 2),
}
LINES_OUTDATED_AFTER: Final = timedelta(hours=2, minutes=20)
"""Lines are polled every two hours at least; a poll may be late by as much as a rate limit takes."""
LINES_NEEDED_WITHIN: Final = timedelta(hours=2)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class _Fault(NamedTuple):
    """A repair, and since when it is needed."""

    repair: Repair
    since: datetime


def repairs(observation: Observation, attempts: Sequence[RepairAttempt]) -> tuple[Repair, ...]:
    """What to repair now. Without a server nothing can be repaired."""
    if observation.server_problem:
        return ()
    faults = (*_parked(observation), *_outdated_lines(observation), *_not_started(observation))
    others = (*_failed(observation), *_stale_training(observation))
    return tuple(fault.repair for fault in (*faults, *others) if _is_due(fault, attempts, observation.as_of))


def _is_due(fault: _Fault, attempts: Sequence[RepairAttempt], now: datetime) -> bool:
    """Whether the next attempt may be made: after a wait that doubles, and not for ever."""
    rule = RULES[fault.repair.kind]
    earlier = [attempt.at for attempt in attempts if attempt.repair.cause == fault.repair.cause]
    if len(earlier) >= rule.attempts:
        return False
    wait = rule.first_after * float(2 ** len(earlier))
    return now - max([fault.since, *earlier]) >= wait


def _parked(observation: Observation) -> Iterator[_Fault]:
    for day in _answering(observation):
        steps = {step.name: step for step in day.status.steps}
        for item in day.status.attention:
            if item.step in steps and not _refuses(item.step, observation):
                age = day.now - item.since
                yield _Fault(_retry(day.game_date, steps[item.step], item), observation.as_of - age)


def _answering(observation: Observation) -> Iterator[RunningDay]:
    """The days that execute commands: a paused run rejects them."""
    return (day for day in observation.running_days(current=True) if not day.run.is_paused)


def _refuses(step: str, observation: Observation) -> bool:
    """Whether its provider gets no requests now: its cooldown or its credits are the cause, and it has not passed."""
    source = SOURCES.get(step)
    return source is not None and source.provider.host in observation.refusing_hosts


def _retry(game_date: date, step: StepStatus, item: Attention) -> Repair:
    is_source = step.name in SOURCES
    kind = RepairKind.POLL_AGAIN if is_source else RepairKind.RECOMPUTE
    what = "poll it and its fallback sources again" if is_source else "compute its slice again"
    why = f"parked since {clock_time(item.since, game_date)}: {item.reason}"
    return Repair(kind=kind, game_date=game_date, step=step.name, why=f"{what}: {why}")


def _outdated_lines(observation: Observation) -> Iterator[_Fault]:
    """Lines that are older than their polls allow, shortly before a tip-off."""
    for day in _answering(observation):
        tips = (game.tip_off for game in day.status.games if game.tip_off)
        if not any(day.now < tip <= day.now + LINES_NEEDED_WITHIN for tip in tips):
            continue
        for step in day.status.steps:
            if (outdated_since := _outdated_since(step)) <= day.now and not _refuses(step.name, observation):
                polled = clock_time(outdated_since - LINES_OUTDATED_AFTER, day.game_date)
                why = f"polled last {polled}, and games tip off soon"
                repair = Repair(kind=RepairKind.REFRESH_LINES, game_date=day.game_date, step=step.name, why=why)
                yield _Fault(repair, observation.as_of - (day.now - outdated_since))


def _outdated_since(step: StepStatus) -> datetime:
    """When the data of a source of lines became outdated; never for any other step."""
    is_lines = step.phase is Phase.LINES and step.name in SOURCES and step.state is not StepState.RUNNING
    return step.last_poll + LINES_OUTDATED_AFTER if is_lines and step.last_poll else _NEVER


def _not_started(observation: Observation) -> Iterator[_Fault]:
    """Only today's day: the dates before are backfilled by an operator."""
    schedule, today = observation.schedule("day"), observation.day(observation.today)
    due = eastern(observation.today, 5)
    if schedule is None or today is None or today.has_run or not schedule.is_active(observation.as_of):
        return
    if due >= max(schedule.created_at, schedule.starts_at or schedule.created_at):
        why = f"it was scheduled for {clock_time(due, today.game_date)} and did not start"
        yield _Fault(Repair(kind=RepairKind.START_DAY, game_date=today.game_date, why=why), due)


def _failed(observation: Observation) -> Iterator[_Fault]:
    """Results and grades of a day that ended without them; nothing else of an ended day can still be made."""
    for day in observation.days:
        status = day.status
        if day.run is None and day.execution == "FAILED" and status is not None and _lacks_results(status):
            repair = Repair(kind=RepairKind.RERUN_RESULTS, game_date=day.game_date, why=status.sentence)
            yield _Fault(repair, day.ended_at or observation.as_of)


def _lacks_results(status: DayStatus) -> bool:
    """Whether a day failed after its predictions were published: what it lacks is results or grades."""
    return status.state is RunState.FAILED and not status.virtual and status.first_published_at is not None


def _stale_training(observation: Observation) -> Iterator[_Fault]:
    is_training = any(run.workflow == "TrainingWorkflow" for run in observation.runs)
    if observation.game_dates_to_learn and not is_training and (stale := observation.stale_systems(STALE_DAYS)):
        why = ", ".join(map(observation.learned_text, stale))
        due = eastern(observation.today, 0)
        yield _Fault(Repair(kind=RepairKind.START_TRAINING, game_date=observation.today, why=why), due)
