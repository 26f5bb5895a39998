"""Publishes the status of a day: current details, memo, search attributes, exported status and alerts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from tipoff.vocabulary import ComputeReport, DayStatus, EndedRun, Span, clock_time, counted
from workflows import status_text
from workflows.calls import call, failure_reason
from workflows.contracts import Activity, ComputeRequest, PublishStatusRequest
from workflows.day_clock import DayClock
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.status_changes import StatusChanges

RETRY_EXPORT_AFTER = timedelta(minutes=5)


class StatusReporter:
    """Publishes what changed since it published last, one export at a time."""

    def __init__(self, ledger: DayLedger, clock: DayClock, replay: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._changes = StatusChanges(ledger)
        self._replay = replay
        self._started_at = clock.now()
        self._alerts_published: set[str] = set()
        self._export: asyncio.Task[None] | None = None
        self._retry_at: datetime | None = None

    @property
    def retry_at(self) -> datetime | None:
        """When a failed export is retried."""
        return self._retry_at

    @property
    def running_export(self) -> asyncio.Task[None] | None:
        """The export that is running."""
        return self._export if self._export and not self._export.done() else None

    def status(self) -> DayStatus:
        """The status of the day now."""
        return day_status(self._ledger, self._clock.now(), virtual=self._clock.virtual, held=self._clock.held)

    def publish(self, *, steps_running: bool = False) -> None:
        """Update every channel whose content changed."""
        status = self.status()
        workflow.set_current_details(status_text.markdown(status, self._replay))
        attributes, sentence = self._changes.for_server(status, steps_running=steps_running)
        if attributes is not None:
            workflow.upsert_search_attributes(attributes)
        if sentence is not None:
            workflow.upsert_memo({"status": sentence, "day_clock": clock_time(status.now, status.game_date)})
        due = self._retry_at is None or status.now >= self._retry_at
        if self.running_export is None and due and self._changes.for_exports(status):
            self._retry_at = None
            self._export = asyncio.create_task(self._export_status(status))

    async def _export_status(self, status: DayStatus) -> None:
        """Write the status to the exports, where it is readable without a server."""
        new = tuple(alert.key for alert in status.alerts if alert.key not in self._alerts_published)
        request = PublishStatusRequest(status=status, new_alerts=new)
        try:
            await call(Activity.PUBLISH_STATUS, request, ComputeReport, summary=f"status: {status.sentence}")
        except ActivityError as error:
            workflow.logger.warning("exporting the status failed: %s", failure_reason(error))
            self._changes.export_again()
            # A replay's clock stands while an activity runs, so an immediate retry would loop forever.
            self._retry_at = self._clock.now() + RETRY_EXPORT_AFTER
            return
        self._alerts_published.update(new)

    async def publish_last(self) -> None:
        """Publish the final status, then the report page, which shows it, and log the run."""
        if self._export is not None:
            await self._export
        self._changes.export_again()
        self._retry_at = None
        self.publish()
        if self._export is not None:
            await self._export
        page = ComputeRequest(
            subject="page",
            span=Span.SLATE,
            game_date=self._ledger.plan.game_date,
            game_ids=self._ledger.game_ids,
            as_of=self._clock.now(),
        )
        try:
            await call(Activity.EXPORT, page, ComputeReport, summary="report page of the whole day")
        except ActivityError as error:
            workflow.logger.warning("writing the report page failed: %s", failure_reason(error))
        await self._log_run(self.status())

    async def _log_run(self, status: DayStatus) -> None:
        """Write the executions of all steps to the warehouse, in one load for the whole run."""
        run = EndedRun(
            game_date=status.game_date,
            run_id=workflow.info().run_id,
            is_rerun=self._ledger.recorded,
            virtual=status.virtual,
            state=status.state,
            data_quality=status.data_quality,
            backfilled=status.backfilled,
            games=len(status.games),
            started_at=self._started_at,
            ended_at=status.now,
            sentence=status.sentence,
            steps=self._ledger.executions.end(status.now),
        )
        summary = f"log of {counted(sum(len(step.executions) for step in run.steps), 'execution')}"
        try:
            await call(Activity.LOG_RUN, run, ComputeReport, summary=summary)
        except ActivityError as error:
            workflow.logger.warning("logging the run failed: %s", failure_reason(error))
