"""Backfills a range of dates: each is a day of its own, and a bounded number of them runs at a time.

A date is started as an abandoned child under the id of its day, so it survives whatever happens to the backfill, and a
date with a live run is left alone. Its tasks have the lowest priority.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from functools import partial

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    TerminatedError,
    WorkflowAlreadyStartedError,
)

from tipoff.vocabulary import (
    MAX_PARALLELISM,
    AuditEntry,
    BackfilledDate,
    BackfillPlan,
    BackfillScope,
    BackfillStatus,
    Channel,
    DateState,
    RunState,
    eastern,
    shortened,
)
from workflows.calls import call, failure_reason
from workflows.contracts import (
    BACKFILL_FAILED,
    TASK_TIMEOUT,
    Activity,
    ClockSpec,
    CommandResult,
    DayInput,
    Queue,
    Rerun,
    TaskPriority,
    day_workflow_id,
    message_of,
    refusal,
)
from workflows.contracts.backfill import (
    BackfillCommand,
    BackfillHandler,
    BackfillInput,
    ObservedDates,
    PlanBackfillRequest,
    PublishBackfillRequest,
)
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.day_start import day_details
from workflows.search_attributes import initial_attributes

PUBLISHED_EVERY = timedelta(seconds=5)
"""An activity for each change would fill the history."""
LONGEST_PUBLICATION_PAUSE = timedelta(minutes=5)
_COMMANDS_KEPT = 10
_REASON_LENGTH = 120
REPLAY_HOUR = 12
"""In a replay a date is backfilled at this Eastern hour of the next day."""


async def plan_backfill(scope: BackfillScope) -> BackfillPlan:
    """The dates that a backfill would run now. Raises ActivityError."""
    request = PlanBackfillRequest(scope=scope, as_of=workflow.now())
    return await call(Activity.PLAN_BACKFILL, request, BackfillPlan, summary=f"plan: {scope.text}")


@workflow.defn
class BackfillPlanWorkflow:
    """Plans a backfill and starts nothing: only a worker may open the warehouse."""

    @workflow.run
    async def run(self, scope: BackfillScope) -> BackfillPlan:
        return await plan_backfill(scope)


@workflow.defn
class BackfillWorkflow:
    """Runs the dates of a plan, oldest first, until all have ended."""

    @workflow.init
    def __init__(self, backfill: BackfillInput) -> None:
        self._backfill = backfill
        self._status = backfill.status or BackfillStatus(scope=backfill.scope, parallelism=backfill.parallelism)
        self._running: dict[date, asyncio.Task[None]] = {}
        self._ended_since: set[date] = set()
        """The dates that ended since the last publication."""
        self._changes = 0
        self._publication = asyncio.Lock()
        self._cancelled = False

    @workflow.run
    async def run(self, backfill: BackfillInput) -> BackfillStatus:
        if backfill.status is None:
            await self._plan()
        publishing = asyncio.create_task(self._publish_changes())
        try:
            await self._run_dates()
        finally:
            async with self._publication:  # one that runs on would overwrite the last status
                publishing.cancel()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._status.count(DateState.QUEUED) and not self._cancelled:
            await self._publish()  # the next run does not know which dates ended since the last publication
            workflow.continue_as_new(backfill.model_copy(update={"status": self._status}))
        return await self._end()

    async def _plan(self) -> None:
        """Raises ApplicationError when the plan is another one than the operator saw."""
        plan = await plan_backfill(self._backfill.scope)
        if self._backfill.digest and plan.digest != self._backfill.digest:
            raise refusal(f"the plan has changed: it is {plan.digest} now and was {self._backfill.digest}")
        rows = tuple(BackfilledDate(game_date=each.game_date) for each in plan.dates)
        self._status = self._status.model_copy(update={"dates": rows, "digest": plan.digest})

    async def _end(self) -> BackfillStatus:
        """Publish how it ended. Raises ApplicationError when a date failed, CancelledError when it was cancelled."""
        failed = self._status.count(DateState.FAILED, DateState.CANCELLED)
        state = RunState.CANCELLED if self._cancelled else RunState.FAILED if failed else RunState.COMPLETE
        self._status = self._status.model_copy(update={"state": state, "paused": False})
        await self._publish()
        if self._cancelled:
            raise CancelledError("no further date was started")
        if failed:
            sentence = self._status.sentence
            raise ApplicationError(sentence, self._status, type=BACKFILL_FAILED, non_retryable=True)
        return self._status

    # ── dates ────────────────────────────────────────────────────────────────────────────────────────────

    async def _run_dates(self) -> None:
        """Return when no date runs and none may start."""
        while True:
            while self._may_start():
                self._start(self._status.in_state(DateState.QUEUED)[0])
            if not self._running and not self._is_paused:
                return
            try:
                await workflow.wait_condition(lambda: self._may_start() or not (self._running or self._is_paused))
            except asyncio.CancelledError:
                self._cancelled = True  # those that run end by themselves: what they have computed stays

    def _may_start(self) -> bool:
        slots = self._status.parallelism - len(self._running)
        is_stopped = self._status.paused or self._cancelled or self._is_history_long()
        return slots > 0 and not is_stopped and self._status.count(DateState.QUEUED) > 0

    @property
    def _is_paused(self) -> bool:
        """Whether it waits for an operator while dates are queued. A long pause is continued as new."""
        is_stopped = self._cancelled or self._is_history_long()
        return self._status.paused and not is_stopped and self._status.count(DateState.QUEUED) > 0

    def _is_history_long(self) -> bool:
        info = workflow.info()
        too_long = info.get_current_history_length() >= self._backfill.continue_as_new_after
        return too_long or info.is_continue_as_new_suggested()

    def _start(self, game_date: date) -> None:
        self._set(game_date, DateState.RUNNING)
        self._running[game_date] = asyncio.create_task(self._run_date(game_date))

    async def _run_date(self, game_date: date) -> None:
        """Run a date to its end."""
        try:
            state, note = await self._outcome_of(game_date)
        finally:
            del self._running[game_date]
        self._ended_since.add(game_date)
        self._set(game_date, state, note)

    async def _outcome_of(self, game_date: date) -> tuple[DateState, str]:
        """Run a date; how it ended, and why."""
        day = self._day_input(game_date)
        try:
            await workflow.execute_child_workflow(
                DailyPipelineWorkflow.run,
                day,
                id=day_workflow_id(game_date),
                task_queue=Queue.DAY,
                task_timeout=TASK_TIMEOUT,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                search_attributes=initial_attributes(day),
                static_summary=f"NBA {game_date}, backfill",
                static_details=day_details(day),
                priority=TaskPriority.BACKFILL.option,
            )
        except WorkflowAlreadyStartedError:
            return DateState.LEFT_ALONE, "it has a live run"
        except ChildWorkflowError as error:
            cause = error.cause or error
            if isinstance(cause, (CancelledError, TerminatedError)):
                return DateState.CANCELLED, message_of(cause)
            return DateState.FAILED, failure_reason(cause) if isinstance(cause, ActivityError) else message_of(cause)
        return DateState.COMPLETE, ""

    def _day_input(self, game_date: date) -> DayInput:
        backfill, scope = self._backfill, self._status.scope
        why = f"backfill {self._status.digest}{backfill.why and f': {backfill.why}'}"
        rerun = Rerun(
            from_phase=scope.from_phase,
            to_phase=scope.to_phase,
            polls_missing_results=True,
            who=backfill.who,
            why=why,
        )
        noon = eastern(game_date + timedelta(days=1), REPLAY_HOUR)
        clock = ClockSpec(starts_at=noon) if backfill.replay else ClockSpec()
        return DayInput(game_date=game_date, clock=clock, rerun=rerun, replay=backfill.replay)

    def _set(self, game_date: date, state: DateState, note: str = "") -> None:
        self._status = self._status.with_row(self._status.row(game_date).in_state(state, note))
        self._changes += 1

    # ── publication ──────────────────────────────────────────────────────────────────────────────────────

    async def _publish_changes(self) -> None:
        """Publish what changed, and now and then how far the running dates are."""
        pause = PUBLISHED_EVERY
        while True:
            published = self._changes
            await self._publish()
            await workflow.sleep(PUBLISHED_EVERY, summary="until the next publication")
            if self._has_changed_since(published):
                pause = PUBLISHED_EVERY
                continue
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    partial(self._has_changed_since, published),
                    timeout=pause if self._running else None,
                    timeout_summary="until the running dates are observed again",
                )
            pause = min(2 * pause, LONGEST_PUBLICATION_PAUSE)

    def _has_changed_since(self, changes: int) -> bool:
        return self._changes != changes

    async def _publish(self) -> None:
        """Publish the status with the phases of the dates that run or ended, one at a time."""
        async with self._publication:
            await self._publish_now()

    async def _publish_now(self) -> None:
        workflow.set_current_details(self._status.sentence)
        ended = frozenset(self._ended_since)
        observed = tuple(sorted({*ended, *self._status.in_state(DateState.RUNNING)}))
        request = PublishBackfillRequest(status=self._status, observed=observed)
        try:
            result = await call(Activity.PUBLISH_BACKFILL, request, ObservedDates, summary=self._status.sentence)
        except ActivityError as error:
            workflow.logger.warning("publishing the backfill failed: %s", failure_reason(error))
            return
        self._ended_since -= ended
        for observed_row in result.rows:
            current = self._status.row(observed_row.game_date)
            if current.state is observed_row.state:  # else it ended meanwhile, and is observed once more
                self._status = self._status.with_row(observed_row)

    # ── what operators ask and command ───────────────────────────────────────────────────────────────────

    @workflow.query(name=BackfillHandler.STATUS.value, description="The grid of dates and phases")
    def status(self) -> BackfillStatus:
        return self._status

    @workflow.update(name=BackfillHandler.PAUSE.value, description="Start no further date until it is resumed")
    def pause(self, command: BackfillCommand) -> CommandResult:
        return self._change(command, BackfillHandler.PAUSE, "no further date starts", {"paused": True})

    @pause.validator
    def _validate_pause(self, command: BackfillCommand) -> None:
        if self._status.paused:
            raise refusal("the backfill is paused already")

    @workflow.update(name=BackfillHandler.RESUME.value, description="Start further dates again")
    def resume(self, command: BackfillCommand) -> CommandResult:
        return self._change(command, BackfillHandler.RESUME, "further dates start", {"paused": False})

    @resume.validator
    def _validate_resume(self, command: BackfillCommand) -> None:
        if not self._status.paused:
            raise refusal("the backfill is not paused")

    @workflow.update(
        name=BackfillHandler.SET_PARALLELISM.value, description="How many dates run at a time, as parallelism"
    )
    def set_parallelism(self, command: BackfillCommand) -> CommandResult:
        text = f"{command.parallelism} at a time"
        return self._change(command, BackfillHandler.SET_PARALLELISM, text, {"parallelism": command.parallelism})

    @set_parallelism.validator
    def _validate_set_parallelism(self, command: BackfillCommand) -> None:
        if command.parallelism is None or not 1 <= command.parallelism <= MAX_PARALLELISM:
            raise refusal(f"parallelism is a number from 1 to {MAX_PARALLELISM}, not {command.parallelism}")

    def _change(
        self, command: BackfillCommand, name: BackfillHandler, text: str, update: dict[str, object]
    ) -> CommandResult:
        entry = AuditEntry(
            at=workflow.now(),
            via=Channel.UPDATE,
            command=name,
            target="",
            who=command.who,
            why=shortened(command.why, _REASON_LENGTH),
            accepted=True,
            result=text,
        )
        audit = (*self._status.audit, entry)[-_COMMANDS_KEPT:]
        self._status = self._status.model_copy(update={**update, "audit": audit})
        self._changes += 1
        return CommandResult(accepted=True, text=text)
