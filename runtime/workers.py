"""Builds the workers of each task queue and checks beforehand that they can do their work."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Interceptor, Replayer, Worker, WorkerDeploymentConfig

from activities.registry import activities_of
from activities.resources import Resources
from runtime.connection import DATA_CONVERTER
from runtime.deployments import DEPLOYMENT
from runtime.interceptors import WorkerInterceptor
from runtime.sandbox import WORKFLOW_RUNNER
from tipoff.errors import ConfigurationError
from tipoff.settings import Settings
from tipoff.vocabulary import did_you_mean
from tipoff.warehouse.generated_sql import READY
from workflows.backfill import BackfillPlanWorkflow, BackfillWorkflow
from workflows.contracts import Queue
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.launcher import LauncherWorkflow
from workflows.live_scoring import LiveScoringWorkflow
from workflows.morning_check import MorningCheckWorkflow
from workflows.rate_limiter import AutoUpgradeRateLimiterWorkflow, RateLimiterWorkflow
from workflows.retention import RetentionWorkflow
from workflows.search_attributes import ALL
from workflows.training import TrainingWorkflow
from workflows.validation import ServiceLevelsWorkflow, ValidationWorkflow
from workflows.watchdog import AutoUpgradeWatchdogWorkflow, WatchdogWorkflow
from workflows.worker_settings import WorkerSettingsWorkflow

_OF_ONE_BUILD = (
    DailyPipelineWorkflow,
    LiveScoringWorkflow,
    TrainingWorkflow,
    WorkerSettingsWorkflow,
    ValidationWorkflow,
    ServiceLevelsWorkflow,
    LauncherWorkflow,
    MorningCheckWorkflow,
    RetentionWorkflow,
    BackfillWorkflow,
    BackfillPlanWorkflow,
)
WORKFLOWS = (*_OF_ONE_BUILD, RateLimiterWorkflow, WatchdogWorkflow)
VERSIONED_WORKFLOWS = (*_OF_ONE_BUILD, AutoUpgradeRateLimiterWorkflow, AutoUpgradeWatchdogWorkflow)
"""A day stays on the build that it started with; rate limiters and the watchdog move to the newest build."""

GRACE = timedelta(seconds=20)
"""How long running activities may continue after a stop: longer than a heartbeat timeout, shorter than a container's
grace period."""

STICKY = timedelta(seconds=1)
"""How long a decision waits for the worker that has the run in memory before another one replays the run."""

HEARTBEAT_THROTTLE = timedelta(seconds=0.4)
"""Activities choose the interval of their heartbeats; the SDK would send the next one after 80 % of the timeout."""

THREADS = {Queue.DAY: 4, Queue.FETCH: 8, Queue.WAREHOUSE: 4, Queue.MODELS: 2}

LIBRARIES: Mapping[Queue, tuple[str, ...]] = {
    Queue.DAY: (),
    Queue.FETCH: ("pdfplumber",),
    Queue.WAREHOUSE: ("pdfplumber",),
    Queue.MODELS: ("catboost", "xgboost"),
}
"""Libraries that activities import only when needed, since importing them takes as long as all else at the start."""


def queues_named(names: Sequence[str]) -> tuple[Queue, ...]:
    """The queues with these names; all queues if there are no names. Raises ConfigurationError for an unknown name."""
    unknown = sorted(set(names) - set(Queue))
    if unknown:
        known = f"{', '.join(Queue)}{did_you_mean(unknown[0], Queue)}"
        raise ConfigurationError(f"there is no task queue {', '.join(unknown)}; the queues are {known}")
    return tuple(Queue(name) for name in names) or tuple(Queue)


def open_resources(settings: Settings, queues: Sequence[Queue]) -> Resources:
    """Open the stores of these queues. Raises WarehouseLockedError, StorageError, ConfigurationError."""
    resources = Resources(settings, now=lambda: datetime.now(UTC))
    if Queue.WAREHOUSE in queues:
        resources.warehouse.query(READY)
    return resources


def require_libraries(queues: Sequence[Queue]) -> None:
    """Raises ImportError if a library that the activities of these queues will need is not installed."""
    for library in _libraries_of(queues):
        if importlib.util.find_spec(library) is None:
            raise ModuleNotFoundError(f"No module named {library!r}", name=library)


def import_libraries(queues: Sequence[Queue]) -> None:
    """Import what the activities of these queues will need, so that none notices in the middle of a day that it fails.

    What only their child processes need is imported in one of these. Raises ImportError.
    """
    for library in _libraries_of(queues):
        if library in LIBRARIES[Queue.MODELS]:
            _import_in_child(library)
        else:
            importlib.import_module(library)


def _import_in_child(library: str) -> None:
    child = subprocess.run([sys.executable, "-c", f"import {library}"], capture_output=True, text=True)
    if child.returncode:
        reason = child.stderr.strip().rpartition("\n")[2] or f"importing it ends with exit code {child.returncode}"
        raise ImportError(f"{library}: {reason}", name=library)


def _libraries_of(queues: Sequence[Queue]) -> list[str]:
    return sorted({library for queue in queues for library in LIBRARIES[queue]})


async def build_workers(client: Client, resources: Resources, queues: Sequence[Queue]) -> list[Worker]:
    """One worker for each queue; registers the search attributes first."""
    await register_search_attributes(client)
    return [_worker(client, resources, queue) for queue in queues]


def _worker(client: Client, resources: Resources, queue: Queue) -> Worker:
    return Worker(
        client,
        deployment_config=deployment(resources.settings.build_id if queue is Queue.DAY else None),
        task_queue=queue,
        workflows=workflows_of(resources.settings.build_id) if queue is Queue.DAY else (),
        activities=activities_of(queue, resources),
        activity_executor=ThreadPoolExecutor(THREADS[queue], thread_name_prefix=queue),
        max_concurrent_activities=THREADS[queue],
        workflow_runner=WORKFLOW_RUNNER,
        interceptors=[WorkerInterceptor()],
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKY,
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
        default_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
    )


def workflows_of(build_id: str | None) -> Sequence[type]:
    """The workflows of a worker with this build id; None: without versioning."""
    return VERSIONED_WORKFLOWS if build_id else WORKFLOWS


@asynccontextmanager
async def running(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Run the workers; at the end all stop at once, so that none accepts work while another finishes its own."""
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        stack.push_async_callback(_shut_down, workers)
        yield


async def _shut_down(workers: Sequence[Worker]) -> None:
    await asyncio.gather(*(worker.shutdown() for worker in workers))


def replayer(interceptors: Sequence[Interceptor] = ()) -> Replayer:
    """Replays recorded histories offline against the current workflows, to check that running days can continue."""
    return Replayer(
        workflows=WORKFLOWS,
        data_converter=DATA_CONVERTER,
        workflow_runner=WORKFLOW_RUNNER,
        interceptors=interceptors,
        debug_mode=True,  # a history is replayed in a few long activations, which are no deadlock
    )


def deployment(build_id: str | None) -> WorkerDeploymentConfig:
    """Versioning of workflow code by build id; without an explicit one the SDK would hash every loaded module.

    Activities have no version: only one process can have a DuckDB file open, so the newest worker runs them for all.
    """
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id or "unversioned"),
        use_worker_versioning=build_id is not None,
        default_versioning_behavior=VersioningBehavior.PINNED if build_id else VersioningBehavior.UNSPECIFIED,
    )


async def register_search_attributes(client: Client) -> None:
    """Add the missing attributes; if the server forbids it, `starter.py doctor` prints the command to run."""
    try:
        listed = ListSearchAttributesRequest(namespace=client.namespace)
        known = (await client.operator_service.list_search_attributes(listed)).custom_attributes
        missing = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in ALL if key.name not in known}
        if missing:
            request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status not in {RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.PERMISSION_DENIED}:
            raise ConfigurationError(f"cannot register the search attributes: {error.message}") from error
