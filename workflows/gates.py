"""Pure decisions: may a step start? for which games? what is missing, and what next?

No I/O and no clock: everything is a function of the plan, the records and a moment. A gate never opens before what it
needs is settled, and always decides by its hard deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tipoff.vocabulary import Cadence, DayPlan, OnDeadline, PlanStep, PollWhen, Role, SlateGame, StepKind, StepState
from workflows.day_state import Records, StepRecord


@dataclass(frozen=True)
class Ready:
    """Start it now, for these games."""

    games: tuple[str, ...]


@dataclass(frozen=True)
class Waiting:
    """Not yet: what it lacks and when to look again (None: when what it lacks has come)."""

    missing: tuple[str, ...]
    next_poll: datetime | None
    moving: bool = False
    """New data are on their way to it, so whoever needs it waits too."""


@dataclass(frozen=True)
class Degraded:
    """Its hard deadline has come: go on by the named fallback."""

    reason: str


@dataclass(frozen=True)
class Blocked:
    """Its hard deadline has come and there is no fallback: it needs a person."""

    reason: str


@dataclass(frozen=True)
class Closed:
    """Nothing more to do today, as far as is known."""


Verdict = Ready | Waiting | Degraded | Blocked | Closed


@dataclass(frozen=True)
class _Moment:
    """What a verdict is a function of."""

    plan: DayPlan
    records: Records
    moving: set[str]
    now: datetime

    @cached_property
    def steps(self) -> dict[str, PlanStep]:
        return {step.name: step for step in self.plan.steps}

    def holds(self, need: str) -> bool:
        """Whether a needed step keeps others waiting: a parked one when it is critical, or will look again in time."""
        step, record = self.steps[need], self.records[need]
        parked_aside = record.state is StepState.FAILED and not step.critical
        return not record.settled and (not parked_aside or _polls_again(step, record, self.now))


def _polls_again(step: PlanStep, record: StepRecord, now: datetime) -> bool:
    """Whether a source that failed, or who stands in for it, is asked again before the day goes on without it."""
    poll, deadline = next_poll(step, record), step.hard_deadline
    in_time = poll is not None and deadline is not None and max(poll, now) < deadline
    return step.kind is StepKind.SOURCE and in_time


def decide(plan: DayPlan, records: Records, now: datetime) -> dict[str, Verdict]:
    """A verdict for every step, in the plan's order (which lists a step after all it needs)."""
    moving = {step.name for step in plan.steps if _is_waited_for(step, records[step.name], now)}
    moment = _Moment(plan, records, moving, now)
    verdicts: dict[str, Verdict] = {}
    for step in plan.steps:
        verdict = verdicts[step.name] = _verdict(step, moment)
        if isinstance(verdict, Ready) or (isinstance(verdict, Waiting) and verdict.moving):
            moment.moving.add(step.name)
    return verdicts


def _verdict(step: PlanStep, moment: _Moment) -> Verdict:
    record = moment.records[step.name]
    if record.state is StepState.SKIPPED:
        return Closed()
    if record.running:
        return _running_verdict(step, record, moment)
    if step.kind is StepKind.SOURCE:
        return _source_verdict(step, record, moment)
    return _compute_verdict(step, record, moment)


def _running_verdict(step: PlanStep, record: StepRecord, moment: _Moment) -> Verdict:
    """Its deadline holds for a step at work too: what it may still bring comes late, as anything else."""
    if _is_waited_for(step, record, moment.now):
        return Waiting((), None, moving=True)
    if not record.settled and _can_give_up(step, record):
        return _give_up(step, record, ("its answer",))
    return Waiting((), None)


def _is_waited_for(step: PlanStep, record: StepRecord, now: datetime) -> bool:
    """Whether others wait for what a step at work brings: not when its deadline came meanwhile."""
    set_out, deadline = record.last_poll, step.hard_deadline
    too_late = set_out is not None and deadline is not None and set_out < deadline <= now
    return record.running and not record.abandoned and not too_late


def _source_verdict(step: PlanStep, record: StepRecord, moment: _Moment) -> Verdict:
    ids_coming = step.provider_ids_from in moment.moving
    missing = tuple(
        need for need in step.needs if moment.holds(need) or (ids_coming and need == step.provider_ids_from)
    )
    poll = next_poll(step, record)
    if poll is not None and poll <= moment.now and not missing:
        return Ready(())
    looked_out = poll is None and not record.stopped
    if not record.settled and (looked_out or _past_deadline(step, moment.now)) and _can_give_up(step, record):
        return _give_up(step, record, missing)
    if poll is None:
        return _nothing_to_do(record)
    return Waiting(missing, None if missing else poll)


def _compute_verdict(step: PlanStep, record: StepRecord, moment: _Moment) -> Verdict:
    held = tuple(need for need in step.needs if need in moment.moving or moment.holds(need))
    never_ran = not record.seen
    games = _open_games(step, moment) if never_ran else affected_games(step, record, moment)
    if (games or never_ran) and not record.tried_in_vain(moment.records):
        if not held and step.opens_at <= moment.now:
            return Ready(games)
        if not record.settled and _past_deadline(step, moment.now) and _can_give_up(step, record):
            return _give_up(step, record, held)
        if not record.settled:
            return Waiting(held, step.opens_at if step.opens_at > moment.now else None)
        return Closed() if never_ran else Waiting(held, None, moving=True)
    if record.state is StepState.FAILED and _past_deadline(step, moment.now) and step.on_deadline is OnDeadline.DEGRADE:
        return _give_up(step, record, held)
    return _nothing_to_do(record)


def _nothing_to_do(record: StepRecord) -> Verdict:
    """A parked step keeps the day open for a person, until its end."""
    return Closed() if record.failed_since is None else Waiting((), None)


def affected_games(step: PlanStep, record: StepRecord, moment: _Moment) -> tuple[str, ...]:
    """Games whose inputs changed since the step last ran."""
    seen = ((moment.records[need], record.seen.get(need, 0)) for need in step.follows)
    changed = set[str]().union(*(input_.changed_since(version) for input_, version in seen if input_.version > version))
    return tuple(game.game_id for game in moment.plan.games if game.game_id in changed and _is_open(step, game, moment))


def _open_games(step: PlanStep, moment: _Moment) -> tuple[str, ...]:
    """Games for a first run; when all have tipped off already, all of them: the rows are marked backfilled."""
    games = moment.plan.games
    return tuple(game.game_id for game in games if _is_open(step, game, moment)) or tuple(
        game.game_id for game in games
    )


def _is_open(step: PlanStep, game: SlateGame, moment: _Moment) -> bool:
    """Once a game has tipped off, what was said before it stands."""
    return step.role is not Role.PRE or game.tip_off > moment.now


def next_poll(step: PlanStep, record: StepRecord) -> datetime | None:
    """When a source is looked at next; None: never again today."""
    if record.cooldown is not None:
        candidates = _polls_in_cooldown(step, record, record.cooldown.until)
    else:
        candidates = _polls_after_the_last(step, record) if step.fallback_sources or not record.stopped else []
    if record.retry_at is not None:
        # "Come again at …" of the provider: neither earlier nor later.
        candidates = [poll for poll in candidates if poll > record.retry_at] + [record.retry_at]
    return min(candidates, default=None)


def _polls_in_cooldown(step: PlanStep, record: StepRecord, until: datetime) -> list[datetime]:
    """Who stands in for it is asked by its cadence, after the games only while some are missing."""
    others = step.fallback_sources and (step.role is Role.PRE or record.missing_games)
    own = [until] if until <= step.polls_end else []
    return own + (_polls_after_the_last(step, record) if others else [])


def _polls_after_the_last(step: PlanStep, record: StepRecord) -> list[datetime]:
    return [poll for poll in _looks(step, record) if record.last_poll is None or poll > record.last_poll]


def _looks(step: PlanStep, record: StepRecord) -> Iterable[datetime]:
    yield from step.poll_times
    for cadence in step.cadence:
        poll = _after(cadence, record.last_poll) if _applies(cadence, record) else None
        if poll is not None:
            yield poll


def _applies(cadence: Cadence, record: StepRecord) -> bool:
    return cadence.only is PollWhen.ALWAYS or (cadence.only is PollWhen.ONCE_COMPLETE) == record.found


def _after(cadence: Cadence, moment: datetime | None) -> datetime | None:
    """The first look of a cadence after a moment."""
    if moment is None or moment < cadence.start:
        poll = cadence.start
    else:
        poll = cadence.start + ((moment - cadence.start) // cadence.every + 1) * cadence.every
    return poll if poll <= cadence.until else None


def polls_within(step: PlanStep, now: datetime, span: timedelta) -> Cadence:
    """The cadence of a step that looks all the time, for a span from now on."""
    (cadence,) = step.cadence
    return cadence.model_copy(update={"start": now, "until": min(now + span, cadence.until)})


def _past_deadline(step: PlanStep, now: datetime) -> bool:
    return step.hard_deadline is not None and now >= step.hard_deadline


def _can_give_up(step: PlanStep, record: StepRecord) -> bool:
    """A step without a fallback is parked once; then only a person or a later look moves it."""
    return step.on_deadline is OnDeadline.DEGRADE or record.state is not StepState.FAILED


def _give_up(step: PlanStep, record: StepRecord, missing: tuple[str, ...]) -> Verdict:
    reason = record.reason or (f"still waiting for {', '.join(missing)}" if missing else "nothing came")
    if step.on_deadline is OnDeadline.PARK:
        return Blocked(reason)
    return Degraded(f"{reason}; {step.degraded_message}")


def next_moment(plan: DayPlan, records: Records, verdicts: dict[str, Verdict], now: datetime) -> datetime | None:
    """When something may change without anybody's doing; None: only a person can move the day."""
    polls = [verdict.next_poll for verdict in verdicts.values() if isinstance(verdict, Waiting)]
    deadlines = [
        deadline
        for step in plan.steps
        if not records[step.name].settled
        for deadline in (step.soft_deadline, step.hard_deadline)
    ]
    moments = [moment for moment in (*polls, *deadlines, plan.ends_at) if moment is not None and moment > now]
    return min(moments, default=None)


def overdue(plan: DayPlan, records: Records, now: datetime) -> tuple[PlanStep, ...]:
    """Steps past their soft deadline that have not settled."""
    return tuple(
        step
        for step in plan.steps
        if step.soft_deadline is not None and now >= step.soft_deadline and not records[step.name].settled
    )
