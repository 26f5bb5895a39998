"""How a step's record changes: pure functions of the record, the report and the time.

A transition says what the day has to store: the new record, changes of the step's degradation, alerts and counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Generic, TypeAlias, TypeVar

from tipoff.vocabulary import (
    USABLE,
    ComputeReport,
    Cooldown,
    DayPlan,
    Outcome,
    PlanStep,
    Role,
    SourceReport,
    StepReport,
    StepState,
    clock_time,
    counted,
)
from workflows.step_records import AnyRecord, ComputeRecord, SourceRecord, StepRecord

SHORTEST_WAIT = timedelta(minutes=1)
"""A provider's "retry at once" is delayed so long; otherwise it would be polled without pause."""


@dataclass(frozen=True)
class Degrade:
    """Open a degradation, or change the reason and games of the open one."""

    reason: str
    games: tuple[str, ...]


@dataclass(frozen=True)
class AmendGames:
    """Change which games of the open degradation lack the input."""

    games: tuple[str, ...]


@dataclass(frozen=True)
class Resolve:
    """Close the open degradation."""


DegradationChange: TypeAlias = Degrade | AmendGames | Resolve


@dataclass(frozen=True)
class StepAlert:
    """An alert about a step; a step has one alert of a kind."""

    kind: str
    text: str


R_co = TypeVar("R_co", bound=StepRecord, covariant=True)
R = TypeVar("R", bound=StepRecord)


@dataclass(frozen=True)
class Transition(Generic[R_co]):
    """What changes when something happened to a step."""

    record: R_co
    degradations: tuple[DegradationChange, ...] = ()
    alerts: tuple[StepAlert, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


# ── any step ─────────────────────────────────────────────────────────────────────────────────────────────


def parked(step: PlanStep, record: R, reason: str, now: datetime) -> Transition[R]:
    """The step needs an operator; the data it brought before stay in use."""
    again = f":{record.recoveries + 1}" if record.recoveries else ""
    changed = replace(
        record,
        reason=reason,
        state=record.state if record.settled else StepState.FAILED,
        failed_since=record.failed_since or now,
    )
    return Transition(changed, alerts=(StepAlert(f"parked{again}", f"{step.label} is parked: {reason}"),))


def degraded(step: PlanStep, record: R, reason: str, plan: DayPlan, state: StepState) -> Transition[R]:
    """The day goes on without what is missing of the step."""
    games = plan.game_ids if step.per_game and not record.rows else _affected_games(record, plan)
    return Transition(
        replace(record.unparked(), abandoned=record.running, reason=reason, state=state),
        degradations=(Degrade(reason, games),),
        alerts=(StepAlert("degraded", f"continuing without {step.label}: {reason}"),),
    )


def failed(step: PlanStep, record: AnyRecord, reason: str, plan: DayPlan, now: datetime) -> Transition[AnyRecord]:
    """The step failed after all its attempts. A source with data is polled again; any other step is parked."""
    if not (isinstance(record, SourceRecord) and record.settled):
        return parked(step, record, reason, now)
    alert = StepAlert("refresh_failed", f"polling {step.label} again failed: {reason}")
    if not record.is_outdated(step, record.last_poll or now):
        return Transition(record, alerts=(alert,))
    missing = _games_without_current_data(record, plan, now)
    outdated = _outdated(step, replace(record, missing_games=missing), reason, record.last_usable_poll, plan)
    return replace(outdated, alerts=(alert, *outdated.alerts))


def computed(step: PlanStep, record: ComputeRecord, report: ComputeReport, plan: DayPlan) -> Transition[ComputeRecord]:
    """A computation succeeded; it is degraded if it lacked inputs."""
    changed = replace(
        record.unparked(),
        state=StepState.DEGRADED if report.lacking else StepState.COMPLETE,
        completed_inputs=record.attempted_inputs,
        reason=report.lacking or report.reason,
        rows=max(record.rows, report.rows),
        missing_games=report.missing_games,
        reference=report.reference,
        unfinished_games=report.unfinished_games,
        predictions=report.predictions,
    )
    if report.changed:
        changed = changed.with_new_data(plan.game_ids if report.changed_games is None else report.changed_games)
    alerts = _report_alerts(report, step)
    if not report.lacking:
        return Transition(changed, degradations=(Resolve(),), alerts=alerts, counts=report.counts)
    lacking = StepAlert("inputs", f"{step.label} has too little to read: {report.lacking}")
    degradation = Degrade(report.lacking, report.missing_games)
    return Transition(changed, degradations=(degradation,), alerts=(lacking, *alerts), counts=report.counts)


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Poll:
    """What the transition of a source is a function of; `record` is the one before the poll."""

    step: PlanStep
    record: SourceRecord
    report: SourceReport
    plan: DayPlan
    now: datetime

    @property
    def usable(self) -> bool:
        return self.report.outcome in USABLE

    @property
    def primary_reason(self) -> str:
        return self.report.primary_reason or self.report.reason

    @cached_property
    def outdated(self) -> bool:
        """Whether the primary source has failed for so long that its last data are outdated."""
        without_primary = not self.usable or bool(self.report.fallback_games)
        return without_primary and self.record.is_outdated(self.step, self.record.last_poll or self.now)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        return _missing_games(self)

    @property
    def complete(self) -> bool:
        return self.usable and not self.missing

    @property
    def complete_from_fallback(self) -> bool:
        return bool(self.report.fallback_games) and not self.missing

    @property
    def brings_less(self) -> bool:
        """Whether it has fewer rows than an earlier poll because it requested fewer games."""
        had_all = self.record.complete and not self.outdated
        return self.report.rows < self.record.rows and (had_all or self.report.outcome is Outcome.EMPTY_OK)


def polled(
    step: PlanStep,
    record: SourceRecord,
    report: SourceReport,
    plan: DayPlan,
    now: datetime,
    *,
    recorded: bool = False,
) -> Transition[SourceRecord]:
    """A source was polled. `recorded`: a re-run knows from the recorded day that the step was degraded then."""
    poll = _Poll(step, record, report, plan, now)
    taken = _take_report(poll)
    lowered = _degraded_by_poll(poll, taken, recorded=recorded)
    settled = _settled_by_poll(poll, lowered)
    return replace(
        settled,
        record=_poll_again_for_new_games(settled.record, plan, now),
        degradations=lowered.degradations + settled.degradations,
        alerts=_poll_alerts(report, step) + lowered.alerts + settled.alerts,
        counts=report.counts if poll.usable and not poll.brings_less else {},
    )


def _take_report(poll: _Poll) -> SourceRecord:
    """The record with what the poll brought, before its state is decided."""
    report = poll.report
    cooldown, retry_at = _next_attempt(poll)
    record = replace(
        poll.record,
        complete=poll.record.complete and not poll.outdated,
        missing_games=poll.missing,
        blocked_reason=poll.primary_reason if report.parks else "",
        cooldown=cooldown,
        retry_at=retry_at,
    )
    if not poll.brings_less:
        record = replace(record, reason=report.reason, rows=max(record.rows, report.rows if poll.usable else 0))
    if poll.usable:
        record = replace(record, fallback_games=_fallback_games(poll), last_usable_poll=record.last_poll)
    if report.changed:
        games = poll.plan.game_ids if report.changed_games is None else report.changed_games
        record = record.with_new_data(games)
    return record


def _next_attempt(poll: _Poll) -> tuple[Cooldown | None, datetime | None]:
    """Cooldown and time of the next poll, as the provider named it; a poll that an operator requested comes first."""
    report, step = poll.report, poll.step
    if report.retry_at is None:
        return None, poll.record.retry_at
    again = max(report.retry_at, poll.now + SHORTEST_WAIT)
    if again <= step.polls_end and not (step.fallback_sources and report.use_fallback):
        return None, poll.record.retry_at or again
    return Cooldown(until=again, outcome=Outcome.BLOCKED, reason=poll.primary_reason), poll.record.retry_at


def _missing_games(poll: _Poll) -> tuple[str, ...]:
    """Games without data. Before the games, a game that has begun is not polled: it stays as it was."""
    record, report = poll.record, poll.report
    if not poll.usable and poll.outdated:
        return _games_without_current_data(record, poll.plan, poll.now)
    if not poll.usable and record.version:
        return record.missing_games  # a refusal does not remove data
    if poll.step.role is not Role.PRE or not poll.step.per_game:
        return report.missing_games
    missing = report.missing_games if poll.usable or report.missing_games else poll.plan.game_ids
    begun = poll.plan.begun(poll.now)
    return tuple(game for game in poll.plan.game_ids if game in (record.missing_games if game in begun else missing))


def _games_without_current_data(record: SourceRecord, plan: DayPlan, now: datetime) -> tuple[str, ...]:
    """Games that have not begun, and games that lacked data when they began."""
    covered = plan.begun(now) - set(record.missing_games)
    return tuple(game for game in plan.game_ids if game not in covered)


def _fallback_games(poll: _Poll) -> tuple[str, ...]:
    """Games with data of fallback sources; before the games, those of a game that has begun are final."""
    final = set(poll.record.fallback_games) & poll.plan.begun(poll.now) if poll.step.role is Role.PRE else set[str]()
    games = final.union(*poll.report.fallback_games.values())
    known = poll.plan.game_ids if poll.plan.slate_known else sorted(games)
    return tuple(game for game in known if game in games)


def _report_alerts(report: StepReport, step: PlanStep) -> tuple[StepAlert, ...]:
    return tuple(StepAlert(kind, f"{step.label}: {text}") for kind, text in report.alerts.items())


def _poll_alerts(report: SourceReport, step: PlanStep) -> tuple[StepAlert, ...]:
    alerts = _report_alerts(report, step)
    if not report.unresolved:
        return alerts
    names = ", ".join(report.unresolved_names)
    return (StepAlert("unresolved", f"{counted(report.unresolved, 'name')} on no roster: {names}"), *alerts)


def _degraded_by_poll(poll: _Poll, record: SourceRecord, *, recorded: bool) -> Transition[SourceRecord]:
    """Degrade a step whose data come from fallback sources, or are outdated."""
    if poll.complete_from_fallback:
        return _degraded_by_fallback(poll, record, recorded=recorded)
    if poll.outdated and record.settled:
        return _outdated(poll.step, record, poll.report.reason, poll.record.last_usable_poll, poll.plan)
    return Transition(record)


def _degraded_by_fallback(poll: _Poll, record: SourceRecord, *, recorded: bool) -> Transition[SourceRecord]:
    changed = replace(record, state=StepState.DEGRADED)
    if recorded:
        return Transition(changed)
    reason = poll.report.reason
    sources = " and ".join(poll.report.fallback_games)
    return Transition(
        changed,
        degradations=(Degrade(reason, record.fallback_games),),
        alerts=(StepAlert("fallback_games", f"{sources} for {poll.step.label}: {reason}"),),
    )


def _outdated(
    step: PlanStep, record: SourceRecord, reason: str, since: datetime | None, plan: DayPlan
) -> Transition[SourceRecord]:
    """No source has newer data: the step is degraded, and polled as if it had never been complete."""
    changed = replace(record, complete=False)
    games = _affected_games(record, plan)
    if record.state is StepState.DEGRADED or since is None or not games:
        return Transition(changed)
    reason = f"{reason}; using the data of {clock_time(since, plan.game_date)}"
    return Transition(
        replace(changed, state=StepState.DEGRADED),
        degradations=(Degrade(reason, games),),
        alerts=(StepAlert("outdated", f"{step.label}: {reason}"),),
    )


def _settled_by_poll(poll: _Poll, before: Transition[SourceRecord]) -> Transition[SourceRecord]:
    """Decide the state of the step after a poll."""
    record = before.record
    if record.blocked_reason:
        return parked(poll.step, record, poll.report.reason, poll.now)
    record = record.unparked()
    if _has_nothing_left(poll, record):
        return Transition(record)
    if poll.complete_from_fallback:
        return Transition(replace(record, complete=poll.plan.is_backfill))  # a past date waits for nothing better
    if poll.complete:
        return _completed(poll, record)
    if not record.settled:
        return Transition(replace(record, state=StepState.LATE))
    return _still_incomplete(poll, record)


def _has_nothing_left(poll: _Poll, record: SourceRecord) -> bool:
    """Whether no game is left to poll for: games that began without data stay degraded."""
    empty = poll.report.outcome is Outcome.EMPTY_OK and poll.step.role is Role.PRE
    return empty and bool(poll.plan.begun(poll.now)) and record.state is StepState.DEGRADED


def _completed(poll: _Poll, record: SourceRecord) -> Transition[SourceRecord]:
    empty = poll.report.outcome is Outcome.EMPTY_OK and record.state is not StepState.COMPLETE
    state = StepState.EMPTY_OK if empty else StepState.COMPLETE
    return Transition(replace(record, state=state, complete=True), degradations=(Resolve(),))


def _still_incomplete(poll: _Poll, record: SourceRecord) -> Transition[SourceRecord]:
    """The open degradation keeps its reason: a later poll requests fewer games and says less."""
    return Transition(record, degradations=(AmendGames(_affected_games(record, poll.plan)),))


def _affected_games(record: StepRecord, plan: DayPlan) -> tuple[str, ...]:
    """Games without data, and games with the data of a fallback source."""
    affected = {*record.missing_games, *(record.fallback_games if isinstance(record, SourceRecord) else ())}
    return tuple(game for game in plan.game_ids if game in affected)


def _poll_again_for_new_games(record: SourceRecord, plan: DayPlan, now: datetime) -> SourceRecord:
    """Games that joined the slate during the poll were not requested: poll at once."""
    if set(plan.game_ids) <= set(record.requested_games):
        return record
    return replace(record, complete=False, retry_at=now)
