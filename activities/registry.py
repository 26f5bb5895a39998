"""Which queue serves which activities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activities.collect import Collecting
from activities.compute import Computing
from activities.follow import Following
from activities.models import Modelling
from activities.plan import Planning, Recalling
from activities.process import Processing
from activities.publish import Publishing
from activities.resources import Resources
from activities.scenario import deliver_action
from workflows.contracts import Queue


def activities_of(queue: Queue, resources: Resources) -> list[Callable[..., Any]]:
    """The activities that a worker of a queue serves."""
    computing, publishing, modelling = Computing(resources), Publishing(resources), Modelling(resources)
    served: dict[Queue, list[Callable[..., Any]]] = {
        Queue.DAY: [Planning(resources).plan_day, deliver_action],
        Queue.FETCH: [Collecting(resources).collect],
        Queue.WAREHOUSE: [
            Processing(resources).process,
            Following(resources).follow,
            Recalling(resources).recorded_day,
            computing.transform,
            computing.build_features,
            computing.training_history,
            computing.store_predictions,
            computing.grade,
            publishing.export,
            publishing.publish_status,
        ],
        Queue.MODELS: [modelling.predict, modelling.train],
    }
    return served[queue]
