"""The day: walks its plan by the clock, waits, degrades by rule, hears people, and ends.

It reads as: decide what may start (`gates`), start it, wait for the next thing to decide, note what it brought
(`day_state`), tell people (`day_report`, `telling`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

from tipoff.vocabulary import (
    USABLE,
    DayPlan,
    FallbackSource,
    Outcome,
    Phase,
    PlanStep,
    Role,
    RunState,
    SlateGame,
    StepKind,
    StepState,
    clock_time,
    shortened,
)
from workflows import fallbacks, gates, operator_commands, status_text
from workflows.calls import call
from workflows.contracts import (
    Activity,
    AuditEntry,
    CollectReport,
    CollectRequest,
    ComputeRequest,
    DayInput,
    DayResult,
    DayStatus,
    DeliverRequest,
    Message,
    MessageAnswer,
    Moment,
    OperatorCommand,
    PlanRequest,
    Predicted,
    ProcessRequest,
    PublishStatusRequest,
    RecordedBatch,
    RecordedDay,
    Rerun,
    StepReport,
)
from workflows.day_clock import DayClock
from workflows.day_state import REASON_LENGTH, DayLedger
from workflows.day_status import day_result, day_status
from workflows.search_attributes import DATA_QUALITY, GAME_DATE, PHASE, RUN_STATE

_COMPUTE = {
    StepKind.TRANSFORM: Activity.TRANSFORM,
    StepKind.FEATURES: Activity.BUILD_FEATURES,
    StepKind.GRADE: Activity.GRADE,
    StepKind.EXPORT: Activity.EXPORT,
}
_BEFORE_TIP = frozenset({Phase.CONTEXT, Phase.PREDICT, Phase.PUBLISH})
_AFTER_TIP = frozenset({Phase.RESULTS, Phase.GRADE})
PLAN_AGAIN_AFTER = timedelta(minutes=1)
TELL_AGAIN_AFTER = timedelta(minutes=5)

FOLLOWED_FOR = timedelta(minutes=30)
"""An activity follows the games so long: one for each look of an evening would double a day's history."""


@workflow.defn
class DailyPipelineWorkflow:
    """One game date from the morning's slate to the graded results."""

    @workflow.init
    def __init__(self, day: DayInput) -> None:
        self._day = day
        self._clock = DayClock(day.clock)
        self._ledger: DayLedger | None = None
        self._tasks: dict[str, asyncio.Task[StepReport | str]] = {}
        self._status_task: asyncio.Task[None] | None = None
        self._woken = False
        self._hold_at = day.clock.hold_at
        self._actions = sorted(day.clock.actions, key=lambda action: action.at)
        self._batches: dict[str, tuple[tuple[str, tuple[SlateGame, ...]], StepReport]] = {}
        self._forced: set[str] = set()
        self._slate: tuple[SlateGame, ...] | None = None
        self._said_early: list[AuditEntry] = []
        self._alerts_told: set[str] = set()
        self._told: dict[str, object] = {}
        self._tell_again_at: datetime | None = None

    @workflow.run
    async def run(self, day: DayInput) -> DayResult:
        workflow.upsert_search_attributes([GAME_DATE.value_set(day.game_date.isoformat())])
        try:
            await self._walk_day(day.rerun)
        except asyncio.CancelledError:
            await self._tell_cancelled()
            raise
        await self._tell_last()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return day_result(self.status())

    async def _walk_day(self, rerun: Rerun | None) -> None:
        self._ledger = DayLedger(await self._first_plan(), recorded=rerun is not None)
        self._ledger.adopt(self._ledger.plan)
        for entry in self._said_early:
            self._ledger.note(entry)
        if rerun is None:
            await self._walk()
        else:
            await self._walk_recorded(rerun)

    async def _first_plan(self) -> DayPlan:
        """There is no day without a plan: it is tried until there is one."""
        while True:
            try:
                return await self._make_plan(None)
            except ActivityError as error:
                workflow.set_current_details(f"The day cannot be planned, tried again every minute: {error.cause}")
                with suppress(TimeoutError):
                    await workflow.wait_condition(
                        lambda: False, timeout=PLAN_AGAIN_AFTER, timeout_summary="until planning is tried again"
                    )

    @property
    def ledger(self) -> DayLedger:
        if self._ledger is None:
            raise ApplicationError("the day is only starting and has no plan yet; ask again in a second")
        return self._ledger

    # ── walking the plan ─────────────────────────────────────────────────────────────────────────────────

    async def _walk(self) -> None:
        ledger, clock = self.ledger, self._clock
        while True:
            self._take_in_finished()
            await self._replan_if_slate_changed()
            self._woken = False
            verdicts = gates.decide(ledger.plan, ledger.records, clock.now())
            acted = self._act(verdicts)
            for step in gates.overdue(ledger.plan, ledger.records, clock.now()):
                ledger.alert(step, "overdue", f"{step.title} is late: {_reason(ledger, step)}", clock.now())
            if self._is_over(verdicts):
                return
            self._hold_if_asked()
            self._tell()
            if acted and not self._running:
                continue
            if await self._deliver_due_actions():
                continue
            moment = gates.next_moment(ledger.plan, ledger.records, verdicts, clock.now())
            await clock.wait(self._or_next_action(moment), self._running, lambda: self._woken)

    @property
    def _running(self) -> list[asyncio.Task[Any]]:
        status = [self._status_task] if self._status_task and not self._status_task.done() else []
        return [*self._tasks.values(), *status]

    def _act(self, verdicts: dict[str, gates.Verdict]) -> bool:
        """Start what is ready and settle what has to give up; whether anything was done."""
        acted = False
        for step in self.ledger.plan.steps:
            match verdicts[step.name]:
                case gates.Ready(games):
                    self._start(step, games)
                case gates.Degraded(reason):
                    self.ledger.degrade(step, reason, self._clock.now())
                case gates.Blocked(reason):
                    self.ledger.park(step, reason, self._clock.now())
                case _:
                    continue
            acted = True
        return acted

    def _is_over(self, verdicts: dict[str, gates.Verdict]) -> bool:
        if self._clock.now() >= self.ledger.plan.ends_at:
            self._give_up_waiting(verdicts)
        elif self._tasks or not all(isinstance(verdict, gates.Closed) for verdict in verdicts.values()):
            return False
        self.ledger.end()
        return True

    def _give_up_waiting(self, verdicts: dict[str, gates.Verdict]) -> None:
        """The day ends whatever is still at work or parked."""
        for task in self._tasks.values():
            task.cancel()
        for step in self.ledger.plan.steps:
            record = self.ledger.records[step.name]
            record.running = False
            if not record.settled and not isinstance(verdicts[step.name], gates.Closed):
                self.ledger.park(step, _reason(self.ledger, step), self._clock.now())
        self._tasks.clear()

    def _take_in_finished(self) -> None:
        """Take in finished steps in the plan's order, whichever order they finished in."""
        for step in self.ledger.plan.steps:
            task = self._tasks.get(step.name)
            if task is not None and task.done():
                del self._tasks[step.name]
                self.ledger.finish(step, task.result(), self._clock.now())
        # What is left and done are steps that a changed slate did away with: nobody waits for them.
        self._tasks = {name: task for name, task in self._tasks.items() if not task.done()}

    async def _replan_if_slate_changed(self) -> None:
        """Plan anew when the slate is first known, or a game was postponed, added or moved."""
        slate, self._slate = self._slate, None
        plan = self.ledger.plan
        if slate is None or (plan.slate_known and slate == plan.games):
            return
        try:
            self.ledger.adopt(await self._make_plan(slate))
        except ActivityError as error:
            self._slate = slate  # the day goes on by its old plan, and tries again with its next decision
            schedule = plan.steps[0]
            self.ledger.alert(schedule, "replan", f"the new slate cannot be planned: {error.cause}", self._clock.now())
            return
        # An answer that has not changed says something new of a game that has joined.
        self._batches.clear()

    async def _make_plan(self, games: tuple[SlateGame, ...] | None) -> DayPlan:
        count = "before its slate is known" if games is None else f"for {len(games)} games"
        published = self._ledger is not None and bool(self._ledger.published)
        request = PlanRequest(game_date=self._day.game_date, games=games, published=published)
        return await call(Activity.PLAN_DAY, request, DayPlan, summary=f"plan {self._day.game_date} {count}")

    # ── carrying a step out ──────────────────────────────────────────────────────────────────────────────

    def _start(self, step: PlanStep, games: tuple[str, ...]) -> None:
        as_of = self._clock.now()
        self.ledger.start(step, as_of)
        self._tasks[step.name] = asyncio.create_task(self._carry_out(step, games, as_of), name=step.name)

    async def _carry_out(self, step: PlanStep, games: tuple[str, ...], as_of: datetime) -> StepReport | str:
        """What the step brought, or why it could not be done after all its tries."""
        try:
            match step.kind:
                case StepKind.SOURCE:
                    return await self._look(step, as_of)
                case StepKind.SYSTEM:
                    return await self._predict(step, games, as_of)
                case kind:
                    request = self._compute_request(step, games, as_of)
                    return await call(_COMPUTE[kind], request, StepReport, summary=self._summary(step, games, as_of))
        except ActivityError as error:
            return str(error.cause or error)

    async def _look(self, step: PlanStep, as_of: datetime) -> StepReport:
        """Look at a source, and at those that stand in for it where it lacks games.

        Raises ActivityError when it fails and no other has anything either.
        """
        plan, record = self.ledger.plan, self.ledger.records[step.name]
        failed: ActivityError | None = None
        force = step.name in self._forced
        self._forced.discard(step.name)
        rows_before = record.rows if step.role is Role.POST and not force else 0
        try:
            report = await self._first_choice(
                step, fallbacks.wanted_games(step, record, plan, force=force), as_of, force
            )
        except ActivityError as error:
            failed = error
            reason = shortened(str(error.cause or error), REASON_LENGTH)
            report = StepReport(outcome=Outcome.PROVIDER_ERROR, reason=reason, changed=False, use_fallback=True)
        for fallback in step.fallback_sources:
            asked = fallbacks.lacking(step, record, report, plan, as_of, force=force)
            if not fallbacks.wants_fallback(step, report, as_of) or (plan.games and not asked):
                break
            brought = await self._poll_fallback(step, fallback, asked, as_of)
            report = fallbacks.merge_fallback(
                report, fallback, brought, asked, rows_before=rows_before, had_before=record.fallback_games
            )
        if failed is not None and not report.fallback_games:
            raise failed
        if report.games is not None:
            self._slate = fallbacks.slate_told(report, report.games, plan)
        return report

    async def _first_choice(
        self, step: PlanStep, games: tuple[SlateGame, ...], as_of: datetime, force: bool
    ) -> StepReport:
        """A look at the step's own source, if it may be asked."""
        record = self.ledger.records[step.name]
        in_cooldown = None if force else fallbacks.in_cooldown(record)
        if in_cooldown is not None:
            return in_cooldown
        request = self._collect_request(step.subject, games, as_of, step.provider_ids_from).model_copy(
            update={"force": force}
        )
        if step.role is Role.LIVE:
            again = None if self._clock.virtual else gates.polls_within(step, as_of, FOLLOWED_FOR)
            told = f"{step.title} as of {clock_time(as_of, request.game_date)}"
            return await call(Activity.FOLLOW, request.model_copy(update={"again": again}), StepReport, summary=told)
        report = await self._collected_and_read(request, step.title)
        if len(games) < len(self.ledger.plan.games) and report.outcome in USABLE:
            return report.model_copy(update={"rows": record.rows + report.rows})
        return report

    async def _poll_fallback(
        self, step: PlanStep, fallback: FallbackSource, games: tuple[SlateGame, ...], as_of: datetime
    ) -> StepReport:
        """What another source has of the games; when it fails too, why."""
        named = fallback.provider_ids_from
        title = f"{fallback.title} for {step.title}"
        try:
            if named and not {game.game_id for game in games} <= self.ledger.provider_ids.get(named, {}).keys():
                ids = await self._collected_and_read(self._collect_request(named, games, as_of), f"{title}, ids")
                self.ledger.provider_ids.setdefault(named, {}).update(ids.provider_ids)
            request = self._collect_request(fallback.source, games, as_of, named)
            return await self._collected_and_read(request, title)
        except ActivityError as error:
            reason = shortened(str(error.cause or error), REASON_LENGTH)
            return StepReport(outcome=Outcome.PROVIDER_ERROR, reason=reason, changed=False)

    def _collect_request(
        self, source: str, games: tuple[SlateGame, ...], as_of: datetime, ids_from: str | None = None
    ) -> CollectRequest:
        return CollectRequest(
            source=source,
            game_date=self.ledger.plan.game_date,
            games=games,
            as_of=as_of,
            provider_ids=self.ledger.provider_ids.get(ids_from or "", {}),
        )

    async def _collected_and_read(self, request: CollectRequest, title: str) -> StepReport:
        """Collect an answer and read it into its table; an unchanged answer is not read again."""
        plan = self.ledger.plan
        told = f"{title} as of {clock_time(request.as_of, request.game_date)}"
        collected = await call(Activity.COLLECT, request, CollectReport, summary=told)
        if collected.to_read is None:
            return collected.as_step()
        key = (collected.to_read, request.games)
        known, report = self._batches.get(request.source, (None, None))
        if report is not None and known == key:
            return collected.and_read(report.model_copy(update={"changed": False}))
        report = await self._read(request.source, title, collected.to_read, request.games, request.as_of)
        if report.changed:
            # What the others of its chain last said no longer stands: it is read when they say it again.
            for other in fallbacks.others_of(request.source, plan):
                self._batches.pop(other, None)
        if plan is self.ledger.plan:
            self._batches[request.source] = key, report
        return collected.and_read(report)

    async def _read(
        self, source: str, title: str, batch: str, games: tuple[SlateGame, ...], as_of: datetime
    ) -> StepReport:
        request = ProcessRequest(
            source=source, batch=batch, game_date=self.ledger.plan.game_date, games=games, as_of=as_of
        )
        return await call(Activity.PROCESS, request, StepReport, summary=f"{title}: read what was landed")

    async def _predict(self, step: PlanStep, games: tuple[str, ...], as_of: datetime) -> StepReport:
        request = self._compute_request(step, games, as_of)
        predicted = await call(Activity.PREDICT, request, Predicted, summary=self._summary(step, games, as_of))
        stored = f"{step.title}: store {predicted.rows} rows"
        return await call(Activity.STORE_PREDICTIONS, predicted, StepReport, summary=stored)

    def _compute_request(self, step: PlanStep, games: tuple[str, ...], as_of: datetime) -> ComputeRequest:
        missing = [item for item in self.ledger.degradations if item.stands_at(as_of)]
        return ComputeRequest(
            subject=step.subject,
            span=step.span,
            game_date=self.ledger.plan.game_date,
            game_ids=games,
            as_of=as_of,
            degraded=tuple(f"{item.step}: {item.reason}" for item in missing),
            missing_games=tuple(sorted({game for item in missing for game in item.games})),
            postponed=self.ledger.postponed,
            reference=self.ledger.records[step.needs[0]].reference if step.needs else "",
        )

    def _summary(self, step: PlanStep, games: tuple[str, ...], as_of: datetime) -> str:
        return f"{step.title}, {len(games)} games, as of {clock_time(as_of, self._day.game_date)}"

    # ── doing a recorded day again ───────────────────────────────────────────────────────────────────────

    async def _walk_recorded(self, rerun: Rerun) -> None:
        """From a phase on, do what was done, from what was landed, as of the moments it was done at."""
        answer = MessageAnswer(accepted=True, answer=f"done again from {rerun.from_phase} on")
        self._note("start", "rerun", answer, target=rerun.from_phase, who=rerun.who, why=rerun.why)
        request = PlanRequest(game_date=self._day.game_date, games=None)
        left = f"what {self._day.game_date} left behind"
        recorded = await call(Activity.RECORDED_DAY, request, RecordedDay, summary=left)
        self.ledger.adopt(await self._make_plan(recorded.games))
        self.ledger.degradations = list(recorded.degradations)
        steps = [step for step in self.ledger.plan.steps if _is_redone(step, rerun.from_phase)]
        self._take_as_recorded({step.name for step in steps})
        await self._read_and_predict(steps, recorded)
        last = max((batch.as_of for batch in recorded.batches), default=self._clock.now())
        for step in steps:
            if step.phase in _AFTER_TIP and step.kind is not StepKind.SOURCE:
                await self._again(step, Moment(as_of=last, game_ids=self.ledger.game_ids))
        self._settle_sources()
        self.ledger.end()

    async def _read_and_predict(self, steps: Sequence[PlanStep], recorded: RecordedDay) -> None:
        """Landed answers and moments of prediction in the order of time: what came later is not known earlier."""
        sources = _readers(steps)
        computed = [step for step in steps if step.phase in _BEFORE_TIP]
        unread = [batch for batch in recorded.batches if batch.source in sources]
        now = Moment(as_of=self._clock.now(), game_ids=self.ledger.game_ids)
        for moment in recorded.moments or (now,):
            while unread and unread[0].as_of <= moment.as_of:
                await self._read_again(sources, unread.pop(0))
            for step in computed:
                await self._again(step, moment)
        for batch in unread:
            await self._read_again(sources, batch)

    async def _read_again(self, sources: dict[str, PlanStep], batch: RecordedBatch) -> None:
        await self._again(sources[batch.source], Moment(as_of=batch.as_of, game_ids=()), batch)

    def _take_as_recorded(self, redone: set[str]) -> None:
        """What a re-run does not touch stands."""
        for name, record in self.ledger.records.items():
            if name not in redone:
                record.state, record.reason = StepState.COMPLETE, "taken as it was recorded"

    def _settle_sources(self) -> None:
        """What was not landed will not come any more; what the day went without for it is recorded."""
        for step in self.ledger.plan.steps:
            record = self.ledger.records[step.name]
            if step.kind is StepKind.SOURCE and record.state in {StepState.PENDING, StepState.LATE}:
                record.state, record.reason = StepState.DEGRADED, record.reason or "nothing was landed"

    async def _again(self, step: PlanStep, moment: Moment, batch: RecordedBatch | None = None) -> None:
        """Carry a step out as of a recorded moment; when it fails and is critical, a person decides."""
        record = self.ledger.records[step.name]
        while record.state is not StepState.SKIPPED:
            self.ledger.start(step, moment.as_of)
            self._tell()
            self.ledger.finish(step, await self._once_more(step, moment, batch), moment.as_of)
            if record.failed_since is None or not step.critical:
                return
            self._tell()
            await workflow.wait_condition(lambda: record.failed_since is None)
            if record.state is not StepState.PENDING:
                return  # forced on

    async def _once_more(self, step: PlanStep, moment: Moment, batch: RecordedBatch | None) -> StepReport | str:
        if batch is None:
            return await self._carry_out(step, moment.game_ids, moment.as_of)
        plan, record = self.ledger.plan, self.ledger.records[step.name]
        fallback = next((each for each in step.fallback_sources if each.source == batch.source), None)
        try:
            report = await self._read(batch.source, step.title, batch.batch, plan.games, moment.as_of)
            return fallbacks.read_again(step, record, report, plan, fallback)
        except ActivityError as error:
            return str(error.cause or error)

    # ── a replay's scenario ──────────────────────────────────────────────────────────────────────────────

    def _or_next_action(self, moment: datetime | None) -> datetime | None:
        coming = [action.at for action in self._actions[:1]] + ([moment] if moment else [])
        hold = [self._hold_at] if isinstance(self._hold_at, datetime) else []
        again = [self._tell_again_at] if self._tell_again_at else []
        return min([*coming, *hold, *again], default=None)

    async def _deliver_due_actions(self) -> bool:
        """Have the scenario's due orders sent to this very run, as a person would send them; whether any were."""
        due = [action for action in self._actions if action.at <= self._clock.now()]
        if self._tasks or not due:
            return False
        self._actions = self._actions[len(due) :]
        info = workflow.info()
        for action in due:
            request = DeliverRequest(workflow_id=info.workflow_id, run_id=info.run_id, action=action)
            said = f"scenario: {action.command.message} {action.command.target}".rstrip()
            await call(Activity.DELIVER_ACTION, request, MessageAnswer, summary=said)
        return True

    def _hold_if_asked(self) -> None:
        if self._hold_at is None or self._tasks:
            return
        if isinstance(self._hold_at, datetime):
            reached = self._clock.now() >= self._hold_at
        else:
            reached = any(
                step.phase is self._hold_at and self.ledger.records[step.name].state is not StepState.PENDING
                for step in self.ledger.plan.steps
            )
        if reached:
            self._hold_at = None
            self._clock.hold()

    # ── hearing people ───────────────────────────────────────────────────────────────────────────────────

    def _judge(self, command: OperatorCommand) -> MessageAnswer:
        if self._ledger is None:
            return MessageAnswer(accepted=False, answer="the day is only starting; say it again in a second")
        return operator_commands.judge(command, self._ledger, held=self._clock.held)

    def _execute(self, command: OperatorCommand, via: str) -> MessageAnswer:
        """Carry an order out if it can be, and write it into the audit trail either way."""
        answer = self._judge(command)
        if answer.accepted:
            operator_commands.apply(command, self.ledger, self._clock.now())
            # A person wants it read anew, also where the provider says just what it said before.
            for step in operator_commands.steps_to_read(command, self.ledger.plan):
                for source in (step.subject, *(fallback.source for fallback in step.fallback_sources)):
                    self._batches.pop(source, None)
                self._forced.add(step.name)
            if command.message is Message.RESUME_CLOCK:
                self._clock.resume()
            self._woken = True
        self._note(via, command.message, answer, target=command.about, who=command.who, why=command.why)
        return answer

    def _note(
        self, via: str, message: str, answer: MessageAnswer, *, target: str = "", who: str = "", why: str = ""
    ) -> None:
        """Write into the audit trail, also what is said before there is a plan."""
        entry = AuditEntry(
            at=self._clock.now(),
            via=via,
            message=message,
            target=target[:REASON_LENGTH],
            who=who,
            why=why,
            accepted=answer.accepted,
            answer=answer.answer[:REASON_LENGTH],
        )
        if self._ledger is None:
            self._said_early.append(entry)
        else:
            self._ledger.note(entry)

    def _handle(self, message: Message, arguments: Sequence[Any]) -> None:
        """A signal never raises: what it could not do stands in the audit trail and in the details."""
        try:
            self._execute(operator_commands.command_from(message, arguments), "signal")
        except ValueError as error:
            refusal = MessageAnswer(accepted=False, answer=str(error))
            self._note("signal", message, refusal, target=" ".join(map(str, arguments)))

    def _validate(self, command: OperatorCommand, message: Message) -> None:
        if command.message is not message:
            raise ApplicationError(f"this is {message}, the order says {command.message}; nothing was changed")
        answer = self._judge(command)
        if not answer.accepted:
            raise ApplicationError(answer.answer)

    @workflow.signal(
        name="force_continue",
        description='Go on without what a phase waits for: "lines", or {"phase": …, "who": …, "why": …}',
    )
    def handle_force_continue(self, *arguments: Any) -> None:
        self._handle(Message.FORCE_CONTINUE, arguments)

    @workflow.signal(name="lines_available", description="Betting lines are out: look for them now, without waiting")
    def handle_lines_available(self, *arguments: Any) -> None:
        self._handle(Message.LINES_AVAILABLE, arguments)

    @workflow.signal(name="resume_clock", description="Let a held replay clock go on")
    def handle_resume_clock(self, *arguments: Any) -> None:
        self._handle(Message.RESUME_CLOCK, arguments)

    @workflow.signal(dynamic=True, description="Any other signal: it is refused, and that stands in the audit trail")
    def handle_unknown_signal(self, name: str, arguments: Sequence[RawValue]) -> None:
        known = ", ".join((Message.FORCE_CONTINUE, Message.LINES_AVAILABLE, Message.RESUME_CLOCK))
        told = f"there is no signal {name[:50]!r}, but {known}; other orders are updates: see `starter.py --help`"
        self._note("signal", name[:50], MessageAnswer(accepted=False, answer=told))

    @workflow.update(description="Go on without what a phase waits for; who and why are recorded")
    def force_continue(self, command: OperatorCommand) -> MessageAnswer:
        return self._execute(command, "update")

    @force_continue.validator
    def _validate_force_continue(self, command: OperatorCommand) -> None:
        self._validate(command, Message.FORCE_CONTINUE)

    @workflow.update(description="Betting lines are out: look for them now")
    def lines_available(self, command: OperatorCommand) -> MessageAnswer:
        return self._execute(command, "update")

    @lines_available.validator
    def _validate_lines_available(self, command: OperatorCommand) -> None:
        self._validate(command, Message.LINES_AVAILABLE)

    @workflow.update(description="Try a parked step again now")
    def retry_step(self, command: OperatorCommand) -> MessageAnswer:
        return self._execute(command, "update")

    @retry_step.validator
    def _validate_retry_step(self, command: OperatorCommand) -> None:
        self._validate(command, Message.RETRY_STEP)

    @workflow.update(description="Do without a step for the rest of the day")
    def skip_step(self, command: OperatorCommand) -> MessageAnswer:
        return self._execute(command, "update")

    @skip_step.validator
    def _validate_skip_step(self, command: OperatorCommand) -> None:
        self._validate(command, Message.SKIP_STEP)

    @workflow.update(description="Fetch events, game lines and player lines again now")
    def refresh_lines(self, command: OperatorCommand) -> MessageAnswer:
        return self._execute(command, "update")

    @refresh_lines.validator
    def _validate_refresh_lines(self, command: OperatorCommand) -> None:
        self._validate(command, Message.REFRESH_LINES)

    @workflow.update(description="Let a held replay clock go on")
    def resume_clock(self, command: OperatorCommand) -> MessageAnswer:
        return self._execute(command, "update")

    @resume_clock.validator
    def _validate_resume_clock(self, command: OperatorCommand) -> None:
        self._validate(command, Message.RESUME_CLOCK)

    # ── telling people ───────────────────────────────────────────────────────────────────────────────────

    @workflow.query(description="Where the day stands: phases, steps, counts, waits, deadlines, attention, audit")
    def status(self) -> DayStatus:
        return day_status(self.ledger, self._clock.now(), virtual=self._clock.virtual, held=self._clock.held)

    def _tell(self) -> None:
        """Keep details, memo, search attributes and the exported status true; each only when it changed."""
        status = self.status()
        workflow.set_current_details(status_text.markdown(status))
        # What runs the server shows by itself; told each time it would be every eighth event of the history.
        if not self._tasks and self._is_news("memo", status.sentence):
            workflow.upsert_memo({"says": status.sentence, "day_clock": clock_time(status.now, status.game_date)})
        place = (status.phase, status.state, status.data_quality)
        if self._is_news("attributes", place):
            workflow.upsert_search_attributes(
                [
                    PHASE.value_set(status.phase.value),
                    RUN_STATE.value_set(status.state.value),
                    DATA_QUALITY.value_set(status.data_quality.value),
                ]
            )
        urgent = (status.attention, status.degradations, status.held, self.ledger.ended)
        grown = (status.phase, len(status.audit), len(status.alerts), len(self.ledger.published))
        free = self._status_task is None or self._status_task.done()
        due = self._tell_again_at is None or status.now >= self._tell_again_at
        if free and due and self._is_news("status", (urgent, grown)):
            self._tell_again_at = None
            self._status_task = asyncio.create_task(self._export_status(status))

    def _is_news(self, channel: str, content: object) -> bool:
        news = self._told.get(channel) != content
        self._told[channel] = content
        return news

    async def _export_status(self, status: DayStatus) -> None:
        """Write the status outside, where it can be read when no server is there."""
        new = tuple(alert.key for alert in status.alerts if alert.key not in self._alerts_told)
        request = PublishStatusRequest(status=status, new_alerts=new)
        try:
            await call(Activity.PUBLISH_STATUS, request, StepReport, summary=f"status: {status.sentence}")
        except ActivityError as error:
            workflow.logger.warning("the status could not be exported: %s", error.cause or error)
            self._told.pop("status", None)
            # At once it would be tried for ever: a replay's clock stands while something runs.
            self._tell_again_at = self._clock.now() + TELL_AGAIN_AFTER
            return
        self._alerts_told.update(new)

    async def _tell_cancelled(self) -> None:
        """A person ended the run: that is the last thing it tells, and what it published stands."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        if self._ledger is not None:
            answer = MessageAnswer(accepted=True, answer="the run was ended; what it published stands")
            self._note("cancel", "cancel", answer, why=(workflow.cancellation_reason() or "")[:REASON_LENGTH])
            self._ledger.ended = RunState.CANCELLED
            await self._tell_last()

    async def _tell_last(self) -> None:
        """The last status, then the page that tells it."""
        if self._status_task is not None:
            await self._status_task
        self._told.pop("status", None)
        self._tell_again_at = None
        self._tell()
        if self._status_task is not None:
            await self._status_task
        page = ComputeRequest(
            subject="page",
            span="slate",
            game_date=self._day.game_date,
            game_ids=self.ledger.game_ids,
            as_of=self._clock.now(),
        )
        try:
            await call(Activity.EXPORT, page, StepReport, summary="report page of the whole day")
        except ActivityError as error:
            workflow.logger.warning("the report page could not be written: %s", error.cause or error)


def _readers(steps: Sequence[PlanStep]) -> dict[str, PlanStep]:
    """The step that each source's landed answers belong to."""
    looking = [step for step in steps if step.kind is StepKind.SOURCE]
    return {fallback.source: step for step in looking for fallback in step.fallback_sources} | {
        step.subject: step for step in looking
    }


def _is_redone(step: PlanStep, first: Phase) -> bool:
    """Whether a re-run from a phase does a step again; predictions stand on contexts of their own moment."""
    command = list(Phase)
    first = Phase.CONTEXT if first is Phase.PREDICT else first
    return command.index(step.phase) >= command.index(first)


def _reason(ledger: DayLedger, step: PlanStep) -> str:
    return ledger.records[step.name].reason or "nothing came yet"
