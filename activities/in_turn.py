"""Runs computations that follow each other in one activity: an activity for each would double a day's history."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from temporalio import activity

from activities.compute import grade_predictions, run_transform, write_features
from activities.heartbeats import blocking_activity
from activities.labels import labels_of
from activities.publish import write_export
from activities.resources import Resources
from tipoff.errors import TipoffError
from tipoff.vocabulary import ComputeReport
from tipoff.warehouse.job_labels import job_labels
from workflows.contracts import Activity, Computations, ComputeReports, ComputeRequest

_COMPUTE: Mapping[Activity, Callable[[Resources, ComputeRequest], ComputeReport]] = {
    Activity.TRANSFORM: run_transform,
    Activity.BUILD_FEATURES: write_features,
    Activity.GRADE: grade_predictions,
    Activity.EXPORT: write_export,
}
STARTS_WITHIN: Final = timedelta(minutes=5)
"""A computation that started later might not end in time, and the results of those before it would be lost."""


class InTurnActivities:
    """Runs computations in turn."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.COMPUTE_IN_TURN.value)
    @blocking_activity
    def compute_in_turn(self, request: Computations) -> ComputeReports:
        """Run computations until one fails, one changes less than expected, or they take long; the day runs the others.

        A TipoffError of one keeps the reports of those before it.
        """
        reports: list[ComputeReport] = []
        starts_until = time.monotonic() + STARTS_WITHIN.total_seconds()
        for computation in request.computations:
            if reports and time.monotonic() > starts_until:
                break
            try:
                with job_labels(**labels_of(computation.request)):
                    report = _COMPUTE[computation.activity](self._resources, computation.request)
            except TipoffError as error:
                activity.logger.info("%s failed and is run alone: %s", computation.request.step, error)
                break
            reports.append(report)
            if not computation.allows_next(report):
                break
        return ComputeReports(reports=tuple(reports))
