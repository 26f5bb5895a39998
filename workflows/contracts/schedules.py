"""What schedules start, and the models that the launcher and the retention exchange."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field

from tipoff.vocabulary import Frozen

SCHEDULE_PREFIX = "tipoff-"
"""Schedules of a namespace whose id begins with this are ours."""


class ScheduleName(StrEnum):
    """The schedules, named after what they start."""

    DAY = "day"
    TRAINING = "training"
    WATCHDOG = "watchdog"
    MORNING_CHECK = "morning-check"
    RETENTION = "retention"


def schedule_id(name: str) -> str:
    """The id of a schedule on the server."""
    return f"{SCHEDULE_PREFIX}{name}"


LAUNCHER_WORKFLOW = "LauncherWorkflow"
DAY_WORKFLOW = "DailyPipelineWorkflow"
TRAINING_WORKFLOW = "TrainingWorkflow"
WATCHDOG_WORKFLOW = "WatchdogWorkflow"
MORNING_CHECK_WORKFLOW = "MorningCheckWorkflow"
RETENTION_WORKFLOW = "RetentionWorkflow"

WATCHDOG_WORKFLOW_ID = "watchdog"


class LauncherInput(Frozen):
    """Start what a schedule is for, under an id of its own."""

    schedule: ScheduleName
    latest: timedelta
    """A run is not started any more if no worker served the launcher within so long after the scheduled time."""
    replay: str = ""
    """The folder of the replay that it belongs to; its days run in virtual time. Empty: real days."""


class LaunchOutcome(StrEnum):
    """What a launcher did."""

    STARTED = "started"
    EXISTS = "exists"
    """A run of that id is there already, running or ended, so nothing was started."""
    TOO_LATE = "too_late"


class LaunchResult(Frozen):
    """What a launcher did, in a word and in a sentence."""

    workflow_id: str
    outcome: LaunchOutcome
    text: str


class ScheduledRun(Frozen):
    """Input of a workflow that a schedule starts for a date."""

    game_date: date
    """The Eastern date of the scheduled time."""
    as_of: AwareDatetime
    """The scheduled time."""


class OwnDefaults(Frozen):
    """Input of a workflow all of whose fields have defaults."""


class RetentionReport(Frozen):
    """What was removed."""

    landed_files: int = Field(default=0, ge=0)
    """Responses and manifest entries."""
    work_folders: int = Field(default=0, ge=0)
    """Folders of dates with working files."""
    bytes: int = Field(default=0, ge=0)
