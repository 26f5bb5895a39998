"""Runs one step of the plan: its activities, and for a source the fallback sources it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from temporalio.exceptions import ActivityError, ChildWorkflowError, WorkflowAlreadyStartedError

from tipoff.vocabulary import (
    USABLE,
    ComputeReport,
    DayPlan,
    FallbackSource,
    Outcome,
    PlanStep,
    ProcessReport,
    Role,
    Severity,
    SlateGame,
    SourceReport,
    StepKind,
    StepResult,
    clock_time,
    counted,
    shortened,
)
from workflows import fallbacks, gates
from workflows.calls import call, failure_reason
from workflows.contracts import (
    Activity,
    CollectRequest,
    Computation,
    Computations,
    ComputeReports,
    ComputeRequest,
    ProcessRequest,
    TrainingResult,
    TrainRequest,
)
from workflows.contracts.live_scoring import LiveScoringInput
from workflows.day_state import REASON_LENGTH, DayLedger
from workflows.in_turn import COMPUTE_ACTIVITIES, InTurn
from workflows.live_scoring import follow_games
from workflows.step_records import SourceRecord
from workflows.together import PollsTogether, PredictionsTogether


@dataclass(frozen=True)
class Polling:
    """How a source is polled."""

    follow_until: datetime | None = None
    """Games in progress are polled again and again until then."""
    unwatched: bool = False
    """Nobody can read what is exported meanwhile."""
    together: PollsTogether = field(default_factory=PollsTogether)
    """Joined with the polls of other sources that have the same one."""


class StepRunner:
    """Runs steps of any kind and returns their reports."""

    def __init__(self, ledger: DayLedger, poller: SourcePoller) -> None:
        self._ledger = ledger
        self._poller = poller
        self._predictions = PredictionsTogether()

    async def run(
        self, step: PlanStep, games: tuple[str, ...], as_of: datetime, polling: Polling | None = None
    ) -> StepResult:
        """Run a step as of a time; its report, or the reason it failed after all its attempts."""
        try:
            match step.kind:
                case StepKind.SOURCE:
                    return await self._poller.poll(step, as_of, polling or Polling())
                case StepKind.SYSTEM:
                    return await self._predict(step, games, as_of)
                case StepKind.TRAIN:
                    return await self._train(step, as_of)
                case kind:
                    request = self._compute_request(step, games, as_of)
                    report = await call(
                        COMPUTE_ACTIVITIES[kind], request, ComputeReport, summary=_summary(step, request)
                    )
                    return report.changed_since(self._ledger.consumed)
        except (ActivityError, ChildWorkflowError) as error:
            return failure_reason(error, step.subject)
        except WorkflowAlreadyStartedError as error:
            return f"the workflow {error.workflow_id} of another run is still running; it ends with its window"

    async def run_in_turn(self, computations: Sequence[InTurn]) -> dict[str, StepResult]:
        """Run computations in one activity; the results of those that ran, and of all that are ready."""
        reports = await self._reports_in_turn(computations) if len(computations) > 1 else ()
        results: dict[str, StepResult] = {
            each.step.name: report.changed_since(self._ledger.consumed)
            for each, report in zip(computations, reports, strict=False)
        }
        alone = [each for each in computations if each.ready and each.step.name not in results]
        failed_or_left = await asyncio.gather(*(self.run(each.step, each.games, each.as_of) for each in alone))
        return results | {each.step.name: result for each, result in zip(alone, failed_or_left, strict=True)}

    async def _reports_in_turn(self, computations: Sequence[InTurn]) -> tuple[ComputeReport, ...]:
        """The reports of the first of them; none if the activity failed."""
        requests = tuple(self._computation(each) for each in computations)
        labels = ", ".join(each.step.label for each in computations)
        summary = f"{labels}, as of {clock_time(computations[0].as_of, self._ledger.plan.game_date)}"
        request = Computations(computations=requests)
        try:
            return (await call(Activity.COMPUTE_IN_TURN, request, ComputeReports, summary=summary)).reports
        except ActivityError:
            return ()

    def _computation(self, computation: InTurn) -> Computation:
        request = self._compute_request(computation.step, computation.games, computation.as_of)
        consumed = {request.data: self._ledger.consumed.get(request.data, {})}
        activity = COMPUTE_ACTIVITIES[computation.step.kind]
        return Computation(activity=activity, request=request, consumed=consumed)

    async def _predict(self, step: PlanStep, games: tuple[str, ...], as_of: datetime) -> ComputeReport:
        request = self._compute_request(step, games, as_of)
        predicted = await self._predictions.predict(request, _summary(step, request))
        report = await self._predictions.store(predicted, f"{step.label}: store {counted(predicted.rows, 'row')}")
        return report.changed_since(self._ledger.consumed)

    async def _train(self, step: PlanStep, as_of: datetime) -> ComputeReport:
        """Train the systems unless each has a model that may predict the date."""
        request = TrainRequest(
            history_file=self._ledger.input_file(step),
            before=self._ledger.plan.game_date,
            as_of=as_of,
            only_if_missing=True,
        )
        summary = f"{step.label}: train them if one is missing"
        trained = await call(Activity.TRAIN, request, TrainingResult, summary=summary)
        rows = max((system.rows for system in trained.systems), default=0)
        reason = f"{counted(len(trained.systems), 'model')}, trained on {counted(rows, 'row')}"
        return ComputeReport(rows=rows, reason=reason)

    def _compute_request(self, step: PlanStep, games: tuple[str, ...], as_of: datetime) -> ComputeRequest:
        ledger = self._ledger
        degradations = [item for item in ledger.degradations if item.is_open_at(as_of)]
        return ComputeRequest(
            step=step.name,
            subject=step.subject,
            span=step.span,
            game_date=ledger.plan.game_date,
            game_ids=games,
            as_of=_inputs_as_of(step, ledger.plan, as_of),
            backfilled=ledger.plan.known_by is not None,
            degraded=tuple(f"{item.step}: {item.reason}" for item in degradations),
            missing_games=tuple(sorted({game for item in degradations for game in item.games_missing_at(as_of)})),
            postponed=ledger.postponed,
            reference=ledger.input_file(step),
            release=ledger.release,
        )


class SourcePoller:
    """Polls the source of a step and its fallback sources.

    It owns the cache of batches already processed (an unchanged batch is not processed again) and the set of steps
    whose next poll an operator forced.
    """

    def __init__(self, ledger: DayLedger, *, virtual: bool) -> None:
        self._ledger = ledger
        self._virtual = virtual
        self._processed: dict[str, tuple[tuple[str, tuple[SlateGame, ...]], ProcessReport]] = {}
        self._forced: set[str] = set()

    def force(self, steps: Iterable[PlanStep]) -> None:
        """Make the next poll of these steps ask for all games and process even an unchanged batch."""
        for step in steps:
            for source in (step.subject, *(fallback.source for fallback in step.fallback_sources)):
                self._processed.pop(source, None)
            self._forced.add(step.name)

    def forget_processed(self) -> None:
        """Process every batch again: after a change of the slate an unchanged batch may hold rows of a new game."""
        self._processed.clear()

    async def poll(self, step: PlanStep, as_of: datetime, polling: Polling) -> SourceReport:
        """Poll a source, then its fallback sources for the games it lacks.

        Raises ActivityError when the primary source fails and no fallback source has any game.
        """
        plan, record = self._ledger.plan, self._ledger.source_record(step)
        force = step.name in self._forced
        self._forced.discard(step.name)
        failure: ActivityError | None = None
        try:
            report = await self._poll_primary(step, plan, as_of, polling, force=force)
        except ActivityError as error:
            failure = error
            report = _failed_poll(error, step.subject).model_copy(update={"use_fallback": True})
        report = await self._add_fallbacks(step, record, report, plan, as_of, force=force)
        if failure is not None and not report.fallback_games:
            raise failure
        if report.games is not None:
            return report.model_copy(update={"games": fallbacks.reported_slate(report, report.games, plan, as_of)})
        return report

    async def _poll_primary(
        self, step: PlanStep, plan: DayPlan, as_of: datetime, polling: Polling, *, force: bool
    ) -> SourceReport:
        """Poll the step's own source unless it is blocked or in cooldown."""
        record = self._ledger.source_record(step)
        games = fallbacks.wanted_games(step, record, plan, force=force)
        unpolled = None if force else fallbacks.report_without_poll(record)
        if unpolled is not None:
            return unpolled
        request = self._collect_request(step, step.subject, games, as_of, step.provider_ids_from, force=force)
        if step.role is Role.LIVE:
            return await self._follow(step, request, replace(polling, follow_until=None) if force else polling)
        report = await self._collect_and_process(request, step.label, polling.together)
        if len(games) < len(self._ledger.plan.games) and report.outcome in USABLE:
            return report.model_copy(update={"rows": record.rows + report.rows})
        return report

    async def _add_fallbacks(
        self,
        step: PlanStep,
        record: SourceRecord,
        report: SourceReport,
        plan: DayPlan,
        as_of: datetime,
        *,
        force: bool,
    ) -> SourceReport:
        """Poll the fallback sources in their order while the report lacks games; the merged report."""
        rows_before = record.rows if step.role is Role.POST and not force else 0
        for fallback in step.fallback_sources:
            lacking = fallbacks.lacking_games(step, record, report, plan, as_of, force=force)
            if not fallbacks.needs_fallback(step, report, plan, as_of) or (plan.games and not lacking):
                break
            fallback_report = await self._poll_fallback(step, fallback, lacking, as_of)
            report = fallbacks.merge_fallback(
                report, fallback, fallback_report, lacking, rows_before=rows_before, had_before=record.fallback_games
            )
        return report

    async def _follow(self, step: PlanStep, request: CollectRequest, polling: Polling) -> SourceReport:
        """Have the games in progress polled, once or until a time. Raises ChildWorkflowError."""
        until = polling.follow_until
        window = LiveScoringInput(
            game_date=request.game_date,
            games=request.games,
            source=request.source,
            as_of=request.as_of,
            again=gates.polls_until(step, request.as_of, until) if until else None,
            virtual=self._virtual,
            missing_games=self._ledger.records[step.name].missing_games,
            force=request.force,
            unwatched=polling.unwatched,
        )

        def alert_restart() -> None:
            text = f"{step.label}: the workflow that follows the games was terminated, and started again"
            self._ledger.alert(step, "restarted", text, request.as_of, Severity.WARNING)

        report = await follow_games(window, alert_restart)
        return report.changed_since(self._ledger.consumed)

    async def _poll_fallback(
        self, step: PlanStep, fallback: FallbackSource, games: tuple[SlateGame, ...], as_of: datetime
    ) -> SourceReport:
        """Poll a fallback source for some games; a failure becomes a report."""
        ids_from = fallback.provider_ids_from
        label = f"{fallback.label} for {step.label}"
        try:
            known_ids = self._ledger.provider_ids.get(ids_from or "", {})
            lacks_ids = any(game.game_id not in known_ids for game in games)
            if ids_from and lacks_ids and not step.landed_only:
                request = self._collect_request(step, ids_from, games, as_of)
                ids = await self._collect_and_process(request, f"{label}, ids")
                self._ledger.provider_ids.setdefault(ids_from, {}).update(ids.provider_ids)
            request = self._collect_request(step, fallback.source, games, as_of, ids_from)
            return await self._collect_and_process(request, label)
        except ActivityError as error:
            return _failed_poll(error, fallback.source)

    def _collect_request(
        self,
        step: PlanStep,
        source: str,
        games: tuple[SlateGame, ...],
        as_of: datetime,
        ids_from: str | None = None,
        *,
        force: bool = False,
    ) -> CollectRequest:
        return CollectRequest(
            source=source,
            game_date=self._ledger.plan.game_date,
            games=games,
            as_of=as_of,
            provider_ids=self._ledger.provider_ids.get(ids_from or "", {}),
            force=force,
            landed_by=self._ledger.plan.known_by if step.landed_only else None,
        )

    async def _collect_and_process(
        self, request: CollectRequest, label: str, together: PollsTogether | None = None
    ) -> SourceReport:
        """Collect a batch and process it into its table, unless it is the batch that was processed last."""
        plan, together = self._ledger.plan, together or PollsTogether()
        collected = await together.collect(request, _collect_summary(label, request))
        if collected.usable_batch is None:
            return collected.without_batch()
        key = (collected.usable_batch, request.games)
        processed, report = self._processed.get(request.source, (None, None))
        if report is not None and processed == key:
            unchanged = report.model_copy(update={"changed": False})
            return collected.with_batch(unchanged.changed_since(self._ledger.consumed))
        report = await self.process(
            request.source, label, collected.usable_batch, request.games, request.as_of, together
        )
        if report.changed:
            # The other sources of the fallback chain write the same rows: their cached batches are stale now.
            for other in fallbacks.others_in_chain(request.source, plan):
                self._processed.pop(other, None)
        if plan is self._ledger.plan:
            self._processed[request.source] = key, report
        return collected.with_batch(report)

    async def process(
        self,
        source: str,
        label: str,
        batch: str,
        games: tuple[SlateGame, ...],
        as_of: datetime,
        together: PollsTogether | None = None,
    ) -> ProcessReport:
        """Process a landed batch into the table of its source. Raises ActivityError."""
        request = ProcessRequest(
            source=source, batch_key=batch, game_date=self._ledger.plan.game_date, games=games, as_of=as_of
        )
        together = together or PollsTogether()
        report = await together.process(request, f"{label}: process the landed batch")
        return report.changed_since(self._ledger.consumed)


def _inputs_as_of(step: PlanStep, plan: DayPlan, as_of: datetime) -> datetime:
    """Inputs of predictions that became known after `known_by` are not read, whenever the step runs."""
    reads_inputs = step.role is Role.PRE and step.kind in (StepKind.TRANSFORM, StepKind.FEATURES)
    return min(as_of, plan.known_by) if reads_inputs and plan.known_by else as_of


def _failed_poll(error: ActivityError, source: str) -> SourceReport:
    reason = shortened(failure_reason(error, source), REASON_LENGTH)
    return SourceReport(outcome=Outcome.PROVIDER_ERROR, reason=reason, changed=False)


def _summary(step: PlanStep, request: ComputeRequest) -> str:
    as_of = clock_time(request.as_of, request.game_date)
    return f"{step.label}, {counted(len(request.game_ids), 'game')}, as of {as_of}"


def _collect_summary(label: str, request: CollectRequest) -> str:
    return f"{label} as of {clock_time(request.as_of, request.game_date)}"
