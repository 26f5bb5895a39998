"""Watches everything from outside the days: at each pass it observes, repairs by rule, and reports.

The decisions are made beside the facts, in `tipoff.watchdog`; this workflow keeps the time and remembers what it tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError

from tipoff.vocabulary import (
    WATCHDOG,
    Channel,
    Finding,
    Phase,
    Repair,
    RepairAttempt,
    RepairKind,
    clock_time,
    counted,
)
from workflows.calls import call, failure_reason
from workflows.contracts import (
    Activity,
    CommandName,
    CommandResult,
    DayInput,
    DeliverRequest,
    OperatorCommand,
    Rerun,
    ScheduledAction,
    day_workflow_id,
)
from workflows.contracts.alerts import AlertsDelivered, DeliverAlertsRequest
from workflows.contracts.schedules import WATCHDOG_WORKFLOW, LaunchOutcome
from workflows.contracts.watchdog import (
    ObserveRequest,
    PassReported,
    ReportPassRequest,
    WatchdogInput,
    WatchReport,
)
from workflows.launcher import Launch, launch_of_day, launch_of_training, start

REMEMBERED_FOR = timedelta(days=2)
"""An attempt counts for as long as its fault can be repaired."""
MAX_REMEMBERED = 60

_COMMANDS: Mapping[RepairKind, CommandName] = {
    RepairKind.POLL_AGAIN: CommandName.RETRY_STEP,
    RepairKind.RECOMPUTE: CommandName.RETRY_STEP,
    RepairKind.REFRESH_LINES: CommandName.LINES_AVAILABLE,
}
"""The repairs that are commands to a running day; the others start a run."""


@workflow.defn(name=WATCHDOG_WORKFLOW)
class WatchdogWorkflow:
    """Runs for ever, continued as new before its history grows too long."""

    @workflow.init
    def __init__(self, watchdog: WatchdogInput) -> None:
        self._watchdog = watchdog
        self._attempts = watchdog.attempts
        self._missed = watchdog.missed
        self._report = WatchReport()

    @workflow.run
    async def run(self, watchdog: WatchdogInput) -> None:
        while not self._is_history_long():
            await self._pass()
            await workflow.sleep(watchdog.every, summary="until the next pass")
        workflow.continue_as_new(watchdog.model_copy(update={"attempts": self._attempts, "missed": self._missed}))

    def _is_history_long(self) -> bool:
        info = workflow.info()
        too_long = info.get_current_history_length() >= self._watchdog.continue_as_new_after
        return too_long or info.is_continue_as_new_suggested()

    @workflow.query(description="What the last pass found and repaired")
    def last_pass(self) -> WatchReport:
        return self._report

    async def _pass(self) -> None:
        """Without facts nothing is repaired or reported, and the heartbeat URL stays silent."""
        now = workflow.now()
        self._attempts = tuple(each for each in self._attempts if now - each.at < REMEMBERED_FOR)[-MAX_REMEMBERED:]
        request = ObserveRequest(as_of=now, attempts=self._attempts, missed=self._missed)
        try:
            self._report = await call(Activity.OBSERVE, request, WatchReport, summary="what is wrong")
            self._missed = self._report.missed
            made = tuple([await _attempt(repair) for repair in self._report.repairs])
            self._attempts += made
            alerts = DeliverAlertsRequest(
                scope=WATCHDOG, findings=self._report.findings, is_partial=self._report.is_partial, as_of=now
            )
            await call(Activity.DELIVER_ALERTS, alerts, AlertsDelivered, summary=_summary(self._report))
            # Also those of a pass that failed before this; what is logged already is skipped.
            passed = ReportPassRequest(attempts=self._attempts)
            await call(Activity.REPORT_PASS, passed, PassReported, summary=counted(len(made), "repair"))
        except ActivityError as error:
            workflow.logger.warning("a pass of the watchdog failed: %s", failure_reason(error))
            workflow.set_current_details(f"The pass of {clock_time(now)} failed: {failure_reason(error)}")
            return
        workflow.set_current_details(_details(clock_time(now), self._report.findings, self._attempts))


@workflow.defn(name=WATCHDOG_WORKFLOW, versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class AutoUpgradeWatchdogWorkflow(WatchdogWorkflow):
    """The same for workers with a named build, since it outlives any build; other workers refuse the declaration."""

    @workflow.init
    def __init__(self, watchdog: WatchdogInput) -> None:
        super().__init__(watchdog)

    @workflow.run
    async def run(self, watchdog: WatchdogInput) -> None:
        await super().run(watchdog)


async def _attempt(repair: Repair) -> RepairAttempt:
    """Repair one fault; a refusal or a failure is a result."""
    at = workflow.now()
    try:
        result = await (_command(repair) if repair.kind in _COMMANDS else _start(repair))
    except ActivityError as error:
        result = CommandResult(accepted=False, text=failure_reason(error))
    return RepairAttempt(repair=repair, at=at, accepted=result.accepted, result=result.text)


async def _command(repair: Repair) -> CommandResult:
    """Send the day a command, as an operator would: its audit trail names the watchdog and the reason."""
    name = _COMMANDS[repair.kind]
    target = repair.step if name is CommandName.RETRY_STEP else ""
    command = OperatorCommand(name=name, target=target, game_date=repair.game_date, who=WATCHDOG, why=repair.why)
    action = ScheduledAction(at=workflow.now(), command=command, via=Channel.UPDATE)
    request = DeliverRequest(workflow_id=day_workflow_id(repair.game_date), run_id="", action=action)
    return await call(Activity.DELIVER_ACTION, request, CommandResult, summary=_describe(repair))


async def _start(repair: Repair) -> CommandResult:
    """Start the run that is missing."""
    result = await start(_launch_of(repair, workflow.now()))
    return CommandResult(accepted=result.outcome is LaunchOutcome.STARTED, text=result.text)


def _launch_of(repair: Repair, now: datetime) -> Launch:
    if repair.kind is RepairKind.START_TRAINING:
        return launch_of_training(repair.game_date, now)
    rerun = Rerun(from_phase=Phase.RESULTS, who=WATCHDOG, why=repair.why)
    is_rerun = repair.kind is RepairKind.RERUN_RESULTS
    return launch_of_day(DayInput(game_date=repair.game_date, rerun=rerun if is_rerun else None), now)


def _describe(repair: Repair) -> str:
    step = f" {repair.step}" if repair.step else ""
    return f"{repair.kind}{step} of {repair.game_date}: {repair.why}"


def _summary(report: WatchReport) -> str:
    return f"{counted(len(report.findings), 'finding')}, {counted(len(report.repairs), 'repair')}"


def _details(at: str, findings: tuple[Finding, ...], attempts: tuple[RepairAttempt, ...]) -> str:
    """The last pass in Markdown, for the Temporal UI."""
    lines = [f"Last pass {at}: {counted(len(findings), 'finding')}."]
    lines += [f"- **{finding.severity}**: {finding.summary} `{finding.command}`" for finding in findings]
    if attempts:
        lines.append("\nRepairs of the last two days, newest first:")
    lines += [f"- {clock_time(each.at)} {_describe(each.repair)}: {each.result}" for each in reversed(attempts[-10:])]
    return "\n".join(lines)
