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
            if request.games is None:
                return plan_slate(request.game_date, self._resources.sources)
            return plan_day(request.game_date, request.games, self._resources.sources, published=request.published)
