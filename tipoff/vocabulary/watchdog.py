"""What the watchdog does about faults before an operator has to, and what it remembers from pass to pass."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import partial
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, Field

from tipoff.vocabulary.base import Frozen
from tipoff.vocabulary.text import shortened

WATCHDOG: Final = "watchdog"
"""Who a repair is by, in the audit trail of a day and in the log of repairs."""
WHY_LENGTH: Final = 200
"""Sixty attempts travel with each pass."""


class RepairKind(StrEnum):
    """How a fault is repaired."""

    POLL_AGAIN = "poll_again"
    """Poll a parked source again, and its fallback sources for what it lacks."""
    RECOMPUTE = "recompute"
    """Run a parked computation again, which replaces its own slice."""
    REFRESH_LINES = "refresh_lines"
    """Poll outdated betting lines; the day then refreshes the games that they change."""
    START_DAY = "start_day"
    """Start a scheduled day that does not run."""
    RERUN_RESULTS = "rerun_results"
    """Run the results and grades of a failed day again."""
    START_TRAINING = "start_training"
    """Train the systems, whose weekly training did not run."""


class Repair(Frozen):
    """One repair: of what, and why."""

    kind: RepairKind
    game_date: date
    step: str = Field(default="", max_length=100)
    """The step that it is about, if any."""
    why: Annotated[str, AfterValidator(partial(shortened, limit=WHY_LENGTH))]

    @property
    def cause(self) -> tuple[RepairKind, date, str]:
        """The same for each attempt to repair the same fault."""
        return self.kind, self.game_date, self.step


class RepairAttempt(Frozen):
    """A repair that was tried, and its result."""

    repair: Repair
    at: AwareDatetime
    accepted: bool
    result: Annotated[str, AfterValidator(partial(shortened, limit=WHY_LENGTH))]


class MissedRuns(Frozen):
    """The runs that a schedule has missed and skipped so far, and when the watchdog saw the number grow last."""

    schedule: str
    count: int
    grown_at: AwareDatetime | None = None
