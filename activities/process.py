"""Processes landed batches into the tables of their sources."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.labels import labels_of
from activities.resources import Resources
from tipoff.errors import TipoffError
from tipoff.processing import process
from tipoff.sources.base import Slate
from tipoff.vocabulary import ProcessReport
from tipoff.warehouse.job_labels import job_labels
from workflows.contracts import Activity, ProcessReports, ProcessRequest, ProcessRequests


class ProcessActivities:
    """Processes landed batches."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PROCESS.value)
    @blocking_activity
    def process(self, request: ProcessRequest) -> ProcessReport:
        """Process one batch."""
        return process_batch(self._resources, request)

    @activity.defn(name=Activity.PROCESS_TOGETHER.value)
    @blocking_activity
    def process_together(self, requests: ProcessRequests) -> ProcessReports:
        """Process several batches; a TipoffError of one concerns no other."""
        return ProcessReports(reports=tuple(self._process_if_possible(each) for each in requests.requests))

    def _process_if_possible(self, request: ProcessRequest) -> ProcessReport | None:
        try:
            return process_batch(self._resources, request)
        except TipoffError as error:
            activity.logger.info("%s is processed alone, since with others it failed: %s", request.source, error)
            return None


def process_batch(resources: Resources, request: ProcessRequest) -> ProcessReport:
    """Process one batch; the versions of the data say what changed, since a killed attempt may have written it."""
    with job_labels(**labels_of(request)):
        report = process(
            resources.sources[request.source],
            request.batch_key,
            Slate(game_date=request.game_date, games=request.games),
            request.as_of,
            landing=resources.landing,
            warehouse=resources.warehouse,
            aliases_path=resources.settings.aliases,
        )
    return report.model_copy(update={"changed": True, "changed_games": None})
