"""Pure decisions: may a step start, for which games, what does it wait for, and when is something due next?

No I/O and no clock: every decision is a function of the plan, the records and a time. A gate never opens before the
step's inputs are settled, and always decides by the step's hard deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tipoff.vocabulary import Cadence, DayPlan, OnDeadline, PlanStep, PollWhen, Role, SlateGame, StepState, clock_time
from workflows import fallbacks
from workflows.step_records import AnyRecord, ComputeRecord, Records, SourceRecord

START_TAKES = timedelta(minutes=9)
"""How long a run has after its start before a step counts as late: the first polls and computations take minutes."""


@dataclass(frozen=True)
class Ready:
    """Start it now, for these games."""

    games: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """Not now. What it waits for, and when it is polled next (None: when its inputs are there)."""

    missing: tuple[str, ...]
    next_poll: datetime | None
    new_data_coming: bool = False
    """It will bring new data, so the steps that need it wait too."""


@dataclass(frozen=True)
class Degraded:
    """Its hard deadline passed: the day goes on without it."""

    reason: str


@dataclass(frozen=True)
class Parked:
    """Its hard deadline passed, and only an operator can decide how to go on."""

    reason: str


@dataclass(frozen=True)
class Done:
    """Nothing more to do today, as far as is known."""


Acting = Ready | Degraded | Parked
"""Verdicts that make the day act now."""
Verdict = Acting | Waiting | Done


@dataclass(frozen=True)
class _Day:
    """What a verdict is a function of."""

    plan: DayPlan
    records: Records
    bringing_data: set[str]
    """Steps that run, or will run before the steps that need them."""
    now: datetime

    @cached_property
    def begun(self) -> set[str]:
        return self.plan.begun(self.now)

    @cached_property
    def steps(self) -> dict[str, PlanStep]:
        return {step.name: step for step in self.plan.steps}

    def holds(self, need: str) -> bool:
        """Whether an unsettled input keeps others waiting; a parked one if it is critical or polled again in time."""
        step, record = self.steps[need], self.records[need]
        optional = record.state is StepState.FAILED and not step.critical
        return not record.settled and (not optional or _is_polled_in_time(step, record, self.now))


def _is_polled_in_time(step: PlanStep, record: AnyRecord, now: datetime) -> bool:
    """Whether a parked source, or one of its fallback sources, is polled again before its hard deadline."""
    if not isinstance(record, SourceRecord) or step.hard_deadline is None:
        return False
    poll = next_poll(step, record)
    return poll is not None and max(poll, now) < step.hard_deadline


def decide(plan: DayPlan, records: Records, now: datetime) -> dict[str, Verdict]:
    """A verdict for every step, in the plan's order (a step stands after all it needs)."""
    day = _Day(plan, records, {step.name for step in plan.steps if _is_awaited(step, records[step.name], now)}, now)
    verdicts: dict[str, Verdict] = {}
    for step in plan.steps:
        verdict = verdicts[step.name] = _verdict(step, day)
        if isinstance(verdict, Ready) or (isinstance(verdict, Waiting) and verdict.new_data_coming):
            day.bringing_data.add(step.name)
    return verdicts


def _verdict(step: PlanStep, day: _Day) -> Verdict:
    record = day.records[step.name]
    if record.state is StepState.SKIPPED:
        return Done()
    if record.running:
        return _running_verdict(step, record, day)
    if isinstance(record, SourceRecord):
        return _source_verdict(step, record, day)
    return _compute_verdict(step, record, day)


def _running_verdict(step: PlanStep, record: AnyRecord, day: _Day) -> Verdict:
    """The deadline holds for a running step too: its result then counts as late data."""
    if _is_awaited(step, record, day.now):
        return Waiting((), None, new_data_coming=True)
    if not record.settled and _may_decide(step, record):
        return _deadline_verdict(step, record, ("its result",), day)
    return Waiting((), None)


def _is_awaited(step: PlanStep, record: AnyRecord, now: datetime) -> bool:
    """Whether other steps wait for a running step: not if its deadline passed while it ran."""
    started, deadline = record.last_poll, step.hard_deadline
    too_late = started is not None and deadline is not None and started < deadline <= now
    return record.running and not record.abandoned and not too_late


def _source_verdict(step: PlanStep, record: SourceRecord, day: _Day) -> Verdict:
    ids_coming = step.provider_ids_from in day.bringing_data
    missing = tuple(need for need in step.needs if day.holds(need) or (ids_coming and need == step.provider_ids_from))
    poll = next_poll(step, record)
    if poll is not None and poll <= day.now and not missing:
        return Ready(())
    no_poll_left = poll is None and not record.blocked_reason
    if not record.settled and (no_poll_left or _is_past_deadline(step, day.now)) and _may_decide(step, record):
        return _deadline_verdict(step, record, missing, day)
    if poll is None:
        return _idle_verdict(record)
    return Waiting(missing, None if missing else poll)


def _compute_verdict(step: PlanStep, record: ComputeRecord, day: _Day) -> Verdict:
    held_by = tuple(need for need in step.needs if need in day.bringing_data or day.holds(need))
    first_run = not record.has_succeeded
    games = _games_of_first_run(step, day) if first_run else affected_games(step, record, day)
    if (games or first_run) and not record.would_fail_again(day.records):
        return _due_verdict(step, record, day, games, held_by)
    no_time_left = day.plan.is_backfill or _is_past_deadline(step, day.now)
    if record.state is StepState.FAILED and no_time_left and step.on_deadline is OnDeadline.DEGRADE:
        return _deadline_verdict(step, record, held_by, day)
    return _idle_verdict(record)


def _due_verdict(
    step: PlanStep, record: ComputeRecord, day: _Day, games: tuple[str, ...], held_by: tuple[str, ...]
) -> Verdict:
    """The verdict of a computation that has something to do."""
    if not held_by and step.opens_at <= day.now:
        return Ready(games)
    if record.settled:
        return Waiting(held_by, None, new_data_coming=True) if record.has_succeeded else Done()
    if _is_past_deadline(step, day.now) and _may_decide(step, record):
        return _deadline_verdict(step, record, held_by, day)
    return Waiting(held_by, step.opens_at if step.opens_at > day.now else None)


def _idle_verdict(record: AnyRecord) -> Verdict:
    """A parked step keeps the day open for an operator, until the day's end."""
    return Waiting((), None) if record.parked else Done()


def affected_games(step: PlanStep, record: ComputeRecord, day: _Day) -> tuple[str, ...]:
    """Games whose inputs changed since the step last succeeded."""
    changed = set[str]().union(
        *(day.records[name].changed_since(record.completed_inputs.get(name, 0)) for name in step.follows)
    )
    return tuple(game.game_id for game in day.plan.games if game.game_id in changed and _is_open(step, game, day))


def _games_of_first_run(step: PlanStep, day: _Day) -> tuple[str, ...]:
    """The open games; if all have tipped off, all games: their rows are marked as backfilled."""
    open_games = tuple(game.game_id for game in day.plan.games if _is_open(step, game, day))
    return open_games or day.plan.game_ids


def _is_open(step: PlanStep, game: SlateGame, day: _Day) -> bool:
    """Predictions of a game do not change after its tip-off."""
    return step.role is not Role.PRE or game.game_id not in day.begun


def next_poll(step: PlanStep, record: SourceRecord) -> datetime | None:
    """When a source is polled next; None: never again today."""
    if record.cooldown is not None:
        polls = _polls_in_cooldown(step, record, record.cooldown.until)
    elif record.blocked_reason and not step.fallback_sources:
        polls = []
    else:
        polls = _scheduled_polls(step, record)
    if record.retry_at is not None:
        # The provider named the time: the source is polled neither earlier nor later.
        polls = [poll for poll in polls if poll > record.retry_at] + [record.retry_at]
    return min(polls, default=None)


def _polls_in_cooldown(step: PlanStep, record: SourceRecord, until: datetime) -> list[datetime]:
    """The fallback sources keep the cadence; after the games they are polled only while games are missing."""
    polls_fallback = step.fallback_sources and (step.role is Role.PRE or record.missing_games)
    primary = [until] if until <= step.polls_end else []
    return primary + (_scheduled_polls(step, record) if polls_fallback else [])


def _scheduled_polls(step: PlanStep, record: SourceRecord) -> list[datetime]:
    """The next poll of each schedule that applies, after the last poll."""
    return [poll for poll in _all_polls(step, record) if record.last_poll is None or poll > record.last_poll]


def _all_polls(step: PlanStep, record: SourceRecord) -> Iterable[datetime]:
    yield from step.poll_times
    for cadence in step.cadence:
        poll = _next_in(cadence, record.last_poll) if _applies(cadence, record) else None
        if poll is not None:
            yield poll


def _applies(cadence: Cadence, record: SourceRecord) -> bool:
    return cadence.only is PollWhen.ALWAYS or (cadence.only is PollWhen.ONCE_COMPLETE) == record.complete


def _next_in(cadence: Cadence, last: datetime | None) -> datetime | None:
    """The first poll of a cadence after the last poll."""
    poll = cadence.start if last is None else cadence.first_after(last)
    return poll if poll <= cadence.until else None


def polls_until(step: PlanStep, now: datetime, until: datetime) -> Cadence:
    """The first cadence of a step that has not ended, limited to the time until `until`."""
    cadence = next((cadence for cadence in step.cadence if now < cadence.until), step.cadence[-1])
    return cadence.model_copy(update={"until": min(until, cadence.until)})


def _is_past_deadline(step: PlanStep, now: datetime) -> bool:
    return step.hard_deadline is not None and now >= step.hard_deadline


def _may_decide(step: PlanStep, record: AnyRecord) -> bool:
    """A step is parked at its deadline once; then only an operator or a later poll moves it."""
    return step.on_deadline is OnDeadline.DEGRADE or record.state is not StepState.FAILED


def _deadline_verdict(step: PlanStep, record: AnyRecord, missing: tuple[str, ...], day: _Day) -> Verdict:
    reason = record.reason or (f"still waiting for {', '.join(missing)}" if missing else "no result yet")
    if step.on_deadline is OnDeadline.PARK:
        return Parked(reason)
    data = "incomplete" if record.rows else "no data"
    deadline = step.hard_deadline
    by = f" by {clock_time(deadline, day.plan.game_date)}" if deadline and deadline <= day.now else ""
    message = fallbacks.degraded_message(step, day.plan, day.records)
    return Degraded(f"{data}{by} ({reason}); {message}")


def late_at(step: PlanStep, plan: DayPlan) -> datetime | None:
    """When an unsettled step is late: at its soft deadline, but a run that started late has time for its first poll."""
    if step.soft_deadline is None or plan.started_at is None:
        return step.soft_deadline
    return max(step.soft_deadline, plan.started_at + START_TAKES)


def next_due(plan: DayPlan, records: Records, verdicts: dict[str, Verdict], now: datetime) -> datetime | None:
    """When the next poll, deadline or the day's end is due; None: only an operator can move the day."""
    polls = [verdict.next_poll for verdict in verdicts.values() if isinstance(verdict, Waiting)]
    deadlines = [
        deadline
        for step in plan.steps
        if not records[step.name].settled
        for deadline in (step.soft_deadline, late_at(step, plan), step.hard_deadline)
    ]
    times = [time for time in (*polls, *deadlines, plan.ends_at) if time is not None and time > now]
    return min(times, default=None)


def overdue(plan: DayPlan, records: Records, now: datetime) -> tuple[PlanStep, ...]:
    """Unsettled steps that are late."""
    return tuple(
        step
        for step in plan.steps
        if not records[step.name].settled and (late := late_at(step, plan)) is not None and now >= late
    )
