"""Re-runs an ended day from a phase on: from its landed batches, as of the times at which they were collected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError

from tipoff.vocabulary import (
    DayPlan,
    Phase,
    PlanStep,
    PredictionRun,
    RecordedBatch,
    RecordedDay,
    Role,
    StepKind,
    StepResult,
    StepState,
)
from workflows import fallbacks, operator_commands
from workflows.calls import call, failure_reason
from workflows.contracts import Activity, PlanRequest, Rerun, refusal
from workflows.day_clock import DayClock
from workflows.day_state import DayLedger
from workflows.planner import make_plan
from workflows.status_reporter import StatusReporter
from workflows.step_runner import SourcePoller, StepRunner

_NEVER = datetime.min.replace(tzinfo=UTC)
_BEFORE_TIP = frozenset({Phase.CONTEXT, Phase.PREDICT, Phase.PUBLISH})
_AFTER_TIP = frozenset({Phase.RESULTS, Phase.GRADE})


async def read_recorded_day(game_date: date) -> RecordedDay:
    """What the date recorded. Raises ActivityError."""
    request = PlanRequest(game_date=game_date, games=None)
    summary = f"recorded batches and predictions of {game_date}"
    return await call(Activity.RECORDED_DAY, request, RecordedDay, summary=summary)


class DayRerun:
    """One re-run. It ignores the plan's times, and polls no provider but for results that it lacks, if it should."""

    def __init__(
        self,
        rerun: Rerun,
        recorded: RecordedDay,
        ledger: DayLedger,
        clock: DayClock,
        runner: StepRunner,
        poller: SourcePoller,
        reporter: StatusReporter,
    ) -> None:
        self._rerun = rerun
        self._recorded = recorded
        self._ledger = ledger
        self._clock = clock
        self._runner = runner
        self._poller = poller
        self._reporter = reporter

    async def run(self) -> None:
        """Return when every step of the re-run is done, or was skipped by an operator.

        Raises ApplicationError when the plan has no such step.
        """
        ledger, recorded = self._ledger, self._recorded
        plan = ledger.plan
        ledger.adopt(await make_plan(plan.game_date, recorded.games, self._started_at(), to_phase=plan.to_phase))
        ledger.degradations = list(recorded.degradations)
        steps = steps_to_rerun(ledger.plan, self._rerun)
        self._keep_recorded({step.name for step in steps})
        await self._process_and_predict(steps)
        # In a backfill the results were collected before the predictions that they grade.
        times = [*(batch.as_of for batch in recorded.batches), *(run.as_of for run in recorded.prediction_runs)]
        last = max(times, default=self._clock.now())
        last = max(last, await self._poll_missing_results(steps))
        for step in steps:
            if step.phase in _AFTER_TIP and step.kind is not StepKind.SOURCE:
                await self._run_step(step, last, games=ledger.game_ids)
        self._settle_sources()
        ledger.end()

    def _started_at(self) -> datetime | None:
        """When the recorded run started, as far as the plan depends on it; None: in time."""
        runs = self._recorded.prediction_runs
        if not runs:
            return self._clock.now()
        return runs[-1].as_of if self._recorded.backfilled else None

    async def _poll_missing_results(self, steps: Sequence[PlanStep]) -> datetime:
        """Poll the results that no landed batch has, since the provider still has them; when it polled last."""
        polled_at = _NEVER
        for step in filter(self._lacks_results, steps):
            polled_at = self._clock.now()
            await self._run_step(step, polled_at)
        return polled_at

    def _lacks_results(self, step: PlanStep) -> bool:
        """Whether the results of a source are polled that the re-run lacks: those of its one step, or of all."""
        if step.kind is not StepKind.SOURCE or step.role is not Role.POST:
            return False
        record = self._ledger.source_record(step)
        is_wanted = self._rerun.polls_missing_results or step.name == self._rerun.step
        return is_wanted and not (record.settled and not record.missing_games)

    async def _process_and_predict(self, steps: Sequence[PlanStep]) -> None:
        """Process batches and predict in the order of time: a prediction uses no batch collected after it.

        Each system repeats its own predictions; one that has none predicts at the times of the others.
        """
        source_steps, recorded = _steps_by_source(steps), self._recorded
        computed = [step for step in steps if step.phase in _BEFORE_TIP]
        batches = [batch for batch in recorded.batches if self._is_processed(batch, source_steps.get(batch.source))]
        now = PredictionRun(as_of=self._clock.now(), game_ids=self._ledger.game_ids, systems=())
        runs = recorded.prediction_runs or (now,)
        have_predicted = {system for run in runs for system in run.systems}
        for run in runs:
            while batches and batches[0].as_of <= run.as_of:
                batch = batches.pop(0)
                await self._run_step(source_steps[batch.source], batch.as_of, batch=batch)
            for step in computed:
                if step.name in run.systems or step.name not in have_predicted:
                    await self._run_step(step, run.as_of, games=run.game_ids)
        for batch in batches:
            await self._run_step(source_steps[batch.source], batch.as_of, batch=batch)

    def _is_processed(self, batch: RecordedBatch, step: PlanStep | None) -> bool:
        """Whether a batch belongs to a step of the re-run and was landed in time for it."""
        known_by = self._ledger.plan.known_by if step is not None and step.landed_only else None
        return step is not None and (known_by is None or batch.as_of <= known_by)

    def _keep_recorded(self, rerun_steps: set[str]) -> None:
        for step in self._ledger.plan.steps:
            if step.name not in rerun_steps:
                self._ledger.settle(step.name, StepState.COMPLETE, "kept as recorded, not re-run")

    def _settle_sources(self) -> None:
        """Degrade sources without a landed batch: none will come; the recorded degradations list what was missing."""
        for step in self._ledger.plan.steps:
            record = self._ledger.records[step.name]
            if step.kind is StepKind.SOURCE and record.state in {StepState.PENDING, StepState.LATE}:
                self._ledger.settle(step.name, StepState.DEGRADED, record.reason or "no batch was landed")

    async def _run_step(
        self, step: PlanStep, as_of: datetime, *, games: tuple[str, ...] = (), batch: RecordedBatch | None = None
    ) -> None:
        """Compute a step, or process its batch, as of a recorded time; a failed critical step waits for an operator."""
        records = self._ledger.records
        while records[step.name].state is not StepState.SKIPPED:
            self._ledger.start(step, as_of)
            self._reporter.publish()
            result = await (self._process(step, batch) if batch else self._runner.run(step, games, as_of))
            self._ledger.finish(step, result, as_of)
            if not records[step.name].parked or not step.critical:
                return
            self._reporter.publish()
            await workflow.wait_condition(lambda: not records[step.name].parked)
            if records[step.name].state is not StepState.PENDING:
                return  # an operator forced the day to continue without the step

    async def _process(self, step: PlanStep, batch: RecordedBatch) -> StepResult:
        plan, record = self._ledger.plan, self._ledger.source_record(step)
        fallback = next((each for each in step.fallback_sources if each.source == batch.source), None)
        try:
            report = await self._poller.process(batch.source, step.label, batch.batch_key, plan.games, batch.as_of)
            return fallbacks.recorded_report(step, record, report, plan, fallback)
        except ActivityError as error:
            return failure_reason(error, batch.source)


def _steps_by_source(steps: Sequence[PlanStep]) -> dict[str, PlanStep]:
    """The step that each source's batches belong to."""
    source_steps = [step for step in steps if step.kind is StepKind.SOURCE]
    return {fallback.source: step for step in source_steps for fallback in step.fallback_sources} | {
        step.subject: step for step in source_steps
    }


def steps_to_rerun(plan: DayPlan, rerun: Rerun) -> tuple[PlanStep, ...]:
    """The steps of a re-run in the plan's order. Raises ApplicationError when the plan has no such step."""
    if not rerun.step:
        return tuple(step for step in plan.steps if _is_from_phase(step, rerun.from_phase))
    names = {rerun.step}
    if all(step.name != rerun.step for step in plan.steps):
        raise refusal(operator_commands.no_such_step(rerun.step, plan))
    for step in plan.steps:
        if names.intersection(step.inputs):
            names.add(step.name)
    predicts = any(step.name in names and step.kind is StepKind.SYSTEM for step in plan.steps)
    return tuple(step for step in plan.steps if step.name in names or _accompanies(step, predicts=predicts))


def _accompanies(step: PlanStep, *, predicts: bool) -> bool:
    """Whether a step runs too: predictions need contexts as of their own time, and grades decide the end state."""
    is_input = step.phase in (Phase.CONTEXT, Phase.PREDICT) and step.kind is not StepKind.SYSTEM
    return step.kind is StepKind.GRADE or (predicts and is_input)


def _is_from_phase(step: PlanStep, first: Phase) -> bool:
    """Whether a re-run from a phase runs a step; predictions need contexts as of their own time."""
    first = Phase.CONTEXT if first is Phase.PREDICT else first
    return step.phase.position >= first.position
