"""Publishes exports, the report page, the status and its alerts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.publishing.alerts import raise_alert
from tipoff.publishing.envelope import decode
from tipoff.publishing.exports import publish_predictions, publish_results
from tipoff.publishing.page import publish_page
from tipoff.publishing.status import PublishResult, publish_status
from tipoff.publishing.summary import publish_summary
from tipoff.vocabulary import ComputeReport
from workflows.contracts import Activity, ComputeRequest, PublishStatusRequest


class PublishActivities:
    """Writes what readers and operators read."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.EXPORT.value)
    @blocking_activity
    def export(self, request: ComputeRequest) -> ComputeReport:
        """Write one export."""
        published = self._exporters[request.subject](request)
        return ComputeReport(rows=published.rows, changed_games=request.game_ids)

    @property
    def _exporters(self) -> dict[str, Callable[[ComputeRequest], PublishResult]]:
        return {
            "predictions": partial(self._tables, publish_predictions),
            "results": partial(self._tables, publish_results),
            "page": self._page,
            "summary": partial(self._tables, publish_summary),
        }

    def _tables(self, publish: Callable[..., PublishResult], request: ComputeRequest) -> PublishResult:
        return publish(
            self._resources.warehouse,
            self._resources.exports,
            request.game_date,
            request.as_of,
            self._resources.now(),
            request.degraded,
            request.missing_games,
        )

    def _page(self, request: ComputeRequest) -> PublishResult:
        status = self._resources.exports.read(f"v1/status/{request.game_date}.json")
        return publish_page(
            self._resources.warehouse,
            self._resources.exports,
            request.game_date,
            request.as_of,
            decode(status or b"{}"),
        )

    @activity.defn(name=Activity.PUBLISH_STATUS.value)
    @blocking_activity
    def publish_status(self, request: PublishStatusRequest) -> ComputeReport:
        """Export the status and append new alerts."""
        status = request.status
        for alert in (alert for alert in status.alerts if alert.key in request.new_alerts):
            raise_alert(self._resources.exports, status.game_date, alert)
        published = publish_status(self._resources.exports, status, self._resources.now())
        return ComputeReport(rows=published.rows)
