"""What crosses the Temporal boundary of a backfill."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, Field

from tipoff.vocabulary import MAX_PARALLELISM, BackfilledDate, BackfillScope, BackfillStatus, Frozen

BACKFILL_WORKFLOW_ID = "backfill"
"""One backfill at a time."""

DEFAULT_PARALLELISM = 2


class BackfillHandler(StrEnum):
    """Names of the updates and the query of a backfill."""

    PAUSE = "pause"
    RESUME = "resume"
    SET_PARALLELISM = "set_parallelism"
    STATUS = "status"


class BackfillInput(Frozen):
    """What to backfill, by whom, and how far it was when the run before continued as new."""

    scope: BackfillScope
    digest: str = Field(default="", max_length=20)
    """The plan that the operator saw; another one is refused. Empty: whatever the plan is."""
    parallelism: int = Field(default=DEFAULT_PARALLELISM, ge=1, le=MAX_PARALLELISM)
    who: str = Field(default="", max_length=100)
    why: str = Field(default="", max_length=500)
    replay: str = ""
    """The folder of the replay that it belongs to; empty: real days."""
    status: BackfillStatus | None = None
    """None: it is not planned yet."""
    continue_as_new_after: int = Field(default=4_000, ge=10, le=10_000)
    """Length of the history, in events, at which it starts no further date before it continues as new."""


class PlanBackfillRequest(Frozen):
    """Plan a backfill as of a time."""

    scope: BackfillScope
    as_of: AwareDatetime


class BackfillCommand(Frozen):
    """An operator's command to a running backfill."""

    parallelism: int | None = None
    """Of set_parallelism."""
    who: str = Field(default="", max_length=100)
    why: str = Field(default="", max_length=500)


class PublishBackfillRequest(Frozen):
    """Publish the status, after the phases of these dates were read from their exported statuses."""

    status: BackfillStatus
    observed: tuple[date, ...]


class ObservedDates(Frozen):
    """The rows of those observed dates that have exported a status, with their phases."""

    rows: tuple[BackfilledDate, ...]
