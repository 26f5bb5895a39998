"""Which computations follow each other: one activity runs them in turn, since one for each would double a history.

Each is planned as if those before it brought new data for all games they ran for. Where one brings less, the activity
ends after it, and the day decides again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tipoff.vocabulary import ComputeReport, DayPlan, Degradation, PlanStep, StepKind, StepState
from workflows import gates, transitions
from workflows.contracts import Activity
from workflows.step_records import ComputeRecord, Records

COMPUTE_ACTIVITIES: Mapping[StepKind, Activity] = {
    StepKind.TRANSFORM: Activity.TRANSFORM,
    StepKind.FEATURES: Activity.BUILD_FEATURES,
    StepKind.GRADE: Activity.GRADE,
    StepKind.EXPORT: Activity.EXPORT,
}
"""The activity of each kind of step that may run in turn with others."""


@dataclass(frozen=True)
class InTurn:
    """A computation that is ready, or will be after those before it."""

    step: PlanStep
    games: tuple[str, ...]
    as_of: datetime
    inputs: Mapping[str, int]
    """Step whose data it uses -> the version of these data."""
    record: ComputeRecord
    """The step's record when this was planned."""
    ready: bool

    def holds(self, records: Records) -> bool:
        """Whether nothing happened to the step meanwhile, and what it was planned to follow came."""
        if records.get(self.step.name) != self.record:
            return False
        return all(name in records and records[name].version >= version for name, version in self.inputs.items())


def computations_in_turn(
    plan: DayPlan,
    records: Records,
    verdicts: Mapping[str, gates.Verdict],
    now: datetime,
    degradations: Iterable[Degradation],
) -> tuple[InTurn, ...]:
    """The computations that are ready now, then those that follow them."""
    degraded = {item.step for item in degradations if item.resolved_at is None}
    planned = list(_ready(plan, records, verdicts, now))
    following = planned
    while following and not any(_changes_the_days_degradations(each, degraded) for each in following):
        records = {**records, **{each.step.name: _record_after(each, plan) for each in following}}
        following = list(_ready(plan, records, gates.decide(plan, records, now), now, ready=False))
        planned += following
    return tuple(planned)


def _ready(
    plan: DayPlan, records: Records, verdicts: Mapping[str, gates.Verdict], now: datetime, *, ready: bool = True
) -> Iterator[InTurn]:
    for step in plan.steps:
        verdict, record = verdicts[step.name], records[step.name]
        if step.kind in COMPUTE_ACTIVITIES and isinstance(verdict, gates.Ready) and isinstance(record, ComputeRecord):
            inputs = {name: records[name].version for name in step.inputs}
            yield InTurn(step, verdict.games, now, inputs, record, ready)


def _changes_the_days_degradations(computation: InTurn, degraded: Collection[str]) -> bool:
    """Whether its success resolves a degradation, which the requests of those after it would still name.

    A retried step is pending, but its degradation is open until it succeeds.
    """
    state = computation.record.state
    return computation.step.name in degraded or state not in (StepState.PENDING, StepState.COMPLETE)


def _record_after(computation: InTurn, plan: DayPlan) -> ComputeRecord:
    attempted = replace(computation.record, attempted_inputs=computation.inputs, last_poll=computation.as_of)
    report = ComputeReport(changed_games=computation.games)
    return transitions.computed(computation.step, attempted, report, plan).record
