"""Removes expired files, as a schedule asks for it."""

from __future__ import annotations

from temporalio import workflow

from tipoff.vocabulary import counted
from workflows.calls import call
from workflows.contracts import Activity
from workflows.contracts.schedules import RETENTION_WORKFLOW, RetentionReport, ScheduledRun


@workflow.defn(name=RETENTION_WORKFLOW)
class RetentionWorkflow:
    """Removes landed responses that no re-run reads, and working files of ended runs."""

    @workflow.run
    async def run(self, run: ScheduledRun) -> RetentionReport:
        report = await call(
            Activity.REMOVE_EXPIRED, run, RetentionReport, summary=f"files that expired before {run.game_date}"
        )
        landed, dates = counted(report.landed_files, "landed file"), counted(report.work_folders, "date")
        workflow.set_current_details(f"removed {landed} and the working files of {dates}")
        return report
