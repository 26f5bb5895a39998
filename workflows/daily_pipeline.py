"""The workflow of one game date.

A day acquires the slate, collects its inputs, waits for betting lines until a signal, a response or the deadline,
degrades by rule if an input is missing then, predicts and publishes before tip-off, refreshes the affected games when
late input arrives, follows the games and grades the predictions. The steps and every deadline are listed
in `tipoff/plan.py`. It also starts the training of models that are older than a week, for the next days.

Beside this module: `scheduler` (the loop: decide, start, wait), `step_runner` (activities and fallback sources),
`together` and `in_turn` (which steps share an activity), `rerun` (an ended day again from its landed batches),
`scenario` (commands and holds of a replay), `status_reporter` (what operators and readers see), `operator_commands`
(what each command does), `gates` (when a step may start), `day_state` (the state of each step), `day_status` (that
state for operators), `day_end` (the rule for the end state) and `event_count` (how large a day's history becomes).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from tipoff.vocabulary import AuditEntry, Channel, DayPlan, DayStatus, Phase, RecordedDay, RunState, did_you_mean
from workflows import operator_commands
from workflows.contracts import (
    DAY_FAILED,
    CommandName,
    CommandResult,
    DayInput,
    DayResult,
    OperatorCommand,
    Rerun,
    refusal,
)
from workflows.day_clock import DayClock
from workflows.day_state import DayLedger
from workflows.day_status import day_result
from workflows.launcher import launch_of_training, start
from workflows.planner import make_first_plan
from workflows.rerun import DayRerun, read_recorded_day
from workflows.scenario import Scenario
from workflows.scheduler import Scheduler
from workflows.search_attributes import GAME_DATE
from workflows.status_reporter import StatusReporter
from workflows.step_runner import SourcePoller, StepRunner

_NOTHING_RECORDED = "nothing was recorded of {}: it never ran with this warehouse and landing; start it without --rerun"
_NO_PLAN_YET = "the day is starting and has no plan yet: retry in a second"


@dataclass(frozen=True)
class _PlannedDay:
    """What exists once the day has its first plan."""

    ledger: DayLedger
    poller: SourcePoller
    runner: StepRunner
    reporter: StatusReporter
    scheduler: Scheduler


@workflow.defn
class DailyPipelineWorkflow:
    """One game date from the morning's slate to the graded predictions."""

    @workflow.init
    def __init__(self, day: DayInput) -> None:
        self._day = day
        self._clock = DayClock(day.clock)
        self._early_audit: list[AuditEntry] = []
        self._planned: _PlannedDay | None = None
        self._training: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, day: DayInput) -> DayResult:
        workflow.upsert_search_attributes([GAME_DATE.value_set(day.game_date.isoformat())])
        try:
            await self._run_day(day.rerun)
        except asyncio.CancelledError:
            await self._publish_cancelled()
            raise
        await self._planned_day.reporter.publish_last()
        await workflow.wait_condition(workflow.all_handlers_finished)
        status = self.status()
        result = day_result(status)
        if result.state is RunState.FAILED:
            # Everything is exported; the workflow list and its alerts should show the failure too.
            raise ApplicationError(status.sentence, result, type=DAY_FAILED, non_retryable=True)
        return result

    async def _run_day(self, rerun: Rerun | None) -> None:
        to_phase = rerun.to_phase if rerun else Phase.GRADE
        plan = await make_first_plan(self._day.game_date, self._clock.now(), to_phase)
        recorded = await self._recorded_day(plan, rerun) if rerun else None
        planned = self._planned = self._start_planned(DayLedger(plan, recorded=recorded is not None))
        if rerun is not None:
            self._audit_rerun(rerun, recorded)
        if rerun is None and not plan.is_backfill:
            self._training = asyncio.create_task(self._start_training(planned.ledger))
        if rerun is None or recorded is None:
            await planned.scheduler.run()
            return
        ledger, reporter = planned.ledger, planned.reporter
        await DayRerun(rerun, recorded, ledger, self._clock, planned.runner, planned.poller, reporter).run()

    async def _start_training(self, ledger: DayLedger) -> None:
        """Have the models trained, if due, once the date is known to have games; the day does not wait for it."""
        await workflow.wait_condition(lambda: bool(ledger.plan.games))
        await start(launch_of_training(self._day.game_date, self._clock.now(), only_if_due=True))

    async def _recorded_day(self, plan: DayPlan, rerun: Rerun) -> RecordedDay | None:
        """What a re-run starts from; None when a past date never ran, and is collected and backfilled.

        Raises ApplicationError when a date that is not past recorded nothing.
        """
        recorded = await read_recorded_day(plan.game_date)
        if recorded.has_run:
            return recorded
        if plan.is_backfill:
            # The import of a season stores what the phases after the collection are computed from.
            is_stored = bool(recorded.games) and rerun.from_phase.position >= Phase.CONTEXT.position
            return recorded if is_stored else None
        raise refusal(_NOTHING_RECORDED.format(plan.game_date))

    def _audit_rerun(self, rerun: Rerun, recorded: RecordedDay | None) -> None:
        text = f"re-run of {rerun.step} and what depends on it" if rerun.step else f"re-run {rerun.phases}"
        result = CommandResult(accepted=True, text=text if recorded else "it never ran: the date is backfilled")
        target = rerun.step or rerun.from_phase
        self._audit(Channel.START, "rerun", result, target=target, who=rerun.who, why=rerun.why)

    def _start_planned(self, ledger: DayLedger) -> _PlannedDay:
        ledger.adopt(ledger.plan)
        for entry in self._early_audit:
            ledger.add_audit_entry(entry)
        poller = SourcePoller(ledger, virtual=self._clock.virtual)
        runner, reporter = StepRunner(ledger, poller), StatusReporter(ledger, self._clock, self._day.replay)
        scenario = Scenario(self._day.clock)
        scheduler = Scheduler(ledger, self._clock, runner, poller, reporter, scenario)
        return _PlannedDay(ledger, poller, runner, reporter, scheduler)

    async def _publish_cancelled(self) -> None:
        """Publish that an operator cancelled the run; its published predictions stay valid."""
        if self._planned is None:
            return
        self._planned.scheduler.cancel_steps()
        result = CommandResult(accepted=True, text="the run was cancelled; its published predictions stay valid")
        self._audit(Channel.CANCEL, "cancel", result, why=workflow.cancellation_reason() or "")
        self._planned.ledger.ended = RunState.CANCELLED
        await self._planned.reporter.publish_last()

    @property
    def _planned_day(self) -> _PlannedDay:
        if self._planned is None:
            raise ApplicationError(_NO_PLAN_YET)
        return self._planned

    @workflow.query(description="Status of the day: phases, steps, counts, waits, deadlines, attention, audit")
    def status(self) -> DayStatus:
        return self._planned_day.reporter.status()

    # ── operator commands ───────────────────────────────────────────────────────────────────────────────

    def _execute(self, command: OperatorCommand, via: Channel) -> CommandResult:
        """Execute a command if it is valid; the audit trail gets it either way."""
        result = self._validate(command)
        if result.accepted:
            planned = self._planned_day
            operator_commands.execute(command, planned.ledger, self._clock.now())
            planned.poller.force(operator_commands.forced_polls(command, planned.ledger.plan))
            if command.name is CommandName.RESUME_CLOCK:
                self._clock.resume()
            planned.scheduler.wake()
        self._audit(via, command.name, result, target=command.about, who=command.who, why=command.why)
        return result

    def _validate(self, command: OperatorCommand) -> CommandResult:
        if self._planned is None:
            return CommandResult(accepted=False, text=_NO_PLAN_YET)
        return operator_commands.validate(command, self._planned.ledger, self._clock.now(), held=self._clock.held)

    def _handle_update(self, name: CommandName, arguments: Sequence[Any]) -> CommandResult:
        return self._execute(operator_commands.command_from(name, arguments), Channel.UPDATE)

    def _require_valid(self, name: CommandName, arguments: Sequence[Any]) -> None:
        """Reject an update before it is accepted. Raises ApplicationError."""
        try:
            result = self._validate(operator_commands.command_from(name, arguments))
        except ValueError as error:
            raise refusal(str(error)) from None
        if not result.accepted:
            raise refusal(result.text, unconfirmed=result.unconfirmed)

    def _handle_signal(self, name: CommandName, arguments: Sequence[Any]) -> None:
        """Execute a signal. It never raises, which would fail the run; the audit trail records a refusal."""
        try:
            self._execute(operator_commands.command_from(name, arguments), Channel.SIGNAL)
        except ValueError as error:
            refused = CommandResult(accepted=False, text=str(error))
            self._audit(Channel.SIGNAL, name, refused, target=" ".join(map(str, arguments)))

    def _audit(
        self, via: Channel, command: str, result: CommandResult, *, target: str = "", who: str = "", why: str = ""
    ) -> None:
        """Add an entry to the audit trail, also before there is a plan."""
        entry = AuditEntry(
            at=self._clock.now(),
            via=via,
            command=command,
            target=target,
            who=who,
            why=why,
            accepted=result.accepted,
            result=result.text,
        )
        if self._planned is None:
            self._early_audit.append(entry)
        else:
            self._planned.ledger.add_audit_entry(entry)

    @workflow.signal(name="force_continue", description=operator_commands.description(CommandName.FORCE_CONTINUE))
    def handle_force_continue(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.FORCE_CONTINUE, arguments)

    @workflow.signal(name="lines_available", description=operator_commands.description(CommandName.LINES_AVAILABLE))
    def handle_lines_available(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.LINES_AVAILABLE, arguments)

    @workflow.signal(name="retry_step", description=operator_commands.description(CommandName.RETRY_STEP))
    def handle_retry_step(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.RETRY_STEP, arguments)

    @workflow.signal(name="skip_step", description=operator_commands.description(CommandName.SKIP_STEP))
    def handle_skip_step(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.SKIP_STEP, arguments)

    @workflow.signal(name="refresh_lines", description=operator_commands.description(CommandName.REFRESH_LINES))
    def handle_refresh_lines(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.REFRESH_LINES, arguments)

    @workflow.signal(name="release_picks", description=operator_commands.description(CommandName.RELEASE_PICKS))
    def handle_release_picks(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.RELEASE_PICKS, arguments)

    @workflow.signal(name="resume_clock", description=operator_commands.description(CommandName.RESUME_CLOCK))
    def handle_resume_clock(self, *arguments: Any) -> None:
        self._handle_signal(CommandName.RESUME_CLOCK, arguments)

    @workflow.signal(dynamic=True, description="Any other signal is refused and recorded in the audit trail")
    def handle_unknown_signal(self, name: str, arguments: Sequence[RawValue]) -> None:
        text = f"no signal {name[:50]!r}; the signals are {', '.join(CommandName)}{did_you_mean(name, CommandName)}"
        self._audit(Channel.SIGNAL, name[:50], CommandResult(accepted=False, text=text))

    @workflow.update(description=operator_commands.description(CommandName.FORCE_CONTINUE))
    def force_continue(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.FORCE_CONTINUE, arguments)

    @force_continue.validator
    def _validate_force_continue(self, *arguments: Any) -> None:
        self._require_valid(CommandName.FORCE_CONTINUE, arguments)

    @workflow.update(description=operator_commands.description(CommandName.LINES_AVAILABLE))
    def lines_available(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.LINES_AVAILABLE, arguments)

    @lines_available.validator
    def _validate_lines_available(self, *arguments: Any) -> None:
        self._require_valid(CommandName.LINES_AVAILABLE, arguments)

    @workflow.update(description=operator_commands.description(CommandName.RETRY_STEP))
    def retry_step(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.RETRY_STEP, arguments)

    @retry_step.validator
    def _validate_retry_step(self, *arguments: Any) -> None:
        self._require_valid(CommandName.RETRY_STEP, arguments)

    @workflow.update(description=operator_commands.description(CommandName.SKIP_STEP))
    def skip_step(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.SKIP_STEP, arguments)

    @skip_step.validator
    def _validate_skip_step(self, *arguments: Any) -> None:
        self._require_valid(CommandName.SKIP_STEP, arguments)

    @workflow.update(description=operator_commands.description(CommandName.REFRESH_LINES))
    def refresh_lines(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.REFRESH_LINES, arguments)

    @refresh_lines.validator
    def _validate_refresh_lines(self, *arguments: Any) -> None:
        self._require_valid(CommandName.REFRESH_LINES, arguments)

    @workflow.update(description=operator_commands.description(CommandName.RELEASE_PICKS))
    def release_picks(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.RELEASE_PICKS, arguments)

    @release_picks.validator
    def _validate_release_picks(self, *arguments: Any) -> None:
        self._require_valid(CommandName.RELEASE_PICKS, arguments)

    @workflow.update(description=operator_commands.description(CommandName.RESUME_CLOCK))
    def resume_clock(self, *arguments: Any) -> CommandResult:
        return self._handle_update(CommandName.RESUME_CLOCK, arguments)

    @resume_clock.validator
    def _validate_resume_clock(self, *arguments: Any) -> None:
        self._require_valid(CommandName.RESUME_CLOCK, arguments)
