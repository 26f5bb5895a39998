"""Removes expired files from the folders of the landing and of the work of ended runs."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.retention import Removed, remove_expired_responses, remove_working_files
from tipoff.settings import folder_of
from workflows.contracts import Activity
from workflows.contracts.schedules import RetentionReport, ScheduledRun


class RetentionActivities:
    """Removes expired files."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.REMOVE_EXPIRED.value)
    @blocking_activity
    def remove_expired(self, run: ScheduledRun) -> RetentionReport:
        """Remove what expired before the run; a bucket removes old responses by its own rules."""
        settings = self._resources.settings
        is_folder = settings.landing.startswith("file://")
        landed = remove_expired_responses(folder_of(settings.landing), run.as_of) if is_folder else Removed()
        work = remove_working_files(folder_of(settings.work), run.as_of)
        return RetentionReport(landed_files=landed.number, work_folders=work.number, bytes=landed.bytes + work.bytes)
