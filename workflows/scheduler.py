"""The loop of a day: decide what may start (`gates`), start it, record what finished (`day_state`), wait."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from temporalio.exceptions import ActivityError

from tipoff.vocabulary import (
    PlanStep,
    Role,
    Severity,
    SlateGame,
    SourceReport,
    StepResult,
    labels_without_tip_off,
    step_names,
)
from workflows import gates
from workflows.calls import failure_reason
from workflows.day_clock import DayClock
from workflows.day_state import DayLedger
from workflows.in_turn import COMPUTE_ACTIVITIES, InTurn, computations_in_turn
from workflows.planner import make_plan
from workflows.scenario import Scenario
from workflows.status_reporter import StatusReporter
from workflows.step_runner import Polling, SourcePoller, StepRunner
from workflows.together import PollsTogether

FOLLOW_SPAN = timedelta(minutes=90)
"""How long the games are followed before the day decides again, by the real clock.

A child run is nine events of the day's history; a shorter span would make more of them."""
_SECOND = timedelta(seconds=1)


class Scheduler:
    """Runs the steps of a plan at their times until the day is over; owns the tasks of running steps."""

    def __init__(
        self,
        ledger: DayLedger,
        clock: DayClock,
        runner: StepRunner,
        poller: SourcePoller,
        reporter: StatusReporter,
        scenario: Scenario,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._runner = runner
        self._poller = poller
        self._reporter = reporter
        self._scenario = scenario
        self._tasks: dict[str, asyncio.Task[dict[str, StepResult]]] = {}
        """Step -> the task that runs it, alone or in turn with others."""
        self._following: dict[str, InTurn] = {}
        """Those that run in turn after others, and count as running only when these are done."""
        self._new_slate: tuple[SlateGame, ...] | None = None
        self._woken = False

    async def run(self) -> None:
        """Return when the day is over."""
        ledger, clock = self._ledger, self._clock
        while True:
            self._finish_done_steps()
            await self._replan_if_slate_changed()
            self._woken = False
            verdicts = gates.decide(ledger.plan, ledger.records, clock.now())
            acted = self._act_on(verdicts)
            self._alert_overdue()
            at_end = clock.now() >= ledger.plan.ends_at
            if at_end:
                self._stop_waiting(verdicts)
            if at_end or self._is_done(verdicts):
                ledger.end()
                return
            if not self._tasks:
                self._scenario.hold_if_reached(clock, ledger)
            self._reporter.publish(steps_running=bool(self._tasks))
            if acted and not self._running:
                continue
            if not self._tasks and await self._scenario.deliver_due(clock.now()):
                continue
            await clock.wait(self._next_time(verdicts), self._running, lambda: self._woken)

    def wake(self) -> None:
        """Decide again now: a command changed something."""
        self._woken = True

    def cancel_steps(self) -> None:
        """Cancel the steps that are running."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._following.clear()

    @property
    def _running(self) -> list[asyncio.Task[Any]]:
        export = self._reporter.running_export
        return [*(task for task in self._tasks.values() if not task.done()), *([export] if export else [])]

    def _next_time(self, verdicts: dict[str, gates.Verdict]) -> datetime | None:
        """When there is something to decide next without a command or a finished step."""
        due = gates.next_due(self._ledger.plan, self._ledger.records, verdicts, self._clock.now())
        times = (due, self._scenario.next_at, self._reporter.retry_at, *map(self._comes_at, self._tasks.values()))
        return min((time for time in times if time is not None), default=None)

    def _finish_done_steps(self) -> None:
        """Record finished steps in the plan's order, whichever order they finished in."""
        for step in self._ledger.plan.steps:
            task = self._tasks.get(step.name)
            if task is not None and task.done() and self._comes_at(task) is None:
                del self._tasks[step.name]
                self._finish_step(step, task.result().get(step.name))
        planned = {step.name for step in self._ledger.plan.steps}
        self._tasks = {name: task for name, task in self._tasks.items() if name in planned or not task.done()}

    def _finish_step(self, step: PlanStep, result: StepResult | None) -> None:
        """Record a result. A step that followed others has none if they ended otherwise, and starts only now."""
        computation = self._following.pop(step.name, None)
        if result is None or (computation is not None and not computation.holds(self._ledger.records)):
            return
        if computation is not None:
            self._ledger.start(step, computation.as_of, computation.inputs)
        self._finish(step, result)

    def _comes_at(self, task: asyncio.Task[dict[str, StepResult]]) -> datetime | None:
        """When virtual time reaches the last poll of a finished task; None: it has, or the task is running."""
        results = task.result().values() if task.done() and self._clock.virtual else ()
        polls = [result.polled_at for result in results if isinstance(result, SourceReport) and result.polled_at]
        return next((poll for poll in polls if poll > self._clock.now()), None)

    def _finish(self, step: PlanStep, result: StepResult) -> None:
        if isinstance(result, SourceReport) and result.games is not None:
            self._new_slate = result.games
        self._ledger.finish(step, result, self._clock.now())

    async def _replan_if_slate_changed(self) -> None:
        """Plan again when the slate is first known, or when a game was postponed, added or moved."""
        slate, self._new_slate = self._new_slate, None
        ledger, plan = self._ledger, self._ledger.plan
        if slate is None or (plan.slate_known and slate == plan.games):
            return
        try:
            published = bool(ledger.published)
            ledger.adopt(
                await make_plan(plan.game_date, slate, plan.started_at, published=published, to_phase=plan.to_phase)
            )
        except ActivityError as error:
            self._new_slate = slate  # the day continues with its old plan; the next decision plans again
            reason = f"the new slate cannot be planned: {failure_reason(error)}"
            ledger.alert(plan.step(step_names.SCHEDULE), "replan", reason, self._clock.now())
            return
        self._poller.forget_processed()
        self._alert_not_fixed()

    def _alert_not_fixed(self) -> None:
        plan = self._ledger.plan
        if labels := labels_without_tip_off(plan.games):
            text = f"tip-off not fixed: {labels}; the game sets no deadline until its time is known"
            schedule, now = plan.step(step_names.SCHEDULE), self._clock.now()
            self._ledger.alert(schedule, "tip_off_not_fixed", text, now, Severity.WARNING)

    def _act_on(self, verdicts: dict[str, gates.Verdict]) -> bool:
        """Start what is ready, degrade or park what reached its deadline; whether anything was done."""
        acted = False
        together: dict[str, PollsTogether] = defaultdict(PollsTogether)
        for step in self._ledger.plan.steps:
            match verdicts[step.name]:
                case gates.Ready() if step.kind in COMPUTE_ACTIVITIES:
                    pass  # it runs in turn with those that follow it
                case gates.Ready(games):
                    polls = together[step.provider or step.name]
                    unwatched = self._clock.is_unpaced and not self._scenario.is_pending
                    self._start(step, games, Polling(self._follow_until(step, verdicts), unwatched, polls))
                case gates.Degraded(reason):
                    self._ledger.degrade(step, reason, self._clock.now())
                case gates.Parked(reason):
                    self._ledger.park(step, reason, self._clock.now())
                case _:
                    continue
            acted = True
        self._start_in_turn(verdicts)
        return acted

    def _follow_until(self, step: PlanStep, verdicts: dict[str, gates.Verdict]) -> datetime | None:
        """Until when the games are followed; None: they are polled once.

        In virtual time nothing else may happen meanwhile, since every decision is made at its own time.
        """
        if step.role is not Role.LIVE or step.fallback_sources:  # fallback sources are polled after each poll
            return None
        if not self._clock.virtual:
            return self._clock.now() + FOLLOW_SPAN
        alone = not self._tasks and sum(isinstance(verdict, gates.Acting) for verdict in verdicts.values()) == 1
        due = self._next_time(verdicts)
        return due - _SECOND if alone and due is not None else None

    def _start(self, step: PlanStep, games: tuple[str, ...], polling: Polling) -> None:
        as_of = self._clock.now()
        self._ledger.start(step, as_of)
        run = self._run(step, games, as_of, polling)
        self._tasks[step.name] = asyncio.create_task(run, name=step.name)

    async def _run(
        self, step: PlanStep, games: tuple[str, ...], as_of: datetime, polling: Polling
    ) -> dict[str, StepResult]:
        return {step.name: await self._runner.run(step, games, as_of, polling)}

    def _start_in_turn(self, verdicts: dict[str, gates.Verdict]) -> None:
        """Start the computations that are ready, and those that follow them."""
        as_of, ledger = self._clock.now(), self._ledger
        computations = computations_in_turn(ledger.plan, ledger.records, verdicts, as_of, ledger.degradations)
        if not computations:
            return
        task = asyncio.create_task(self._runner.run_in_turn(computations), name=computations[0].step.name)
        for computation in computations:
            name = computation.step.name
            self._tasks[name] = task
            if computation.ready:
                self._following.pop(name, None)
                ledger.start(computation.step, as_of)
            else:
                self._following[name] = computation

    def _alert_overdue(self) -> None:
        now = self._clock.now()
        for step in gates.overdue(self._ledger.plan, self._ledger.records, now):
            self._ledger.alert(step, "overdue", f"{step.label} is late: {self._reason(step)}", now)

    def _is_done(self, verdicts: dict[str, gates.Verdict]) -> bool:
        return not self._tasks and all(isinstance(verdict, gates.Done) for verdict in verdicts.values())

    def _stop_waiting(self, verdicts: dict[str, gates.Verdict]) -> None:
        """Cancel running steps and park every open step: the day ends."""
        self.cancel_steps()
        for step in self._ledger.plan.steps:
            record = self._ledger.records[step.name]
            self._ledger.stop(step)
            if not record.settled and not isinstance(verdicts[step.name], gates.Done):
                self._ledger.park(step, self._reason(step), self._clock.now())

    def _reason(self, step: PlanStep) -> str:
        return self._ledger.records[step.name].reason or "no data yet"
