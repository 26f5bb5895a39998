"""Runs computations that follow each other in one activity: an activity for each would double a day's history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from temporalio import activity

from activities.compute import grade_predictions, run_transform, write_features
from activities.heartbeats import blocking_activity
from activities.publish import write_export
from activities.resources import Resources
from tipoff.errors import TipoffError
from tipoff.vocabulary import ComputeReport
from workflows.contracts import Activity, Computations, ComputeReports, ComputeRequest

_COMPUTE: Mapping[Activity, Callable[[Resources, ComputeRequest], ComputeReport]] = {
    Activity.TRANSFORM: run_transform,
    Activity.BUILD_FEATURES: write_features,
    Activity.GRADE: grade_predictions,
    Activity.EXPORT: write_export,
}


class InTurnActivities:
    """Runs computations in turn."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.COMPUTE_IN_TURN.value)
    @blocking_activity
    def compute_in_turn(self, request: Computations) -> ComputeReports:
        """Run computations until one fails, which the day then runs alone, or until one changes less than expected."""
        reports: list[ComputeReport] = []
        for computation in request.computations:
            try:
                report = _COMPUTE[computation.activity](self._resources, computation.request)
            except TipoffError as error:
                activity.logger.info("%s failed and is run alone: %s", computation.request.step, error)
                break
            reports.append(report)
            if not computation.allows_next(report):
                break
        return ComputeReports(reports=tuple(reports))
