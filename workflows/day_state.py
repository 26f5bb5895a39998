"""What a day stores: its plan, the record of each step, degradations, alerts, counts and the audit trail.

It knows no Temporal and no clock. How a record changes stands in `transitions`, when a step may start in `gates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tipoff.vocabulary import (
    USABLE,
    Alert,
    Attention,
    AuditEntry,
    ComputeReport,
    DataQuality,
    DataVersions,
    DayPlan,
    Degradation,
    Phase,
    PlanStep,
    RunState,
    Severity,
    SourceReport,
    StepKind,
    StepResult,
    StepState,
    WithheldPicks,
    shortened,
    step_names,
)
from workflows import day_end, fallbacks, transitions
from workflows.contracts import PickRelease
from workflows.execution_log import ExecutionLog
from workflows.step_records import AnyRecord, ComputeRecord, Records, SourceRecord, new_record
from workflows.transitions import AmendGames, DegradationChange, Degrade, Resolve, Transition

REASON_LENGTH = 300
"""Longest reason of a provider or a library; the status has to stay small."""

AUDIT_KEPT = 25
"""Audit entries in the status; older ones are counted, and stand in the workflow's history."""


@dataclass
class DayLedger:
    """The state of one day."""

    plan: DayPlan
    records: Records = field(default_factory=dict)
    postponed: tuple[str, ...] = ()
    provider_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    """Source -> our game id -> the provider's."""
    consumed: DataVersions = field(default_factory=dict)
    """The versions that the steps reported last."""
    withheld: dict[str, dict[str, str]] = field(default_factory=dict)
    """System -> view -> why its picks are published as PASS."""
    release: PickRelease | None = None
    """The last release of withheld picks."""
    published: list[datetime] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    degradations: list[Degradation] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    executions: ExecutionLog = field(default_factory=ExecutionLog)
    recorded: bool = False
    """A re-run from recorded batches: no provider is polled."""
    ended: RunState | None = None

    @property
    def game_ids(self) -> tuple[str, ...]:
        return self.plan.game_ids

    def source_record(self, step: PlanStep) -> SourceRecord:
        """The record of a source step. Raises TypeError for another step."""
        record = self.records[step.name]
        if not isinstance(record, SourceRecord):
            raise TypeError(f"{step.name} is not a source")
        return record

    def compute_record(self, name: str) -> ComputeRecord:
        """The record of a computation. Raises TypeError for a source."""
        record = self.records[name]
        if not isinstance(record, ComputeRecord):
            raise TypeError(f"{name} is a source")
        return record

    def input_file(self, step: PlanStep) -> str:
        """Name of the file that the first input of a step wrote; empty when it wrote none."""
        record = self.records[step.needs[0]] if step.needs else None
        return record.reference if isinstance(record, ComputeRecord) else ""

    # ── the plan ─────────────────────────────────────────────────────────────────────────────────────────

    def adopt(self, plan: DayPlan) -> None:
        """Continue with another plan; the records of its steps are kept."""
        before, after = set(self.plan.game_ids), set(plan.game_ids)
        joined = after - before if self.plan.slate_known else set[str]()
        self.postponed = tuple(sorted((before | set(self.postponed)) - after))
        self.degradations = [item.without_games(before - after) for item in self.degradations]
        self.plan = plan
        self.records = {step.name: self.records.get(step.name) or new_record(step) for step in plan.steps}
        if self.published and before != after:
            # The published predictions are of another slate: publish again, whatever else changed.
            publication = self.compute_record(step_names.PUBLISH_PREDICTIONS)
            self.records[step_names.PUBLISH_PREDICTIONS] = publication.without_inputs()
        if joined:
            self._add_games(tuple(sorted(joined)))

    def _add_games(self, joined: tuple[str, ...]) -> None:
        """No source is complete before it has the games that joined; the steps that follow it run for them."""
        for name, record in self.records.items():
            if isinstance(record, SourceRecord):
                self.records[name] = replace(record, complete=False).with_new_data(joined)

    # ── steps ────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, step: PlanStep, now: datetime, inputs: Mapping[str, int] | None = None) -> None:
        """Record that a step starts, with its inputs as they are, or as they were in these versions."""
        record = self.records[step.name]
        self.executions.start(step, record, now, rerun=self.recorded)
        state = record.state if record.settled else StepState.RUNNING
        record = replace(record, running=True, abandoned=False, last_poll=now, state=state)
        if isinstance(record, SourceRecord):
            over = record.cooldown is not None and record.cooldown.until <= now
            record = replace(
                record,
                requested_games=self.game_ids,
                retry_at=None,
                cooldown=None if over else record.cooldown,
            )
        else:
            current = {name: self.records[name].version for name in step.inputs}
            record = replace(record, attempted_inputs=current if inputs is None else inputs)
        self.records[step.name] = record

    def finish(self, step: PlanStep, result: StepResult, now: datetime) -> None:
        """Record what a step reported, or why it failed."""
        self.executions.finish(step, result, now)
        record = self.records[step.name]
        polls = result.polls if isinstance(result, SourceReport) else 1
        record = self.records[step.name] = replace(record, running=False, polls=record.polls + polls)
        if record.state is StepState.SKIPPED:
            return  # an operator skipped it while it was running
        if not isinstance(result, str):
            for subject, versions in result.versions.items():
                self.consumed.setdefault(subject, {}).update(versions)
        match result, record:
            case str(), _:
                reason = shortened(result, REASON_LENGTH)
                self._apply(step, transitions.failed(step, record, reason, self.plan, now), now)
            case SourceReport(), SourceRecord():
                self._finish_poll(step, record, _with_short_reasons(result), now)
            case ComputeReport(), ComputeRecord():
                self._finish_computation(step, record, result, now)
            case _:
                raise TypeError(f"{step.name} cannot report {type(result).__name__}")

    def _finish_poll(self, step: PlanStep, record: SourceRecord, report: SourceReport, now: datetime) -> None:
        record = replace(record, last_poll=report.polled_at or record.last_poll)
        if report.outcome in USABLE:
            self.provider_ids.setdefault(step.subject, {}).update(report.provider_ids)
        unresolved = f"unresolved:{step.name}"
        if report.unresolved or unresolved in self.counts:
            self.counts[unresolved] = report.unresolved
        recorded = self.recorded and self._is_degraded_at(step, now)
        self._apply(step, transitions.polled(step, record, report, self.plan, now, recorded=recorded), now)

    def _finish_computation(self, step: PlanStep, record: ComputeRecord, report: ComputeReport, now: datetime) -> None:
        texts = {"reason": report.reason, "lacking": report.lacking}
        short = {name: shortened(text, REASON_LENGTH) for name, text in texts.items()}
        report = report.model_copy(update=short)
        self._apply(step, transitions.computed(step, record, report, self.plan), now)
        if step.kind is StepKind.SYSTEM:
            self.withheld[step.subject] = report.withheld
        if step.name == step_names.PUBLISH_PREDICTIONS and report.rows and record.last_poll is not None:
            self.published.append(record.last_poll)

    def degrade(self, step: PlanStep, reason: str, now: datetime, state: StepState = StepState.DEGRADED) -> None:
        """Continue the day without what is missing of a step."""
        reason = shortened(reason, REASON_LENGTH)
        self._apply(step, transitions.degraded(step, self.records[step.name], reason, self.plan, state), now)

    def park(self, step: PlanStep, reason: str, now: datetime) -> None:
        """Have an operator decide about a step."""
        reason = shortened(reason, REASON_LENGTH)
        self._apply(step, transitions.parked(step, self.records[step.name], reason, now), now)

    def retry(self, name: str, now: datetime) -> None:
        """Make a step run again at once, as if it had never run: an operator wants it."""
        self.executions.request(name)
        record = replace(self.records[name].unparked(), state=StepState.PENDING)
        if isinstance(record, SourceRecord):
            self.records[name] = replace(record, blocked_reason="", cooldown=None, retry_at=now)
        else:
            self.records[name] = record.without_inputs()

    def release_picks(self, now: datetime, who: str, why: str) -> None:
        """Publish again, with the picks that are withheld now."""
        earlier = self.release.views if self.release else ()
        withheld = ((item.system_id, item.view) for item in self.withheld_picks())
        self.release = PickRelease(at=now, who=who, why=why, views=tuple(dict.fromkeys((*earlier, *withheld))))
        self.withheld = {}
        self.retry(step_names.PUBLISH_PREDICTIONS, now)

    def poll_now(self, step: PlanStep, now: datetime) -> None:
        """Poll a source at once, in spite of a cooldown or a refusal: an operator wants it."""
        self.executions.request(step.name)
        record = replace(self.source_record(step), retry_at=now, blocked_reason="", cooldown=None)
        self.records[step.name] = record

    def stop(self, step: PlanStep) -> None:
        """Record that a running step was cancelled."""
        self.records[step.name] = replace(self.records[step.name], running=False)

    def settle(self, name: str, state: StepState, reason: str) -> None:
        """Settle a step that a re-run does not run."""
        self.records[name] = replace(self.records[name], state=state, reason=reason)

    def end(self) -> None:
        """End the day as its plan and records say."""
        self.ended = day_end.end_state(self.plan, self.records)

    # ── degradations, alerts, audit trail ────────────────────────────────────────────────────────────────

    def _apply(self, step: PlanStep, transition: Transition[AnyRecord], now: datetime) -> None:
        self.records[step.name] = transition.record
        self.counts.update(transition.counts)
        for change in transition.degradations:
            self._change_degradation(step, change, now)
        for alert in transition.alerts:
            self.alert(step, alert.kind, alert.text, now)
        if not self.recorded:
            self._update_degraded_messages()

    def _update_degraded_messages(self) -> None:
        """What an open degradation says about other steps stays true when one of them brings data."""
        for index, item in enumerate(self.degradations):
            if item.resolved_at is not None or item.step not in self.records:
                continue
            step, record = self.plan.step(item.step), self.records[item.step]
            reason = fallbacks.with_current_message(item.reason, step, self.plan, self.records)
            self.degradations[index] = item.model_copy(update={"reason": reason})
            if record.reason == item.reason:
                self.records[step.name] = replace(record, reason=reason)

    def _change_degradation(self, step: PlanStep, change: DegradationChange, now: datetime) -> None:
        """A step has one open degradation at most."""
        for index, item in enumerate(self.degradations):
            if item.step == step.name and item.resolved_at is None:
                self.degradations[index] = _changed(item, change, now)
                return
        if isinstance(change, Degrade):
            degradation = Degradation(step=step.name, reason=change.reason, games=change.games, since=now)
            self.degradations.append(degradation)

    def _is_degraded_at(self, step: PlanStep, now: datetime) -> bool:
        """Whether the step has a degradation that is not resolved at a time."""
        ends = [item.resolved_at for item in self.degradations if item.step == step.name]
        return any(end is None or now < end for end in ends)

    def alert(self, step: PlanStep, kind: str, text: str, now: datetime, severity: Severity | None = None) -> None:
        """Raise an alert, as severe as its step is critical; a step has one of each kind."""
        severity = severity or (Severity.CRITICAL if step.critical else Severity.WARNING)
        key = f"{step.name}:{kind}"
        self.alerts.setdefault(key, Alert(key=key, at=now, step=step.name, severity=severity, text=text))

    def add_audit_entry(self, entry: AuditEntry) -> None:
        """Keep a command in the audit trail, with texts of bounded length."""
        short = {
            "target": shortened(entry.target, REASON_LENGTH),
            "why": shortened(entry.why),
            "result": shortened(entry.result, REASON_LENGTH),
        }
        self.audit.append(entry.model_copy(update=short))
        if len(self.audit) > AUDIT_KEPT:
            del self.audit[0]
            self.counts["audit:older"] = self.counts.get("audit:older", 0) + 1

    # ── the day as a whole ───────────────────────────────────────────────────────────────────────────────

    def withheld_picks(self) -> tuple[WithheldPicks, ...]:
        """The views whose picks are withheld, in the order of the plan."""
        return tuple(
            WithheldPicks(system_id=system_id, view=view, reason=reason)
            for system_id, views in self.withheld.items()
            for view, reason in views.items()
        )

    def attention(self) -> tuple[Attention, ...]:
        """Parked steps."""
        return tuple(
            Attention(step=step.name, reason=record.reason, since=record.failed_since)
            for step in self.plan.steps
            if (record := self.records[step.name]).failed_since is not None
        )

    def run_state(self, now: datetime) -> RunState:
        """State of the day: what needs an operator comes first, and nothing waits while a step runs."""
        if self.ended is not None:
            return self.ended
        if any(record.parked for record in self.records.values()) or self.lacks_predictions(now):
            return RunState.NEEDS_ATTENTION
        running = any(record.running for record in self.records.values())
        return RunState.RUNNING if running else RunState.WAITING

    def lacks_predictions(self, now: datetime) -> bool:
        """Whether predictions are due and none is out. A re-run computes in the past: nothing is due."""
        due = self.plan.predictions_due
        return due is not None and due < now and not self.published and not self.recorded

    @property
    def only_polls_again(self) -> bool:
        """Whether steps run, all of them sources that were polled before: the day is soon back where it was."""
        running = [record for record in self.records.values() if record.running]
        return bool(running) and all(isinstance(record, SourceRecord) and record.polls for record in running)

    def phase(self, now: datetime) -> Phase:
        """The first opened phase with an unsettled step; else the first phase to open."""
        unsettled = [step for step in self.plan.steps if not self.records[step.name].settled]
        opened = [step.phase for step in unsettled if step.opens_at <= now]
        order = list(Phase)
        return min(opened or [step.phase for step in unsettled], key=order.index, default=order[-1])

    def data_quality(self) -> DataQuality:
        """Whether the day had all the inputs it should have."""
        if self.plan.slate_known and not self.plan.games:
            return DataQuality.EMPTY
        if self.attention() or any(item.resolved_at is None for item in self.degradations):
            return DataQuality.DEGRADED
        return DataQuality.COMPLETE if self.published else DataQuality.UNKNOWN


def _changed(item: Degradation, change: DegradationChange, now: datetime) -> Degradation:
    """The open degradation of a step after a change."""
    match change:
        case Degrade(reason, games):
            return item.with_missing_games(games, now).model_copy(update={"reason": reason})
        case AmendGames(games):
            return item.with_missing_games(games, now)
        case Resolve():
            return item.model_copy(update={"resolved_at": now})


def _with_short_reasons(report: SourceReport) -> SourceReport:
    reasons = {"reason": report.reason, "primary_reason": report.primary_reason}
    return report.model_copy(update={name: shortened(reason, REASON_LENGTH) for name, reason in reasons.items()})
