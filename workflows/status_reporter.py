"""Publishes the status of a day: current details, memo, search attributes, exported status and alerts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from tipoff.vocabulary import ComputeReport, DayStatus, RunState, Span, clock_time
from workflows import status_text
from workflows.calls import call, failure_reason
from workflows.contracts import Activity, ComputeRequest, PublishStatusRequest
from workflows.day_clock import DayClock
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.search_attributes import updated_attributes

RETRY_EXPORT_AFTER = timedelta(minutes=5)


class StatusReporter:
    """Publishes what changed since it published last, one export at a time."""

    def __init__(self, ledger: DayLedger, clock: DayClock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._published: dict[str, object] = {}
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
        workflow.set_current_details(status_text.markdown(status))
        self._publish_to_server(status, steps_running=steps_running)
        urgent = (status.attention, status.degradations, status.held, self._ledger.ended)
        grown = (status.phase, len(status.audit), len(status.alerts), len(self._ledger.published))
        due = self._retry_at is None or status.now >= self._retry_at
        if self.running_export is None and due and self._is_new("status", (urgent, grown)):
            self._retry_at = None
            self._export = asyncio.create_task(self._export_status(status))

    def _publish_to_server(self, status: DayStatus, *, steps_running: bool) -> None:
        """Update what the server knows without a worker: search attributes and memo, which always agree.

        Each update is an event of the history. So a source that is only polled again leaves both as they were, the
        memo leaves out the next poll, and while steps run it changes only with the attributes: the server lists running
        activities itself.
        """
        if self._ledger.only_polls_again and status.state is RunState.RUNNING:
            return
        attributes = updated_attributes(status)
        new_attributes = self._is_new("attributes", attributes)
        if new_attributes:
            workflow.upsert_search_attributes(attributes)
        text = status_text.without_next_poll(status.sentence)
        if (new_attributes or not steps_running) and self._is_new("memo", text):
            workflow.upsert_memo({"status": text, "day_clock": clock_time(status.now, status.game_date)})

    def _is_new(self, channel: str, content: object) -> bool:
        new = self._published.get(channel) != content
        self._published[channel] = content
        return new

    async def _export_status(self, status: DayStatus) -> None:
        """Write the status to the exports, where it is readable without a server."""
        new = tuple(alert.key for alert in status.alerts if alert.key not in self._alerts_published)
        request = PublishStatusRequest(status=status, new_alerts=new)
        try:
            await call(Activity.PUBLISH_STATUS, request, ComputeReport, summary=f"status: {status.sentence}")
        except ActivityError as error:
            workflow.logger.warning("exporting the status failed: %s", failure_reason(error))
            self._published.pop("status", None)
            # A replay's clock stands while an activity runs, so an immediate retry would loop forever.
            self._retry_at = self._clock.now() + RETRY_EXPORT_AFTER
            return
        self._alerts_published.update(new)

    async def publish_last(self) -> None:
        """Publish the final status, then the report page, which shows it."""
        if self._export is not None:
            await self._export
        self._published.pop("status", None)
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
