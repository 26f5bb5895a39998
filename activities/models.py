"""Predicts and trains on a queue of its own, since it is CPU-heavy: Parquet in, Parquet out, no warehouse."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeats import blocking_activity
from activities.resources import Resources
from tipoff.errors import BadInputError, ConfigurationError, DamagedModelError, NotEnoughDataError
from tipoff.systems.model_store import ModelCard
from tipoff.systems.predict import predict_files
from tipoff.systems.registry import SYSTEMS, build_system
from tipoff.training.train_process import train_in_child
from workflows.contracts import Activity, ComputeRequest, Predicted, TrainingResult, TrainRequest


class ModelActivities:
    """Predicts and trains."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.PREDICT.value)
    @blocking_activity
    def predict(self, request: ComputeRequest) -> Predicted:
        """Predict with one system from the file of the features step."""
        resources, date = self._resources, request.game_date
        out = f"{request.subject}-{request.as_of:%Y%m%dT%H%M%S%f}.parquet"
        predicted = predict_files(
            request.subject,
            resources.work_file(date, request.reference),
            resources.work_file(date, "history.parquet"),
            resources.models,
            request.as_of,
            resources.work_file(date, out),
            request.game_ids,
            backfilled=request.backfilled,
        )
        alerts = {"damaged_model": "; ".join(predicted.damage)} if predicted.damage else {}
        return Predicted(system_id=request.subject, file=out, rows=predicted.rows, game_date=date, alerts=alerts)

    @activity.defn(name=Activity.TRAIN.value)
    @blocking_activity
    def train(self, request: TrainRequest) -> TrainingResult:
        """Fit a system on the games before a date and make the model the champion; or keep the one there is."""
        if not (request.system_id in SYSTEMS and SYSTEMS[request.system_id].trained):
            raise BadInputError(f"{request.system_id} is not a trainable system; see docs/adding-a-system.md")
        history = self._resources.work_file(request.before, request.history_file)
        kept = self._champion(request) if request.only_if_missing else None
        models = self._resources.settings.models
        card = kept or train_in_child(history, request.before, request.as_of, models)
        return TrainingResult(
            system_id=card.system_id,
            model_version=card.version,
            rows=card.rows,
            mae=card.walk_forward.mae,
            last10_mae=card.walk_forward.last10_mae,
        )

    def _champion(self, request: TrainRequest) -> ModelCard | None:
        """The model that predicts the date, if there is one: undamaged, and trained on today's features."""
        models = self._resources.models
        try:
            build_system(request.system_id, models, request.before)
        except (ConfigurationError, NotEnoughDataError, DamagedModelError):
            return None
        return models.champion(request.system_id, request.before).card
