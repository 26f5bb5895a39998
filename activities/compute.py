"""Computes in the warehouse: transforms, features, stored predictions, grades."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.labels import labels_of
from activities.resources import Resources
from tipoff.errors import TipoffError
from tipoff.grading.accuracy import grade_date
from tipoff.grading.balance import withhold_one_sided
from tipoff.training.history import seasons_up_to, training_history
from tipoff.vocabulary import ComputeReport, DataVersions, Grade, Span, first_day, step_names
from tipoff.warehouse.base import Warehouse, WriteResult
from tipoff.warehouse.check_rows import warning_alerts, warning_counts
from tipoff.warehouse.data_versions import count_change
from tipoff.warehouse.feature_store import build_features, stored_features
from tipoff.warehouse.job_labels import job_labels
from tipoff.warehouse.preflight import SYSTEMS, lacking_inputs
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.tables import TABLES
from workflows.contracts import (
    Activity,
    ComputeRequest,
    Predicted,
    StoreReports,
    StoreRequests,
    TrainingHistory,
    TrainingInput,
)

_RELEASE = "publish them with starter.py release-picks, or leave them as PASS"


class ComputeActivities:
    """Computes in the warehouse."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.TRANSFORM.value)
    @blocking_activity
    def transform(self, request: ComputeRequest) -> ComputeReport:
        """Run one SQL transform over its slice."""
        return run_transform(self._resources, request)

    @activity.defn(name=Activity.BUILD_FEATURES.value)
    @blocking_activity
    def build_features(self, request: ComputeRequest) -> ComputeReport:
        """Build the feature vectors of games and write the whole slate's as Parquet; or those of all games before."""
        return write_features(self._resources, request)

    @activity.defn(name=Activity.TRAINING_HISTORY.value)
    @blocking_activity
    def training_history(self, request: TrainingInput) -> TrainingHistory:
        """Write the feature rows and points of all games before a date as Parquet."""
        return write_training_history(self._resources, request)

    @activity.defn(name=Activity.STORE_PREDICTIONS.value)
    @blocking_activity
    def store_predictions(self, predicted: Predicted) -> ComputeReport:
        """Append the predictions of a system; stored predictions never change."""
        return _store(self._resources, predicted)

    @activity.defn(name=Activity.STORE_TOGETHER.value)
    @blocking_activity
    def store_predictions_together(self, requests: StoreRequests) -> StoreReports:
        """Append the predictions of several systems; a TipoffError of one concerns no other."""
        return StoreReports(reports=tuple(self._store_if_possible(each) for each in requests.requests))

    @activity.defn(name=Activity.GRADE.value)
    @blocking_activity
    def grade(self, request: ComputeRequest) -> ComputeReport:
        """Grade every active prediction; games that are not over are reported as missing."""
        return grade_predictions(self._resources, request)

    def _store_if_possible(self, predicted: Predicted) -> ComputeReport | None:
        try:
            return _store(self._resources, predicted)
        except TipoffError as error:
            activity.logger.info("%s is stored alone, since with others it failed: %s", predicted.system_id, error)
            return None


def _store(resources: Resources, predicted: Predicted) -> ComputeReport:
    rows = pl.read_parquet(resources.work_file(predicted.game_date, predicted.file))
    warehouse, date, system = resources.warehouse, predicted.game_date, predicted.system_id
    with job_labels(**labels_of(predicted)), warehouse.transaction():
        written = warehouse.append("predictions", rows)
        versions = count_change(warehouse, date, system, rows["game_id"].unique(), changed=written.changed)
        withheld = {} if rows.is_empty() else withhold_one_sided(warehouse, date, system, max(rows["as_of"]))
    one_sided = {f"one_sided:{view}": f"{reason}; check why, then {_RELEASE}" for view, reason in withheld.items()}
    alerts = predicted.alerts | one_sided | warning_alerts("predictions", written.warnings)
    counts = warning_counts("predictions", written.warnings)
    return ComputeReport(rows=rows.height, versions=versions, alerts=alerts, counts=counts, withheld=withheld)


def run_transform(resources: Resources, request: ComputeRequest) -> ComputeReport:
    """Run one SQL transform over its slice."""
    scope, warehouse = transform_scope(resources, request), resources.warehouse
    games = request.game_ids if request.span is Span.SLATE else ()
    lacking = lacking_inputs(warehouse, request.subject, request.game_date, games)
    with warehouse.transaction():
        written = warehouse.transform(request.subject, scope.parameters, scope.slice)
        versions = _versions(warehouse, request, written)
    return ComputeReport(
        rows=written.rows,
        changed_games=request.game_ids,
        versions=versions,
        lacking=lacking.text,
        missing_games=lacking.games,
        counts=warning_counts(request.subject, written.warnings),
        alerts=warning_alerts(request.subject, written.warnings),
    )


def _versions(warehouse: Warehouse, request: ComputeRequest, written: WriteResult) -> DataVersions:
    """The versions of a table. None are counted if its rows have their as-of time: any rows of a run are new ones."""
    if written.rows and "as_of" in TABLES[request.subject].column_names:
        return {}
    return count_change(warehouse, request.game_date, request.data, request.game_ids, changed=written.changed)


def transform_scope(resources: Resources, request: ComputeRequest) -> TransformScope:
    """The games of the slate, or all dates before it; a table without a game id covers the whole slate."""
    if request.span is Span.HISTORY:
        first = first_day(seasons_up_to(request.game_date, resources.settings.history_seasons)[0])
        return TransformScope(first_date=first, last_date=request.game_date - timedelta(days=1), as_of=request.as_of)
    games = request.game_ids if "game_id" in TABLES[request.subject].column_names else ()
    return TransformScope(
        first_date=request.game_date, last_date=request.game_date, game_ids=games, as_of=request.as_of
    )


def write_features(resources: Resources, request: ComputeRequest) -> ComputeReport:
    """Build the feature vectors of games and write the whole slate's as Parquet; or those of all games before."""
    if request.span is Span.HISTORY:
        training = TrainingInput(before=request.game_date, as_of=request.as_of)
        history = write_training_history(resources, training)
        return ComputeReport(rows=history.rows, changed_games=request.game_ids, reference=history.file)
    date, warehouse = request.game_date, resources.warehouse
    lacking = lacking_inputs(warehouse, step_names.FEATURES, date, request.game_ids)
    built = build_features(warehouse, date, date, request.game_ids, request.as_of)
    name = f"features-{request.as_of:%Y%m%dT%H%M%S%f}.parquet"
    rows = stored_features(warehouse, date)
    rows.write_parquet(resources.work_file(date, name))
    # The systems read this file and no warehouse.
    lacking = lacking.and_also(lacking_inputs(warehouse, SYSTEMS, date, request.game_ids))
    return ComputeReport(
        rows=built.rows,
        changed_games=request.game_ids,
        reference=name,
        lacking=lacking.text,
        missing_games=lacking.games,
        counts=warning_counts(step_names.FEATURES, built.warnings),
        alerts=warning_alerts(step_names.FEATURES, built.warnings),
    )


def write_training_history(resources: Resources, request: TrainingInput) -> TrainingHistory:
    """Write the feature rows and points of all games before a date as Parquet."""
    seasons = seasons_up_to(request.before, resources.settings.history_seasons)
    history = training_history(resources.warehouse, seasons, request.before, request.as_of)
    name = "history.parquet"
    history.write_parquet(resources.work_file(request.before, name))
    return TrainingHistory(file=name, rows=history.height)


def grade_predictions(resources: Resources, request: ComputeRequest) -> ComputeReport:
    """Grade every active prediction; games that are not over are reported as missing."""
    graded = grade_date(resources.warehouse, request.game_date, request.as_of, request.postponed)
    over = [game for game in request.game_ids if game not in {*graded.pending, *graded.unfinished}]
    lacking = lacking_inputs(resources.warehouse, step_names.GRADE, request.game_date, over)
    pending = "; ".join(f"{game_id}: {why}" for game_id, why in sorted(graded.pending.items()))
    return ComputeReport(
        rows=graded.written.rows,
        changed_games=request.game_ids,
        reason=f"not graded yet: {pending}" if pending else "",
        lacking=lacking.text,
        missing_games=tuple(sorted({*graded.pending, *lacking.games})),
        unfinished_games=graded.unfinished,
        predictions=graded.predictions,
        counts={
            "predictions": graded.predictions,
            **{f"graded:{grade}": graded.outcomes.get(grade, 0) for grade in Grade},
            **warning_counts("prediction_accuracy", graded.written.warnings),
        },
        alerts=warning_alerts("prediction_accuracy", graded.written.warnings),
    )
