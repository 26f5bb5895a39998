"""How many events a day by the real clock has in its history, counted by a dry run of its plan.

The dry run decides as a day does, from reports as a day without disturbances brings them: each source has its data at
its first poll, and results are there when their games are over. What a refresh of the predictions adds is counted by a
second dry run with new lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tipoff.vocabulary import (
    ComputeReport,
    DayPlan,
    Frozen,
    Outcome,
    PlanStep,
    Role,
    SourceReport,
    StepKind,
    eastern,
    step_names,
)
from workflows import gates
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.in_turn import InTurn, computations_in_turn
from workflows.scheduler import FOLLOW_SPAN
from workflows.status_changes import StatusChanges

EVENT_LIMIT = 1_500
"""What fifteen games of one evening should stay below, with REFRESHES refreshes of their predictions."""
REFRESHES = 6

_WORKFLOW_TASK = 3
_ACTIVITY = 3 + _WORKFLOW_TASK
"""Scheduled, started, completed, and the workflow task that receives its result."""
_TIMER = 2 + _WORKFLOW_TASK
"""Started, fired, and the workflow task that it begins."""
_CHILD = 3 + 2 * _WORKFLOW_TASK
"""Initiated, started and completed, and the workflow tasks that these two begin."""
_UPDATE = 1
_CHILD = 3 + 2 * _WORKFLOW_TASK
"""Initiated, started and completed, and the workflow tasks that learn of its start and receive its result."""
_START_AND_END = 2 + _WORKFLOW_TASK
_LATEST_TIP_OFF = (22, 30)
"""Hour and minute, Eastern time."""
_LINES = (step_names.GAME_BETTING_LINES, step_names.BETTING_LINES)


class _Events(NamedTuple):
    """A kind of events, and how many of them occur each time."""

    what: str
    number: int


def events_of_window(every: timedelta) -> int:
    """The most events of one run that follows games by the real clock: an activity and a timer for each poll."""
    return _START_AND_END + (FOLLOW_SPAN // every + 1) * (_ACTIVITY + _TIMER)


class EventLine(Frozen):
    """Events of one kind: how often, and how many each time."""

    what: str
    times: int
    events_each: int

    @property
    def events(self) -> int:
        return self.times * self.events_each


class EventCount(Frozen):
    """The events of a day, line by line, and of each further publication of its predictions."""

    lines: tuple[EventLine, ...]
    refresh: tuple[EventLine, ...]

    @property
    def total(self) -> int:
        return sum(line.events for line in self.lines)

    @property
    def per_refresh(self) -> int:
        return sum(line.events for line in self.refresh)


@dataclass(frozen=True)
class Course:
    """When data come on the day that is counted."""

    lines_at: datetime | None = None
    """None: at the first poll."""
    new_lines_at: tuple[datetime, ...] = ()
    """The first poll from then on brings new lines for all games."""
    game_length: timedelta = timedelta(hours=2.75)
    new_batches: frozenset[str] = frozenset({step_names.SCHEDULE})
    """Sources whose every poll has to be processed: the schedule also tells scores."""


def count_events(plan: DayPlan) -> EventCount:
    """Count the events of a day with this plan."""
    first_tip = min((game.tip_off for game in plan.games if game.tip_off), default=plan.ends_at)
    undisturbed, refreshed = (
        DryRun(plan, Course()),
        DryRun(plan, Course(new_lines_at=(first_tip - timedelta(hours=3),))),
    )
    day, with_refresh = undisturbed.run(), refreshed.run()
    return EventCount(lines=_lines(day), refresh=_lines(with_refresh - day))


def _lines(times: Counter[_Events]) -> tuple[EventLine, ...]:
    return tuple(EventLine(what=each.what, times=count, events_each=each.number) for each, count in times.items())


class DryRun:
    """Runs a plan from its first poll to its end, without activities and without waiting."""

    def __init__(self, plan: DayPlan, course: Course) -> None:
        self._plan = plan
        self._course = course
        self.ledger = DayLedger(plan)
        self.ledger.adopt(plan)
        self._changes = StatusChanges(self.ledger)
        self._now = min(step.opens_at for step in plan.steps)
        self._new_lines = {name: list(course.new_lines_at) for name in _LINES}
        self._times: Counter[_Events] = Counter()

    def run(self) -> Counter[_Events]:
        """How often each kind of events occurs."""
        self._count("plan the day", 2)
        self._count("start the training", events=_CHILD)
        while True:
            while self._run_ready_steps():
                pass
            verdicts = gates.decide(self._plan, self.ledger.records, self._now)
            due = gates.next_due(self._plan, self.ledger.records, verdicts, self._now)
            if (
                due is None
                or due >= self._plan.ends_at
                or all(isinstance(each, gates.Done) for each in verdicts.values())
            ):
                break
            self._count("wait by a timer", events=_TIMER)
            self._now = due
        self.ledger.end()
        self._publish_status()
        self._count("write the report page of the whole day")
        self._count("log the run")
        self._count("start and end", events=_START_AND_END)
        return self._times

    def _count(self, what: str, times: int = 1, events: int = _ACTIVITY) -> None:
        self._times[_Events(what, events)] += times

    def _run_ready_steps(self) -> bool:
        """Start what is ready, publish the status, finish it; whether anything was ready."""
        records, now = self.ledger.records, self._now
        verdicts = gates.decide(self._plan, records, now)
        ready = [step for step in self._plan.steps if isinstance(verdicts[step.name], gates.Ready)]
        in_turn = computations_in_turn(self._plan, records, verdicts, now, self.ledger.degradations)
        for step in ready:
            self.ledger.start(step, now)
        for step in self._plan.steps:
            match verdicts[step.name]:
                case gates.Degraded(reason):
                    self.ledger.degrade(step, reason, now)
                case gates.Parked(reason):
                    self.ledger.park(step, reason, now)
        self._publish_status(steps_running=bool(ready))
        self._poll([step for step in ready if step.kind is StepKind.SOURCE])
        self._compute(in_turn)
        self._predict({step: verdicts[step.name] for step in ready if step.kind is StepKind.SYSTEM})
        return any(isinstance(verdict, gates.Acting) for verdict in verdicts.values())

    def _predict(self, systems: Mapping[PlanStep, gates.Verdict]) -> None:
        """Systems that start together predict in one activity, and are stored in another one."""
        self._count("predict", bool(systems))
        self._count("store predictions", bool(systems))
        for step, verdict in systems.items():
            if isinstance(verdict, gates.Ready):
                self.ledger.finish(step, ComputeReport(rows=1, changed_games=verdict.games), self._now)

    def _compute(self, computations: Sequence[InTurn]) -> None:
        if computations:
            self._count("compute and publish in turn" if len(computations) > 1 else "compute or publish")
        for each in computations:
            if not each.ready:
                self.ledger.start(each.step, each.as_of, each.inputs)
            pending = self._unfinished(self._now) if each.step.kind is StepKind.GRADE else ()
            report = ComputeReport(rows=1, changed_games=each.games, missing_games=pending, predictions=1)
            self.ledger.finish(each.step, report, self._now)

    def _poll(self, sources: Sequence[PlanStep]) -> None:
        """Sources of one provider are polled in one activity, and what is new is processed in another one."""
        by_provider: dict[str, list[PlanStep]] = defaultdict(list)
        for step in sources:
            by_provider[step.name if step.role is Role.LIVE else step.provider].append(step)
        for steps in by_provider.values():
            names = ", ".join(step.name for step in steps)
            if steps[0].role is Role.LIVE:
                self._count(f"follow {names} in a child workflow", events=_CHILD)
            else:
                self._count(f"poll {names}")
            reports = [self._report(step) for step in steps]
            for step, report in zip(steps, reports, strict=True):
                self.ledger.finish(step, report, self._now)
            is_new = any(
                report.changed or step.name in self._course.new_batches
                for step, report in zip(steps, reports, strict=True)
            )
            if is_new and steps[0].role is not Role.LIVE:
                self._count("process what a poll brought")

    def _report(self, step: PlanStep) -> SourceReport:
        if step.role is Role.PRE:
            return self._inputs(step)
        record = self.ledger.source_record(step)
        polled_at = self._last_poll_of_follow(step) if step.role is Role.LIVE else self._now
        missing = self._unfinished(polled_at)
        had = set(self._plan.game_ids).difference(record.missing_games) if record.version else set[str]()
        new = tuple(game for game in self._plan.game_ids if game not in had and game not in missing)
        return SourceReport(
            rows=len(self._plan.games) - len(missing),
            outcome=Outcome.PARTIAL if missing else Outcome.OK,
            changed=bool(new),
            changed_games=new,
            missing_games=missing,
            polled_at=polled_at,
        )

    def _inputs(self, step: PlanStep) -> SourceReport:
        """Complete at the first poll; lines may come late, and change."""
        if step.name in _LINES and self._course.lines_at is not None and self._now < self._course.lines_at:
            return SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="not published yet", changed=False)
        expected = self._new_lines.get(step.name, [])
        changed = bool(expected) and expected[0] <= self._now
        if changed:
            del expected[0]
        return SourceReport(rows=1, changed=changed or not self.ledger.source_record(step).version)

    def _unfinished(self, time: datetime) -> tuple[str, ...]:
        """The games that are not over; one without a fixed tip-off begins at the latest usual time."""
        latest = eastern(self._plan.game_date, *_LATEST_TIP_OFF)
        began_after = time - self._course.game_length
        return tuple(game.game_id for game in self._plan.games if (game.tip_off or latest) > began_after)

    def _last_poll_of_follow(self, step: PlanStep) -> datetime:
        """One child workflow polls until another game is over, but not for long."""
        poll, missing = self._now, self.ledger.source_record(step).missing_games
        cadence = gates.polls_until(step, poll, poll + FOLLOW_SPAN)
        while self._unfinished(poll) == missing and (later := cadence.first_after(poll)) <= cadence.until:
            poll = later
        return poll

    def _publish_status(self, *, steps_running: bool = False) -> None:
        status = day_status(self.ledger, self._now, virtual=False, held=False)
        attributes, sentence = self._changes.for_server(status, steps_running=steps_running)
        self._count("update the search attributes", attributes is not None, _UPDATE)
        self._count("update the memo", sentence is not None, _UPDATE)
        self._count("export the status", self._changes.for_exports(status))
