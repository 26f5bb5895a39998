"""Builds the status and the result of a day from its state."""

from __future__ import annotations

from datetime import datetime

from tipoff.vocabulary import Attention, DayPlan, DayStatus, PlanStep, RunState, StepState, StepStatus
from workflows import day_end, gates, operator_commands, status_text
from workflows.contracts import DayResult
from workflows.day_state import DayLedger
from workflows.step_records import AnyRecord


def day_status(ledger: DayLedger, now: datetime, *, virtual: bool, held: bool) -> DayStatus:
    """The status of the day: did it complete, and if not, where does it wait and why."""
    plan = ledger.plan
    verdicts = gates.decide(plan, ledger.records, now)
    steps = tuple(_step_status(step, plan, ledger.records[step.name], verdicts[step.name]) for step in plan.steps)
    state, phase = ledger.run_state(now), ledger.phase(now)
    lost = day_end.lost_steps(plan, ledger.records)
    return DayStatus(
        game_date=plan.game_date,
        state=state,
        phase=phase,
        data_quality=ledger.data_quality(),
        sentence=status_text.sentence(
            state,
            phase,
            steps,
            now,
            game_date=plan.game_date,
            games=plan.games,
            lost=[step for step in steps if step.name in lost],
            shortfalls=_shortfalls(ledger, now),
            held=held,
            backfilled=plan.backfilled,
        ),
        now=now,
        virtual=virtual,
        held=held,
        backfilled=plan.backfilled,
        games=plan.games,
        postponed_games=ledger.postponed,
        predictions_due=plan.predictions_due,
        first_published_at=ledger.published[0] if ledger.published else None,
        refreshed_at=tuple(ledger.published[1:]),
        steps=steps,
        counts=ledger.counts,
        degradations=tuple(ledger.degradations),
        attention=_attention(ledger, now, held=held),
        withheld_picks=ledger.withheld_picks(),
        alerts=tuple(ledger.alerts.values()),
        audit=tuple(ledger.audit),
        late_steps=tuple(
            step.name
            for step in plan.steps
            if (record := ledger.records[step.name]).state is StepState.LATE and not record.parked
        ),
        commands=operator_commands.offers(ledger, now, held=held),
    )


def _shortfalls(ledger: DayLedger, now: datetime) -> tuple[str, ...]:
    """What a day lacks that ended, or predictions that are due."""
    if ledger.ended is RunState.FAILED:
        return day_end.shortfalls(ledger.plan, ledger.records)
    return ("no predictions are out",) if ledger.lacks_predictions(now) else ()


def _attention(ledger: DayLedger, now: datetime, *, held: bool) -> tuple[Attention, ...]:
    """Parked steps, and what an operator may do about each."""
    return tuple(
        item.model_copy(
            update={"options": operator_commands.options(ledger.plan.step(item.step), ledger, now, held=held)}
        )
        for item in ledger.attention()
    )


def _step_status(step: PlanStep, plan: DayPlan, record: AnyRecord, verdict: gates.Verdict) -> StepStatus:
    waiting = verdict if isinstance(verdict, gates.Waiting) else gates.Waiting((), None)
    return StepStatus(
        name=step.name,
        title=step.title,
        phase=step.phase,
        state=_reported_state(record),
        critical=step.critical,
        rows=record.rows,
        polls=record.polls,
        reason=record.reason,
        missing_games=record.missing_games,
        waits_for=waiting.missing,
        last_poll=record.last_poll,
        next_poll=waiting.next_poll,
        soft_deadline=gates.late_at(step, plan),
        hard_deadline=step.hard_deadline,
    )


def _reported_state(record: AnyRecord) -> StepState:
    """The state to show: a step that is parked, or runs, although an earlier result is in use, is shown as such."""
    if record.parked:
        return StepState.FAILED
    return StepState.RUNNING if record.running else record.state


def day_result(status: DayStatus) -> DayResult:
    """The result of a day, from its last status."""
    return DayResult(
        game_date=status.game_date,
        state=status.state,
        data_quality=status.data_quality,
        games=len(status.games),
        slate=status.games,
        first_published_at=status.first_published_at,
        refreshed_at=status.refreshed_at,
        counts=status.counts,
        degradations=status.degradations,
        attention=status.attention,
    )
