"""The plan of a day, and what a finished day left behind."""

from __future__ import annotations

from temporalio import activity

from activities.errors import blocking, failures_mapped
from activities.resources import Resources
from tipoff.plan import plan_day, plan_slate
from tipoff.publishing.envelope import decode
from tipoff.recorded import recorded_day
from tipoff.vocabulary import DayPlan, Degradation, RecordedDay
from workflows.contracts import Activity, PlanRequest


class Planning:
    """Plans days."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PLAN_DAY.value)
    async def plan_day(self, request: PlanRequest) -> DayPlan:
        """The day's steps for its slate, or how to learn the slate."""
        with failures_mapped():
            if request.games is None:
                return plan_slate(request.game_date, self._resources.sources)
            return plan_day(request.game_date, request.games, self._resources.sources, published=request.published)


class Recalling:
    """Tells what a day left."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.RECORDED_DAY.value)
    @blocking
    def recorded_day(self, request: PlanRequest) -> RecordedDay:
        """Slate, landed batches, prediction moments and what was gone without on a date."""
        date, resources = request.game_date, self._resources
        recorded = recorded_day(date, resources.sources, resources.landing, resources.warehouse)
        status = decode(resources.exports.read(f"v1/status/{date}.json") or b"{}")
        degradations = tuple(Degradation.model_validate(item) for item in status.get("degradations", ()))
        return recorded.model_copy(update={"degradations": degradations})
