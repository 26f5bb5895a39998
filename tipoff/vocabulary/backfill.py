"""A backfill: which past dates it runs, why, and how far each of them is."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field, model_validator

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.day import AuditEntry, DayStatus, phase_state
from tipoff.vocabulary.text import counted, shortened
from tipoff.vocabulary.words import Phase, RunState, StepState

MAX_BACKFILLED_DATES = 180
"""A regular season has about 165 dates with games; the status of more would be too large to travel."""
MAX_BACKFILLED_DAYS = 366
MAX_PARALLELISM = 16
_NOTE_LENGTH = 120


class BackfillMode(StrEnum):
    """Which dates of a range a backfill runs."""

    MISSING = "missing"  # those that lack rows of a phase
    FAILED = "failed"  # those whose last run failed or was cancelled
    ALL = "all"  # all with games


class BackfillScope(Frozen):
    """The dates and phases that an operator wants to backfill."""

    first: date
    last: date
    mode: BackfillMode = BackfillMode.MISSING
    from_phase: Phase = Phase.SLATE
    to_phase: Phase = Phase.GRADE

    @model_validator(mode="after")
    def _require_order(self) -> BackfillScope:
        if self.first > self.last:
            raise ValueError(f"the first date, {self.first}, is after the last, {self.last}")
        days = (self.last - self.first).days + 1
        if days > MAX_BACKFILLED_DAYS:
            raise ValueError(f"{counted(days, 'date')} are too many; at most {MAX_BACKFILLED_DAYS} are allowed")
        if self.from_phase.position > self.to_phase.position:
            raise ValueError(f"the first phase, {self.from_phase}, is after the last, {self.to_phase}")
        return self

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that run."""
        return tuple(phase for phase in Phase if self.from_phase.position <= phase.position <= self.to_phase.position)

    @property
    def collects(self) -> bool:
        """Whether it polls sources for a date that never ran."""
        return self.from_phase.position < Phase.CONTEXT.position

    @property
    def text(self) -> str:
        """The scope in one line."""
        return f"{self.first} to {self.last}, {self.mode}, {self.from_phase} to {self.to_phase}"


class PlannedDate(Frozen):
    """One date of a plan, why it runs and what it costs."""

    game_date: date
    games: int
    reason: str
    requests: int = 0
    """Without further pages and fallback sources."""
    credits: int = 0


class BackfillPlan(Frozen):
    """The dates that a backfill would run now."""

    scope: BackfillScope
    dates: tuple[PlannedDate, ...]
    left_out: dict[str, int] = {}
    """Why dates of the range do not run -> how many."""
    digest: str
    """Changes with everything in the plan."""


class DateState(StrEnum):
    """The state of a date in a backfill."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    LEFT_ALONE = "LEFT_ALONE"  # it had a live run

    @property
    def words(self) -> str:
        """The state as people read it."""
        return self.value.lower().replace("_", " ")


ENDED_DATES = frozenset({DateState.COMPLETE, DateState.FAILED, DateState.CANCELLED, DateState.LEFT_ALONE})


class BackfilledDate(Frozen):
    """One row of the grid: a date and the state of each phase of the backfill."""

    game_date: date
    state: DateState = DateState.QUEUED
    phases: tuple[StepState, ...] = ()
    """In the order of the scope's phases; empty while nothing is known of them."""
    note: str = Field(default="", max_length=_NOTE_LENGTH)

    def in_state(self, state: DateState, note: str = "") -> BackfilledDate:
        """The row once the date has another state."""
        return self.model_copy(update={"state": state, "note": shortened(note, _NOTE_LENGTH)})

    def observed(self, status: DayStatus, phases: tuple[Phase, ...]) -> BackfilledDate:
        """The row with the phases of the day's status; a running date notes its first parked step.

        A phase of a complete date without steps had nothing to do, such as following games that were over.
        """
        steps = ([step for step in status.steps if step.phase is phase] for phase in phases)
        is_complete = self.state is DateState.COMPLETE
        states = tuple(phase_state(each) if each or not is_complete else StepState.EMPTY_OK for each in steps)
        parked = f"{status.attention[0].step}: {status.attention[0].reason}" if status.attention else ""
        note = self.note if self.state in ENDED_DATES else shortened(parked, _NOTE_LENGTH)
        return self.model_copy(update={"phases": states, "note": note})

    @property
    def needs_attention(self) -> bool:
        """Whether it runs and has a parked step."""
        return self.state is DateState.RUNNING and StepState.FAILED in self.phases


class BackfillStatus(Frozen):
    """A backfill as a whole."""

    scope: BackfillScope
    digest: str = ""
    state: RunState = RunState.RUNNING
    paused: bool = False
    parallelism: int
    dates: tuple[BackfilledDate, ...] = Field(default=(), max_length=MAX_BACKFILLED_DATES)
    audit: tuple[AuditEntry, ...] = ()
    """The last commands of operators."""

    def in_state(self, *states: DateState) -> tuple[date, ...]:
        """The dates that have one of these states."""
        return tuple(each.game_date for each in self.dates if each.state in states)

    def with_row(self, row: BackfilledDate) -> BackfillStatus:
        """The status with the row of a date replaced."""
        rows = tuple(row if each.game_date == row.game_date else each for each in self.dates)
        return self.model_copy(update={"dates": rows})

    def row(self, game_date: date) -> BackfilledDate:
        """The row of a date. Raises KeyError."""
        for each in self.dates:
            if each.game_date == game_date:
                return each
        raise KeyError(f"the backfill has no date {game_date}")

    def count(self, *states: DateState) -> int:
        """How many dates have one of these states."""
        return len(self.in_state(*states))

    @property
    def sentence(self) -> str:
        """The progress in one line."""
        ended = f"{self.count(*ENDED_DATES)} of {counted(len(self.dates), 'date')} ended"
        others = (DateState.RUNNING, DateState.FAILED, DateState.CANCELLED, DateState.LEFT_ALONE)
        parts = [ended, *(f"{number} {state.words}" for state in others if (number := self.count(state)))]
        if parked := [str(each.game_date) for each in self.dates if each.needs_attention]:
            parts.append(f"needs attention: {', '.join(parked)}")
        return f"{'paused: ' if self.paused else ''}{', '.join(parts)}"
