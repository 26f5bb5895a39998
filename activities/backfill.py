"""Plans a backfill and publishes how far it is."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.backfill import make_plan
from tipoff.publishing.backfill import observed_rows, publish_backfill, publish_plan
from tipoff.vocabulary import BackfillPlan
from workflows.contracts import Activity
from workflows.contracts.backfill import ObservedDates, PlanBackfillRequest, PublishBackfillRequest


class BackfillActivities:
    """Plans and publishes backfills."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PLAN_BACKFILL.value)
    @blocking_activity
    def plan_backfill(self, request: PlanBackfillRequest) -> BackfillPlan:
        """The dates that a backfill would run now; the plan is exported under its digest."""
        resources = self._resources
        plan = make_plan(request.scope, resources.warehouse, resources.sources, request.as_of)
        publish_plan(resources.exports, plan)
        return plan

    @activity.defn(name=Activity.PUBLISH_BACKFILL.value)
    @blocking_activity
    def publish_backfill(self, request: PublishBackfillRequest) -> ObservedDates:
        """Read the phases of the observed dates from their exported statuses; export the status and its page."""
        exports, status = self._resources.exports, request.status
        rows = observed_rows(exports, status, request.observed)
        for row in rows:
            status = status.with_row(row)
        publish_backfill(exports, status, self._resources.now())
        return ObservedDates(rows=rows)
