"""What a day remembers: where each step stands, what it went without, whom it alerted, what people said.

Plain data and pure changes to it; it knows no Temporal and no clock. Decisions over it are in `gates`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from tipoff.vocabulary import (
    SETTLED,
    USABLE,
    Alert,
    Attention,
    AuditEntry,
    ComputeReport,
    DataQuality,
    DayPlan,
    Degradation,
    Outcome,
    Phase,
    PlanStep,
    PollWhen,
    Role,
    RunState,
    Severity,
    SourceReport,
    StepKind,
    StepReport,
    StepResult,
    StepState,
    clock_time,
    shortened,
    step_names,
)

PUBLICATION = step_names.PUBLISH_PREDICTIONS
"""The step whose runs are the day's publications, when they tell of any prediction."""

SHORTEST_WAIT = timedelta(minutes=1)
"""A provider that says "come again at once" is not taken at its word: it would be asked without pause."""


OUTDATED_AFTER = timedelta(hours=2)
"""What is looked at again and again is no longer what is so now when no look has brought anything for so long."""

REASON_LENGTH = 300
"""A provider's or a library's words may be of any length; a status has to stay small."""

AUDIT_KEPT = 25
"""So many of the last messages are told; older ones are counted, and stand in the history."""


class StepCooldown(NamedTuple):
    """Until when a provider wants to be left alone, and what it said."""

    until: datetime
    reason: str


@dataclass
class StepRecord:
    """Where a step stands and what it last saw of the steps it needs."""

    state: StepState = StepState.PENDING
    running: bool = False
    found: bool = False
    """It once had all it wanted."""
    stopped: str = ""
    """What the provider said that only a person can change: it is not asked again before one acted."""
    asked: tuple[str, ...] = ()
    """The games it set out for."""
    fallback_games: tuple[str, ...] = ()
    """The games that others had in its place, and that are still looked for."""
    abandoned: bool = False
    """The day went on without it while it was at work: nobody waits for what it may still bring."""
    polls: int = 0
    rows: int = 0
    reason: str = ""
    missing_games: tuple[str, ...] = ()
    last_poll: datetime | None = None
    seen_at: datetime | None = None
    """The last look that brought what there was, from whomever."""
    retry_at: datetime | None = None
    cooldown: StepCooldown | None = None
    """The provider wants to be left alone, and who stands in for it is asked meanwhile."""
    failed_since: datetime | None = None
    recoveries: int = 0
    """How often it went on after it had been parked."""
    version: int = 0
    """Grows whenever the step brought new data."""
    reference: str = ""
    """The file it last handed over."""
    changed: dict[str, int] = field(default_factory=dict)
    """game_id -> version in which it last changed."""
    seen: dict[str, int] = field(default_factory=dict)
    """Needed step -> the version of it that this one last worked in."""
    tried: dict[str, int] = field(default_factory=dict)
    """The same of its last try, whatever became of it."""

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    def tried_in_vain(self, records: Records) -> bool:
        """Whether it failed on just what there is now, so that trying again would change nothing."""
        now = {need: records[need].version for need in self.tried if need in records}
        return self.tried != self.seen and self.tried == now

    def unpark(self) -> None:
        """It goes on, or the day goes on without it: nobody is called any more."""
        self.recoveries += self.failed_since is not None
        self.failed_since = None

    def bring(self, games: tuple[str, ...]) -> None:
        """Note new data for these games."""
        self.version += 1
        self.changed.update(dict.fromkeys(games, self.version))

    def changed_since(self, version: int) -> set[str]:
        """Games whose data changed after a version."""
        return {game for game, changed in self.changed.items() if changed > version}


Records = dict[str, StepRecord]


def is_outdated(step: PlanStep, record: StepRecord, now: datetime) -> bool:
    """Whether what is to be refreshed before the games has not been for too long."""
    refreshed = step.role is Role.PRE and any(cadence.only is not PollWhen.UNTIL_COMPLETE for cadence in step.cadence)
    return refreshed and record.seen_at is not None and now - record.seen_at > OUTDATED_AFTER


@dataclass
class DayLedger:
    """The memory of one day."""

    plan: DayPlan
    records: Records = field(default_factory=dict)
    postponed: tuple[str, ...] = ()
    provider_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    published: list[datetime] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    degradations: list[Degradation] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    recorded: bool = False
    """It does again what was recorded: no provider is asked."""
    ended: RunState | None = None

    def adopt(self, plan: DayPlan) -> None:
        """Go on by another plan: what its steps have done so far stays known."""
        before = {game.game_id for game in self.plan.games}
        now_on = {game.game_id for game in plan.games}
        joined = now_on - before if self.plan.slate_known else set[str]()
        self.postponed = tuple(sorted((before | set(self.postponed)) - now_on))
        self.plan = plan
        self.records = {step.name: self.records.get(step.name, StepRecord()) for step in plan.steps}
        if self.published and before != now_on:
            # What was published speaks of another slate: it is said again, whatever else is news.
            self.records[PUBLICATION].seen = self.records[PUBLICATION].tried = {}
        if joined:
            self._welcome(tuple(sorted(joined)))

    def _welcome(self, joined: tuple[str, ...]) -> None:
        """Games that joined are news from every source, and no source has all it wants before it has theirs."""
        for step in self.plan.steps:
            if step.kind is StepKind.SOURCE:
                self.records[step.name].found = False
                self.records[step.name].bring(joined)

    @property
    def game_ids(self) -> tuple[str, ...]:
        return tuple(game.game_id for game in self.plan.games)

    def start(self, step: PlanStep, now: datetime) -> None:
        """Note that a step sets out, and on which versions of what it needs."""
        record = self.records[step.name]
        record.running = True
        record.abandoned = False
        record.asked = self.game_ids
        record.tried = {need: self.records[need].version for need in step.needs}
        record.last_poll = now
        record.retry_at = None
        if record.cooldown is not None and record.cooldown.until <= now:
            record.cooldown = None
        if not record.settled:
            record.state = StepState.RUNNING

    def finish(self, step: PlanStep, result: StepResult, now: datetime) -> None:
        """Note what a step brought, or why it could not be done."""
        record = self.records[step.name]
        record.running = False
        record.polls += 1
        if record.state is StepState.SKIPPED:
            return  # a person did without it while it was at work
        if isinstance(result, str):
            self._note_failure(step, record, shortened(result, REASON_LENGTH), now)
            return
        record.seen = record.tried
        result = result.model_copy(update={"reason": shortened(result.reason, REASON_LENGTH)})
        match result:
            case SourceReport():
                record.last_poll = result.polled_at or record.last_poll
                primary = shortened(result.primary_reason, REASON_LENGTH)
                self._record_poll(step, record, result.model_copy(update={"primary_reason": primary}), now)
                self._ask_for_joined(record, now)
            case ComputeReport():
                self._note_computed(step, record, result, now)

    def _note_failure(self, step: PlanStep, record: StepRecord, reason: str, now: datetime) -> None:
        """A source that has what it wants looks again by itself; anything else that fails calls a person."""
        if step.kind is StepKind.SOURCE and record.settled:
            self.alert(step, "refresh_failed", f"{step.title} could not be looked at again: {reason}", now)
            if is_outdated(step, record, record.last_poll or now):
                since, record.missing_games = record.seen_at, self._open_or_missing(record, now)
                self._go_on_with_outdated(step, reason, since, now)
        else:
            self.park(step, reason, now)

    def _ask_for_joined(self, record: StepRecord, now: datetime) -> None:
        """Games that joined while the answer was on its way were not asked about: that is done at once."""
        if not set(self.game_ids) <= set(record.asked):
            record.found = False
            record.retry_at = now

    def _record_poll(self, step: PlanStep, record: StepRecord, report: SourceReport, now: datetime) -> None:
        # What a person asked for meanwhile goes before what the provider said.
        again = report.retry_at and max(report.retry_at, now + SHORTEST_WAIT)
        waits = again is not None and again <= step.polls_end and not (step.fallback_sources and report.use_fallback)
        record.cooldown = (
            None if again is None or waits else StepCooldown(again, report.primary_reason or report.reason)
        )
        record.retry_at = record.retry_at or (again if waits else None)
        if report.outcome in USABLE:
            self.provider_ids.setdefault(step.subject, {}).update(report.provider_ids)
        if report.unresolved or f"unresolved:{step.name}" in self.counts:
            self.counts[f"unresolved:{step.name}"] = report.unresolved
        if report.unresolved:
            names = ", ".join(report.unresolved_names)
            self.alert(step, "unresolved", f"{report.unresolved} names are on no roster: {names}", now)
        refused = report.outcome not in USABLE or bool(report.fallback_games)
        outdated = refused and is_outdated(step, record, record.last_poll or now)
        since = record.seen_at
        record.found = record.found and not outdated
        missing = self._missing(step, record, report, now, outdated=outdated)
        outcome = Outcome.PARTIAL if missing and report.outcome in {Outcome.OK, Outcome.EMPTY_OK} else report.outcome
        # A later look at the games that are left says less, and does not unsay what came before.
        says_less = report.rows < record.rows and (record.found or report.outcome is Outcome.EMPTY_OK)
        if not says_less:
            record.reason = report.reason
            if report.outcome in USABLE:
                self._take_in(record, report)
        if report.changed and (says_less or report.outcome not in USABLE):
            self._bring(record, report)
        record.missing_games = missing
        if report.outcome in USABLE:
            others = {game for had in report.fallback_games.values() for game in had} | self._kept(step, record, now)
            known = self.game_ids if self.plan.slate_known else sorted(others)
            record.fallback_games = tuple(game for game in known if game in others)
            record.seen_at = record.last_poll
        for kind, text in report.alerts.items():
            self.alert(step, kind, f"{step.title}: {text}", now)
        if report.fallback_games and not missing:
            self._go_on_with(step, report, now)
        elif outdated and record.settled:
            self._go_on_with_outdated(step, report.reason, since, now)
        record.stopped = (report.primary_reason or report.reason) if report.parks else ""
        if record.stopped:
            self.park(step, report.reason, now)
            return
        record.unpark()
        if self._comes_to_nothing(step, record, report, now):
            return
        if report.fallback_games and not missing:
            record.found = False  # the first choice is still looked for
        elif outcome in {Outcome.OK, Outcome.EMPTY_OK} or (outcome is Outcome.PARTIAL and not missing):
            empty = outcome is Outcome.EMPTY_OK and record.state is not StepState.COMPLETE
            record.found = True
            self._settle(step, StepState.EMPTY_OK if empty else StepState.COMPLETE, now)
        elif not record.settled:
            record.state = StepState.LATE
        else:
            # Why is what was said when it was gone without: a later look tells only of the games that are left then.
            from_others = {*missing, *record.fallback_games}
            self._amend(step, {"games": tuple(game for game in self.game_ids if game in from_others)})

    def _missing(
        self, step: PlanStep, record: StepRecord, report: SourceReport, now: datetime, *, outdated: bool
    ) -> tuple[str, ...]:
        """Games not had yet. Before the games, one that has begun is asked no more: what it lacked then it lacks."""
        if report.outcome not in USABLE and outdated:
            return self._open_or_missing(record, now)
        if report.outcome not in USABLE and record.version:
            return record.missing_games  # a refusal takes nothing away
        if step.role is not Role.PRE or not step.per_game:
            return report.missing_games
        begun = self._begun(now)
        wanted = report.missing_games
        if report.outcome not in USABLE:
            wanted = wanted or self.game_ids
        return tuple(game for game in self.game_ids if game in (record.missing_games if game in begun else wanted))

    def _open_or_missing(self, record: StepRecord, now: datetime) -> tuple[str, ...]:
        """The games that have not begun, and those that lacked something when they did."""
        begun = self._begun(now) - set(record.missing_games)
        return tuple(game for game in self.game_ids if game not in begun)

    def _kept(self, step: PlanStep, record: StepRecord, now: datetime) -> set[str]:
        """Games that others had before their tip: they are asked no more, and have nothing else."""
        return set(record.fallback_games) & self._begun(now) if step.role is Role.PRE else set()

    def _comes_to_nothing(self, step: PlanStep, record: StepRecord, report: SourceReport, now: datetime) -> bool:
        """Nothing to be asked once games have begun: what was gone without is not had by that."""
        empty = report.outcome is Outcome.EMPTY_OK and step.role is Role.PRE
        return empty and bool(self._begun(now)) and record.state is StepState.DEGRADED

    def _begun(self, now: datetime) -> set[str]:
        return {game.game_id for game in self.plan.games if game.tip_off <= now}

    def _note_computed(self, step: PlanStep, record: StepRecord, report: ComputeReport, now: datetime) -> None:
        record.reason = report.reason
        self._take_in(record, report)
        record.reference = report.reference
        self._settle(step, StepState.COMPLETE, now)
        if step.name == PUBLICATION and report.rows and record.last_poll is not None:
            self.published.append(record.last_poll)

    def _take_in(self, record: StepRecord, report: StepReport) -> None:
        record.rows = report.rows
        self.counts.update(report.counts)
        record.missing_games = report.missing_games
        if report.changed:
            self._bring(record, report)

    def _bring(self, record: StepRecord, report: StepReport) -> None:
        record.bring(self.game_ids if report.changed_games is None else report.changed_games)

    def _settle(self, step: PlanStep, state: StepState, now: datetime) -> None:
        record = self.records[step.name]
        record.state = state
        record.unpark()
        self._amend(step, {"resolved_at": now})

    def _amend(self, step: PlanStep, update: dict[str, object]) -> None:
        """Bring what is still gone without of a step up to date."""
        self.degradations = [
            item.model_copy(update=update) if item.step == step.name and item.resolved_at is None else item
            for item in self.degradations
        ]

    def degrade(self, step: PlanStep, reason: str, now: datetime, state: StepState = StepState.DEGRADED) -> None:
        """Go on without what a step wanted."""
        record = self.records[step.name]
        record.abandoned = record.running
        record.unpark()
        record.reason = reason
        nothing_came = step.per_game and not record.rows
        self._lower(step, reason, self.game_ids if nothing_came else record.missing_games, now, state)
        self.alert(step, "degraded", f"going on without {step.title}: {reason}", now)

    def _go_on_with(self, step: PlanStep, report: SourceReport, now: datetime) -> None:
        """Go on with what others had in the place of the first choice; done again, that was told on the day."""
        record = self.records[step.name]
        if self.recorded and self._is_gone_without(step, now):
            record.state = StepState.DEGRADED
            return
        self._lower(step, report.reason, record.fallback_games, now, StepState.DEGRADED)
        self.alert(
            step, "fallback_games", f"{' and '.join(report.fallback_games)} for {step.title}: {report.reason}", now
        )

    def _is_gone_without(self, step: PlanStep, now: datetime) -> bool:
        """Whether what is known of a step's degradations is not over by a moment."""
        ends = [item.resolved_at for item in self.degradations if item.step == step.name]
        return any(end is None or now < end for end in ends)

    def _go_on_with_outdated(self, step: PlanStep, reason: str, since: datetime | None, now: datetime) -> None:
        """Go on with what came before the first choice refused or failed, where nobody has anything newer."""
        record = self.records[step.name]
        record.found = False  # it is looked for as if it had never come
        affected = {*record.missing_games, *record.fallback_games}
        if record.state is StepState.DEGRADED or since is None or not affected:
            return
        reason = f"{reason}; going on with what came by {clock_time(since, self.plan.game_date)}"
        self._lower(step, reason, tuple(game for game in self.game_ids if game in affected), now, StepState.DEGRADED)
        self.alert(step, "outdated", f"{step.title}: {reason}", now)

    def _lower(self, step: PlanStep, reason: str, games: tuple[str, ...], now: datetime, state: StepState) -> None:
        """Note what the day goes without, or has from others; one entry a step is open."""
        self.records[step.name].state = state
        if any(item.step == step.name and item.resolved_at is None for item in self.degradations):
            self._amend(step, {"reason": reason, "games": games})
        else:
            self.degradations.append(Degradation(step=step.name, reason=reason, games=games, since=now))

    def park(self, step: PlanStep, reason: str, now: datetime) -> None:
        """A step cannot go on by itself and calls a person; what it had settled before stands meanwhile."""
        record = self.records[step.name]
        record.reason = reason
        if not record.settled:
            record.state = StepState.FAILED
        record.failed_since = record.failed_since or now
        again = f":{record.recoveries + 1}" if record.recoveries else ""
        self.alert(step, f"parked{again}", f"{step.title} is parked: {reason}", now)

    def try_again(self, name: str, now: datetime) -> None:
        """Forget that a step ran, so that it runs at once."""
        record = self.records[name]
        record.state = StepState.PENDING
        record.unpark()
        record.stopped, record.cooldown = "", None
        record.seen = record.tried = {}
        record.retry_at = now

    def alert(self, step: PlanStep, kind: str, text: str, now: datetime) -> None:
        """One alert a step and kind; said once, however often it is true."""
        severity = Severity.CRITICAL if step.critical else Severity.WARNING
        key = f"{step.name}:{kind}"
        self.alerts.setdefault(key, Alert(key=key, at=now, step=step.name, severity=severity, text=text))

    def note(self, entry: AuditEntry) -> None:
        """Keep a message in the audit trail."""
        self.audit.append(entry)
        if len(self.audit) > AUDIT_KEPT:
            del self.audit[0]
            self.counts["audit:older"] = self.counts.get("audit:older", 0) + 1

    def end(self) -> None:
        """The day is over: complete, unless a critical step was never settled."""
        lost = any(step.critical and not self.records[step.name].settled for step in self.plan.steps)
        self.ended = RunState.FAILED if lost else RunState.COMPLETE

    # ── what it all comes to ─────────────────────────────────────────────────────────────────────────────

    def attention(self) -> tuple[Attention, ...]:
        """Parked steps, and what a person may do about each."""
        return tuple(
            Attention(
                step=step.name,
                reason=record.reason,
                since=record.failed_since,
                options=(f"retry_step {step.name}", f"skip_step {step.name}", f"force_continue {step.phase}"),
            )
            for step in self.plan.steps
            if (record := self.records[step.name]).failed_since is not None
        )

    def run_state(self) -> RunState:
        """The day's state in one word; a further look at something waited for is still waiting."""
        if self.ended is not None:
            return self.ended
        if any(record.failed_since for record in self.records.values()):
            return RunState.NEEDS_ATTENTION
        working = any(
            record.running and (step.kind is not StepKind.SOURCE or not record.polls)
            for step in self.plan.steps
            if (record := self.records[step.name])
        )
        return RunState.RUNNING if working else RunState.WAITING

    def phase(self, now: datetime) -> Phase:
        """The first phase with something unsettled among those that have opened; else the first still to come."""
        unsettled = [step for step in self.plan.steps if not self.records[step.name].settled]
        opened = [step.phase for step in unsettled if step.opens_at <= now]
        command = list(Phase)
        return min(opened or [step.phase for step in unsettled], key=command.index, default=command[-1])

    def data_quality(self) -> DataQuality:
        """Whether the day had all it wanted."""
        if self.plan.slate_known and not self.plan.games:
            return DataQuality.EMPTY
        if self.attention() or any(item.resolved_at is None for item in self.degradations):
            return DataQuality.DEGRADED
        return DataQuality.COMPLETE if self.published else DataQuality.UNKNOWN
