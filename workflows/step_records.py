"""Where each step of a day stands: one immutable record a step, replaced by each transition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self, TypeAlias

from tipoff.vocabulary import SETTLED, Cooldown, PlanStep, PollWhen, Role, StepKind, StepState

OUTDATED_AFTER = timedelta(hours=2)
"""Data that are refreshed during the day are outdated when no poll has brought them for so long."""


@dataclass(frozen=True)
class StepRecord:
    """What sources and computations have in common."""

    state: StepState = StepState.PENDING
    running: bool = False
    abandoned: bool = False
    """The day went on without it while it was running: no other step waits for its result."""
    polls: int = 0
    """How often it finished: the polls of a source, the runs of a computation."""
    last_poll: datetime | None = None
    """When it last started."""
    rows: int = 0
    """The most rows of one run: a later one is often about fewer games."""
    reason: str = ""
    missing_games: tuple[str, ...] = ()
    failed_since: datetime | None = None
    """Since when it is parked."""
    recoveries: int = 0
    """How often it continued after it was parked."""
    version: int = 0
    """Grows whenever the step brings new data."""
    changed: Mapping[str, int] = field(default_factory=dict)
    """game_id -> version in which its data last changed."""

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def parked(self) -> bool:
        return self.failed_since is not None

    def changed_since(self, version: int) -> set[str]:
        """Games whose data changed after a version."""
        return {game for game, changed in self.changed.items() if changed > version}

    def with_new_data(self, games: Iterable[str]) -> Self:
        """The record after the step brought new data for these games."""
        version = self.version + 1
        return replace(self, version=version, changed={**self.changed, **dict.fromkeys(games, version)})

    def unparked(self) -> Self:
        """The record after the step, or the day without it, continued."""
        return replace(self, failed_since=None, recoveries=self.recoveries + self.parked)


@dataclass(frozen=True)
class SourceRecord(StepRecord):
    """Record of a source and its fallback sources."""

    complete: bool = False
    """The primary source has had all data."""
    blocked_reason: str = ""
    """Set when the provider refused in a way only an operator can fix; the source is not polled until then."""
    requested_games: tuple[str, ...] = ()
    """The slate when the last poll started."""
    fallback_games: tuple[str, ...] = ()
    """Games with data of fallback sources; the primary source is still polled for them."""
    last_usable_poll: datetime | None = None
    """The last poll with a usable result, of the primary source or of a fallback source."""
    retry_at: datetime | None = None
    cooldown: Cooldown | None = None
    """The primary source is not polled meanwhile; its fallback sources are."""

    def is_outdated(self, step: PlanStep, now: datetime) -> bool:
        """Whether data that are refreshed before the games have not been refreshed for too long."""
        refreshed = step.role is Role.PRE and any(each.only is not PollWhen.UNTIL_COMPLETE for each in step.cadence)
        return refreshed and self.last_usable_poll is not None and now - self.last_usable_poll > OUTDATED_AFTER


@dataclass(frozen=True)
class ComputeRecord(StepRecord):
    """Record of a transform, the features, a system, the grading or an export."""

    reference: str = ""
    """Name of the file it last wrote for a later step."""
    unfinished_games: tuple[str, ...] = ()
    """Games that were neither final nor postponed in its last run."""
    predictions: int = 0
    """Predictions of the date that counted in its last run."""
    completed_inputs: Mapping[str, int] = field(default_factory=dict)
    """Step whose data it uses -> their version in the last run that succeeded."""
    attempted_inputs: Mapping[str, int] = field(default_factory=dict)
    """Step whose data it uses -> their version in the last run."""

    def without_inputs(self) -> ComputeRecord:
        """The record of a step that has to run again for all games."""
        return replace(self, completed_inputs={}, attempted_inputs={})

    @property
    def has_succeeded(self) -> bool:
        return bool(self.completed_inputs)

    def would_fail_again(self, records: Records) -> bool:
        """Whether its last run failed on the inputs of now."""
        inputs = {name: records[name].version for name in self.attempted_inputs if name in records}
        return self.attempted_inputs != self.completed_inputs and self.attempted_inputs == inputs


AnyRecord: TypeAlias = SourceRecord | ComputeRecord
Records: TypeAlias = dict[str, AnyRecord]


def new_record(step: PlanStep) -> AnyRecord:
    """The record of a step that has not started."""
    return SourceRecord() if step.kind is StepKind.SOURCE else ComputeRecord()
