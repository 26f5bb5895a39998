"""Starts what a schedule is for. The server appends a timestamp to the id of what a schedule starts, and a day needs an
id of its own; so schedules start this short workflow, which leaves the run to itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import workflow
from temporalio.common import (
    SearchAttributeKey,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from tipoff.vocabulary import Frozen, clock_time, eastern, game_date_of
from workflows.contracts import (
    TASK_TIMEOUT,
    ClockSpec,
    DayInput,
    Queue,
    TaskPriority,
    TrainingInput,
    day_workflow_id,
    training_workflow_id,
)
from workflows.contracts.schedules import (
    DAY_WORKFLOW,
    LAUNCHER_WORKFLOW,
    MORNING_CHECK_WORKFLOW,
    RETENTION_WORKFLOW,
    TRAINING_WORKFLOW,
    WATCHDOG_WORKFLOW,
    WATCHDOG_WORKFLOW_ID,
    LauncherInput,
    LaunchOutcome,
    LaunchResult,
    OwnDefaults,
    ScheduledRun,
    ScheduleName,
)
from workflows.day_start import day_details, day_priority, day_summary
from workflows.search_attributes import initial_attributes

SCHEDULED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
"""The time at which a schedule wanted to start a run; the server adds it to what a schedule starts."""

DAY_START_HOUR = 5
"""A day's first poll, in Eastern time."""


@dataclass(frozen=True)
class Launch:
    """A run to start: the workflow, its id and input, and how it is shown."""

    workflow: str
    id: str
    input: Frozen
    summary: str
    details: str = ""
    attributes: TypedSearchAttributes = TypedSearchAttributes.empty
    reuse: WorkflowIDReusePolicy = WorkflowIDReusePolicy.REJECT_DUPLICATE
    priority: TaskPriority = TaskPriority.LIVE


def launch_of(launcher: LauncherInput, scheduled_at: datetime) -> Launch:
    """What a schedule starts at one of its times."""
    return _LAUNCHES[launcher.schedule](launcher, scheduled_at)


def is_too_late(launcher: LauncherInput, scheduled_at: datetime, started_at: datetime, now: datetime) -> bool:
    """Whether no worker served a launcher that was started in time.

    One that was started later than its schedule catches up was started on purpose: for a past date.
    """
    was_in_time = started_at - scheduled_at <= launcher.latest
    return was_in_time and now - scheduled_at > launcher.latest


def _day(launcher: LauncherInput, scheduled_at: datetime) -> Launch:
    """An operator may have run, failed or cancelled the date already: only an operator starts it again."""
    game_date = game_date_of(scheduled_at)
    clock = ClockSpec(starts_at=eastern(game_date, DAY_START_HOUR)) if launcher.replay else ClockSpec()
    return launch_of_day(DayInput(game_date=game_date, clock=clock, replay=launcher.replay), scheduled_at)


def launch_of_day(day: DayInput, now: datetime) -> Launch:
    """The run of a date; only a re-run follows an earlier run."""
    return Launch(
        DAY_WORKFLOW,
        day_workflow_id(day.game_date),
        day,
        day_summary(day, now),
        day_details(day),
        initial_attributes(day),
        WorkflowIDReusePolicy.ALLOW_DUPLICATE if day.rerun else WorkflowIDReusePolicy.REJECT_DUPLICATE,
        day_priority(day),
    )


def _training(launcher: LauncherInput, scheduled_at: datetime) -> Launch:
    return launch_of_training(game_date_of(scheduled_at), scheduled_at)


def launch_of_training(before: date, as_of: datetime, *, only_if_due: bool = False) -> Launch:
    """The id is that of `starter.py train` and of the day's own training, so that two do not train at once.

    It may follow an ended run: the day's training of the same date often ends at once, because none is due.
    """
    due = " if due" if only_if_due else ""
    return Launch(
        TRAINING_WORKFLOW,
        training_workflow_id(before),
        TrainingInput(before=before, as_of=as_of, only_if_due=only_if_due),
        f"train all systems on the games before {before}{due}",
        reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        priority=TaskPriority.BACKFILL,
    )


def _watchdog(launcher: LauncherInput, scheduled_at: datetime) -> Launch:
    """It runs for ever, so this starts it only if it never ran or was ended."""
    summary = "watches schedules, days and workers"
    reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE
    return Launch(WATCHDOG_WORKFLOW, WATCHDOG_WORKFLOW_ID, OwnDefaults(), summary, reuse=reuse)


def _morning_check(launcher: LauncherInput, scheduled_at: datetime) -> Launch:
    today = game_date_of(scheduled_at)
    run = ScheduledRun(game_date=today, as_of=scheduled_at)
    return Launch(MORNING_CHECK_WORKFLOW, f"morning-check-{today}", run, f"check of the day before {today}")


def _retention(launcher: LauncherInput, scheduled_at: datetime) -> Launch:
    today = game_date_of(scheduled_at)
    run = ScheduledRun(game_date=today, as_of=scheduled_at)
    summary, later = "remove expired files", TaskPriority.BACKFILL
    return Launch(RETENTION_WORKFLOW, f"retention-{today}", run, summary, priority=later)


_LAUNCHES: Mapping[ScheduleName, Callable[[LauncherInput, datetime], Launch]] = {
    ScheduleName.DAY: _day,
    ScheduleName.TRAINING: _training,
    ScheduleName.WATCHDOG: _watchdog,
    ScheduleName.MORNING_CHECK: _morning_check,
    ScheduleName.RETENTION: _retention,
}


@workflow.defn(name=LAUNCHER_WORKFLOW)
class LauncherWorkflow:
    """Starts one run at a scheduled time, and ends; the run goes on without it."""

    @workflow.run
    async def run(self, launcher: LauncherInput) -> LaunchResult:
        info = workflow.info()
        scheduled_at = info.typed_search_attributes.get(SCHEDULED_AT)
        if scheduled_at is None:
            raise ApplicationError("only a schedule starts this workflow: starter.py schedules", non_retryable=True)
        result = await _result(launcher, scheduled_at)
        workflow.set_current_details(result.text)
        return result


async def _result(launcher: LauncherInput, scheduled_at: datetime) -> LaunchResult:
    launch = launch_of(launcher, scheduled_at)
    if is_too_late(launcher, scheduled_at, workflow.info().workflow_start_time, workflow.now()):
        at = clock_time(scheduled_at, game_date_of(scheduled_at))
        text = f"{launch.id} was due at {at} and no worker ran until it was too late, so it was not started"
        return LaunchResult(workflow_id=launch.id, outcome=LaunchOutcome.TOO_LATE, text=text)
    return await start(launch)


async def start(launch: Launch) -> LaunchResult:
    """Start a run as an abandoned child: it goes on without the one that started it."""
    try:
        await workflow.start_child_workflow(
            launch.workflow,
            launch.input,
            id=launch.id,
            task_queue=Queue.DAY,
            parent_close_policy=ParentClosePolicy.ABANDON,
            id_reuse_policy=launch.reuse,
            task_timeout=TASK_TIMEOUT,
            search_attributes=launch.attributes,
            static_summary=launch.summary,
            static_details=launch.details,
            priority=launch.priority.option,
        )
    except WorkflowAlreadyStartedError:
        text = f"{launch.id} has a run already, so nothing was started"
        return LaunchResult(workflow_id=launch.id, outcome=LaunchOutcome.EXISTS, text=text)
    return LaunchResult(workflow_id=launch.id, outcome=LaunchOutcome.STARTED, text=f"{launch.id} was started")
