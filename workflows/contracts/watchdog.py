"""What the watchdog and its activities exchange."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import AwareDatetime, Field

from tipoff.vocabulary import Finding, Frozen, MissedRuns, Repair, RepairAttempt

PASS_EVERY: Final = timedelta(minutes=5)


class WatchdogInput(Frozen):
    """How the watchdog works, and what it remembers of the run before."""

    every: timedelta = Field(default=PASS_EVERY, ge=timedelta(seconds=1), le=timedelta(hours=1))
    """From the end of a pass to the next one."""
    attempts: tuple[RepairAttempt, ...] = ()
    missed: tuple[MissedRuns, ...] | None = None
    continue_as_new_after: int = Field(default=2_000, ge=10, le=10_000)
    """Length of the history, in events, at which the workflow continues as new."""


class ObserveRequest(Frozen):
    """Look at everything as of a time, with what earlier passes did and saw."""

    as_of: AwareDatetime
    attempts: tuple[RepairAttempt, ...] = ()
    missed: tuple[MissedRuns, ...] | None = None


class WatchReport(Frozen):
    """What is wrong, what the rules repair now, and what the next pass has to know."""

    as_of: AwareDatetime | None = None
    """None: the first pass has not ended."""
    findings: tuple[Finding, ...] = ()
    is_partial: bool = False
    """Something could not be checked, so what was found before may still be wrong."""
    repairs: tuple[Repair, ...] = ()
    missed: tuple[MissedRuns, ...] = ()


class ReportPassRequest(Frozen):
    """Store the repairs of a pass, and show that the watchdog is alive."""

    attempts: tuple[RepairAttempt, ...] = ()


class PassReported(Frozen):
    """What was stored and shown."""

    logged: int
    heartbeat: str = ""
    """Why the heartbeat URL was not reached; empty: it was, or there is none."""
