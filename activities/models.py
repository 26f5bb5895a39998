"""Predicts and trains on a queue of its own, since it is CPU-heavy: Parquet in, Parquet out, no warehouse.

Models run in child processes: what kills one of them is an error of one activity.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from temporalio import activity
from temporalio.client import Client

from activities.heartbeats import blocking_activity, heartbeating
from activities.resources import Resources
from tipoff.errors import BadInputError, ConfigurationError, DamagedModelError, NotEnoughDataError, TipoffError
from tipoff.systems.registry import SYSTEMS, build_system
from tipoff.training.due import has_new_games, untrained_systems, why_due
from tipoff.training.fit import Training
from tipoff.training.train_process import train_in_child
from workflows.contracts import (
    Activity,
    ComputeRequest,
    Predicted,
    PredictReports,
    PredictRequests,
    TrainedSystem,
    TrainingDue,
    TrainingInput,
    TrainingResult,
    TrainRequest,
)


class ModelActivities:
    """Predicts and trains."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PREDICT.value)
    @blocking_activity
    def predict(self, request: ComputeRequest) -> Predicted:
        """Predict with one system from the file of the features step."""
        return _predict(self._resources, request)

    @activity.defn(name=Activity.PREDICT_TOGETHER.value)
    @blocking_activity
    def predict_together(self, requests: PredictRequests) -> PredictReports:
        """Predict with several systems; a TipoffError of one concerns no other."""
        return PredictReports(reports=tuple(self._predict_if_possible(each) for each in requests.requests))

    @activity.defn(name=Activity.TRAINING_DUE.value)
    async def training_due(self, request: TrainingInput) -> TrainingDue:
        """Whether systems need training, and no other training runs."""
        async with heartbeating():
            if other := await _other_training(activity.client()):
                return TrainingDue(due=False, reason=f"{other} is running")
            return await asyncio.to_thread(self._due, request)

    @activity.defn(name=Activity.TRAIN.value)
    @blocking_activity
    def train(self, request: TrainRequest) -> TrainingResult:
        """Fit systems on the games before a date and promote the models; or keep the ones there are."""
        unknown = sorted({*request.system_ids} - {*SYSTEMS})
        if unknown:
            raise BadInputError(f"{', '.join(unknown)}: no such system; see docs/adding-a-system.md")
        system_ids = request.system_ids or tuple(SYSTEMS)
        history = self._resources.work_file(request.before, request.history_file)
        champions = self._champions(system_ids, request)
        if request.predicts_from and champions and not has_new_games(self._resources.models, system_ids, history):
            return TrainingResult(systems=(), skipped="no game was played since the newest models were trained")
        kept = champions if request.only_if_missing else ()
        models = self._resources.settings.models
        trainings = kept or train_in_child(
            history, request.before, request.as_of, models, system_ids, request.predicts_from
        )
        return TrainingResult(systems=tuple(map(_trained_system, trainings)))

    def _predict_if_possible(self, request: ComputeRequest) -> Predicted | None:
        try:
            return _predict(self._resources, request)
        except TipoffError as error:
            activity.logger.info("%s predicts alone, since with others it failed: %s", request.subject, error)
            return None

    def _due(self, request: TrainingInput) -> TrainingDue:
        """A replay without models shall predict without: whoever wants models trains before its day."""
        system_ids, models = request.system_ids or tuple(SYSTEMS), self._resources.models
        if self._resources.settings.upstream and untrained_systems(models, system_ids):
            return TrainingDue(due=False, reason="this replay was not trained before its day")
        reason = why_due(models, system_ids, request.before)
        return TrainingDue(due=bool(reason), reason=reason or "each system has a model of the last week")

    def _champions(self, system_ids: Sequence[str], request: TrainRequest) -> tuple[Training, ...]:
        """The models that predict the date, if each system has one: undamaged, and trained on today's features."""
        models = self._resources.models
        try:
            for system_id in system_ids:
                build_system(system_id, models, request.before)
            champions = [models.champion(system_id, request.before) for system_id in system_ids]
        except (NotEnoughDataError, DamagedModelError, ConfigurationError):
            return ()
        return tuple(Training(card=champion.card) for champion in champions)


async def _other_training(client: Client) -> str:
    """The id of another training that is running; empty if there is none."""
    running = client.list_workflows("WorkflowType = 'TrainingWorkflow' AND ExecutionStatus = 'Running'")
    return min([run.id async for run in running if run.id != activity.info().workflow_id], default="")


def _predict(resources: Resources, request: ComputeRequest) -> Predicted:
    date = request.game_date
    out = f"{request.subject}-{request.as_of:%Y%m%dT%H%M%S%f}.parquet"
    predicted = resources.predictor.predict(
        request.subject,
        resources.work_file(date, request.reference),
        resources.work_file(date, "history.parquet"),
        request.as_of,
        resources.work_file(date, out),
        request.game_ids,
        backfilled=request.backfilled,
    )
    alerts = {"damaged_model": "; ".join(predicted.damage)} if predicted.damage else {}
    return Predicted(system_id=request.subject, file=out, rows=predicted.rows, game_date=date, alerts=alerts)


def _trained_system(training: Training) -> TrainedSystem:
    card = training.card
    return TrainedSystem(
        system_id=card.system_id,
        model_version=card.version,
        rows=card.rows,
        mae=card.walk_forward.mae,
        last10_mae=card.walk_forward.last10_mae,
        rejection=training.rejection,
    )
