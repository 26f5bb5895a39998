"""Phase 6: exports, the report page, the status and its alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from temporalio import activity

from activities.errors import blocking, failures_mapped
from activities.workshop import Workshop
from tipoff.publishing.alerts import Alert, raise_alert
from tipoff.publishing.envelope import decode
from tipoff.publishing.exports import publish_predictions, publish_results
from tipoff.publishing.page import publish_page
from tipoff.publishing.status import Published, publish_status
from tipoff.publishing.summary import publish_summary
from workflows.contracts import Activity, ComputeRequest, PublishStatusRequest, StepReport


class Publishing:
    """Writes what people read."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    @activity.defn(name=Activity.EXPORT.value)
    @blocking
    def export(self, request: ComputeRequest) -> StepReport:
        """One export."""
        published = self._exporters[request.subject](request)
        return StepReport(rows=published.rows, changed_games=request.game_ids)

    @property
    def _exporters(self) -> dict[str, Callable[[ComputeRequest], Published]]:
        return {
            "predictions": partial(self._tables, publish_predictions),
            "results": partial(self._tables, publish_results),
            "page": self._page,
            "summary": partial(self._tables, publish_summary),
        }

    def _tables(self, publish: Callable[..., Published], request: ComputeRequest) -> Published:
        return publish(
            self._workshop.warehouse,
            self._workshop.exports,
            request.game_date,
            request.as_of,
            self._now(),
            request.degraded,
            request.missing_games,
        )

    def _page(self, request: ComputeRequest) -> Published:
        standing = self._workshop.exports.read(f"v1/status/{request.game_date}.json")
        return publish_page(
            self._workshop.warehouse,
            self._workshop.exports,
            request.game_date,
            request.as_of,
            decode(standing or b"{}"),
        )

    @activity.defn(name=Activity.PUBLISH_STATUS.value)
    def publish_status(self, request: PublishStatusRequest) -> StepReport:
        """Export the status, and append alerts that are not there yet."""
        with failures_mapped():
            status = request.status
            for alert in (alert for alert in status.alerts if alert.key in request.new_alerts):
                raise_alert(self._workshop.exports, Alert(game_date=status.game_date, **alert.model_dump()))
            published = publish_status(self._workshop.exports, status.model_dump(mode="json"), self._now())
        return StepReport(rows=published.rows)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._workshop.now())
