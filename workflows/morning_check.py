"""The check of each morning, as a schedule asks for it."""

from __future__ import annotations

from temporalio import workflow

from tipoff.vocabulary import counted
from workflows.calls import call
from workflows.contracts import Activity
from workflows.contracts.alerts import AlertsDelivered
from workflows.contracts.schedules import MORNING_CHECK_WORKFLOW, ScheduledRun


@workflow.defn(name=MORNING_CHECK_WORKFLOW)
class MorningCheckWorkflow:
    """Validates yesterday and today, alerts about what is wrong, and sends the summary."""

    @workflow.run
    async def run(self, morning: ScheduledRun) -> AlertsDelivered:
        summary = f"check and summary of the morning of {morning.game_date}"
        delivered = await call(Activity.MORNING_CHECK, morning, AlertsDelivered, summary=summary)
        lines = [f"sent {counted(delivered.sent, 'notice')}", *(f"not delivered: {each}" for each in delivered.errors)]
        workflow.set_current_details("; ".join(lines))
        return delivered
