"""Publishes exports, the report page, the status and its alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.grading.balance import release_picks
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.day_alerts import update_day_alerts
from tipoff.publishing.ended_days import publish_ended_day
from tipoff.publishing.envelope import Edition, decode
from tipoff.publishing.frames import FRAMES_OF_PREDICTIONS, FRAMES_OF_RESULTS, publish_frames
from tipoff.publishing.live import publish_live
from tipoff.publishing.page import publish_page
from tipoff.publishing.predictions import publish_predictions
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.results import publish_results
from tipoff.publishing.site.home import HOME
from tipoff.publishing.site.site import publish_site
from tipoff.publishing.status import PublishResult, publish_status, status_path
from tipoff.publishing.store import ExportStore
from tipoff.publishing.summary import publish_summary
from tipoff.vocabulary import ComputeReport, EndedRun, step_names
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.execution_log import log_run, phase_status
from tipoff.warehouse.preflight import PUBLICATION, Lacking, lacking_inputs
from workflows.contracts import Activity, ComputeRequest, PublishStatusRequest


class PublishActivities:
    """Writes what readers and operators read."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.EXPORT.value)
    @blocking_activity
    def export(self, request: ComputeRequest) -> ComputeReport:
        """Write one export."""
        return write_export(self._resources, request)

    @activity.defn(name=Activity.PUBLISH_STATUS.value)
    @blocking_activity
    def publish_status(self, request: PublishStatusRequest) -> ComputeReport:
        """Export the status, show it on the first page of the site, and deliver new alerts beside it."""
        status = request.status
        update_day_alerts(self._resources.exports, status, request.new_alerts)
        self._resources.alert_sender.send_soon()
        published = publish_status(self._resources.exports, status, self._resources.now())
        publish_site(self._resources.exports, status.game_date, (HOME,))
        return ComputeReport(rows=published.rows)

    @activity.defn(name=Activity.LOG_RUN.value)
    @blocking_activity
    def log_run(self, run: EndedRun) -> ComputeReport:
        """Log a run that ended and the executions of its steps, and export how its date ended."""
        warehouse = self._resources.warehouse
        rows = log_run(warehouse, run)
        publish_ended_day(self._resources.exports, phase_status(warehouse, run.game_date), self._resources.now())
        return ComputeReport(rows=rows)


def write_export(resources: Resources, request: ComputeRequest) -> ComputeReport:
    """Write one export, after the release of withheld picks if there is one."""
    if release := request.release:
        release_picks(resources.warehouse, request.game_date, release.views, release.at, release.who, release.why)
    lacking = _lacking(resources, request)
    games = tuple(sorted({*request.missing_games, *lacking.games}))
    published = _EXPORTERS[request.subject](resources, request.model_copy(update={"missing_games": games}))
    return ComputeReport(
        rows=published.rows, changed_games=request.game_ids, lacking=lacking.text, missing_games=lacking.games
    )


def _lacking(resources: Resources, request: ComputeRequest) -> Lacking:
    """What the publication of the predictions lacks; the day is announced before there are any."""
    if request.step != step_names.PUBLISH_PREDICTIONS:
        return Lacking()
    return lacking_inputs(resources.warehouse, PUBLICATION, request.game_date, request.game_ids)


def _publish_tables(
    publish: Callable[[Warehouse, ExportStore, Edition], PublishResult], resources: Resources, request: ComputeRequest
) -> PublishResult:
    return publish(resources.warehouse, resources.exports, _edition(resources, request))


def _edition(resources: Resources, request: ComputeRequest) -> Edition:
    return Edition(request.game_date, request.as_of, resources.now(), request.degraded, request.missing_games)


def _publish_page(resources: Resources, request: ComputeRequest) -> PublishResult:
    """Write the report page, and the pages of the site that the exports of the date change."""
    exports = resources.exports
    status = exports.read(status_path(request.game_date))
    page = publish_page(resources.warehouse, exports, request.game_date, request.as_of, decode(status or b"{}"))
    site = publish_site(exports, request.game_date)
    return page.model_copy(update={"paths": (*page.paths, *site)})


def _publish_predictions(resources: Resources, request: ComputeRequest) -> PublishResult:
    """Write the best bets, the live files and the frames first: whoever reads new predictions finds theirs."""
    _publish_tables(publish_best_bets, resources, request)
    _publish_live(resources, request)
    _publish_frames(resources, request, FRAMES_OF_PREDICTIONS)
    return _publish_tables(publish_predictions, resources, request)


def _announce(resources: Resources, request: ComputeRequest) -> PublishResult:
    """Write exports without predictions, and the site, so that yesterday's are shown no longer."""
    _publish_tables(publish_exports_of_tonight, resources, request)
    published = _publish_predictions(resources, request)
    publish_site(resources.exports, request.game_date)
    return published


def _publish_results(resources: Resources, request: ComputeRequest) -> PublishResult:
    """Write the live files too: at the end they say what the results say, whoever followed the games."""
    _publish_live(resources, request)
    _publish_frames(resources, request, FRAMES_OF_RESULTS)
    return _publish_tables(publish_results, resources, request)


def _publish_live(resources: Resources, request: ComputeRequest) -> None:
    edition = Edition(request.game_date, request.as_of, resources.now())
    publish_live(resources.warehouse, resources.landing, resources.exports, edition)


def _publish_frames(resources: Resources, request: ComputeRequest, names: Sequence[str]) -> None:
    publish_frames(resources.warehouse, resources.exports, request.game_date, request.as_of, names)


_EXPORTERS: Mapping[str, Callable[[Resources, ComputeRequest], PublishResult]] = {
    "announcement": _announce,
    "predictions": _publish_predictions,
    "tonight": partial(_publish_tables, publish_exports_of_tonight),
    "results": _publish_results,
    "page": _publish_page,
    "summary": partial(_publish_tables, publish_summary),
    "players": partial(_publish_tables, publish_exports_of_players),
}
