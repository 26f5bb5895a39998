"""The activities of each task queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activities.alerts import AlertActivities, MorningCheckActivities
from activities.backfill import BackfillActivities
from activities.collect import CollectActivities
from activities.compute import ComputeActivities
from activities.follow import FollowActivities
from activities.in_turn import InTurnActivities
from activities.models import ModelActivities
from activities.plan import PlanActivities
from activities.process import ProcessActivities
from activities.publish import PublishActivities
from activities.recorded_day import RecordedDayActivities
from activities.resources import Resources
from activities.retention import RetentionActivities
from activities.scenario import deliver_action
from activities.validation import ValidationActivities
from activities.watchdog import WatchdogActivities
from activities.worker_settings import WorkerSettingsActivities
from workflows.contracts import Queue


def activities_of(queue: Queue, resources: Resources) -> list[Callable[..., Any]]:
    """The activities that a worker of a queue serves."""
    compute, publish, models = ComputeActivities(resources), PublishActivities(resources), ModelActivities(resources)
    collect, process = CollectActivities(resources), ProcessActivities(resources)
    watchdog, validation = WatchdogActivities(resources), ValidationActivities(resources)
    backfill = BackfillActivities(resources)
    activities: dict[Queue, list[Callable[..., Any]]] = {
        Queue.DAY: [
            PlanActivities(resources).plan_day,
            deliver_action,
            AlertActivities(resources).deliver_alerts,
            watchdog.observe,
            watchdog.report_pass,
        ],
        Queue.FETCH: [
            collect.collect,
            collect.collect_together,
            WorkerSettingsActivities(resources).describe_settings,
        ],
        Queue.WAREHOUSE: [
            process.process,
            process.process_together,
            FollowActivities(resources).follow,
            RecordedDayActivities(resources).recorded_day,
            RetentionActivities(resources).remove_expired,
            backfill.plan_backfill,
            backfill.publish_backfill,
            compute.transform,
            compute.build_features,
            compute.training_history,
            compute.store_predictions,
            compute.store_predictions_together,
            compute.grade,
            publish.export,
            InTurnActivities(resources).compute_in_turn,
            publish.publish_status,
            publish.log_run,
            MorningCheckActivities(resources).morning_check,
            validation.validate,
            validation.service_levels,
        ],
        Queue.MODELS: [models.predict, models.predict_together, models.training_due, models.train],
    }
    return activities[queue]
