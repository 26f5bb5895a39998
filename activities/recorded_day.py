"""Reads what an ended day left behind, for a re-run."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.publishing.envelope import decode
from tipoff.publishing.status import status_path
from tipoff.recorded import recorded_day
from tipoff.vocabulary import Degradation, RecordedDay
from workflows.contracts import Activity, PlanRequest


class RecordedDayActivities:
    """Reads recorded days."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.RECORDED_DAY.value)
    @blocking_activity
    def recorded_day(self, request: PlanRequest) -> RecordedDay:
        """The slate, landed batches, prediction runs and degradations of a date."""
        date, resources = request.game_date, self._resources
        recorded = recorded_day(date, resources.sources, resources.landing, resources.warehouse)
        status = decode(resources.exports.read(status_path(date)) or b"{}")
        degradations = tuple(Degradation.model_validate(item) for item in status.get("degradations", ()))
        return recorded.model_copy(update={"degradations": degradations})
