"""Plans a day. Needs no warehouse."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.resources import Resources
from tipoff.plan import plan_day, plan_slate
from tipoff.vocabulary import DayPlan
from workflows.contracts import Activity, PlanRequest


class PlanActivities:
    """Plans days."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PLAN_DAY.value)
    async def plan_day(self, request: PlanRequest) -> DayPlan:
        """The steps of a date for its slate, or only those that acquire the slate."""
        async with heartbeating():
            date, sources, started_at = request.game_date, self._resources.sources, request.started_at
            if request.games is None:
                return plan_slate(date, sources, started_at)
            return plan_day(date, request.games, sources, published=request.published, started_at=started_at)
