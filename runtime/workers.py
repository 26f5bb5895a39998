"""Workers: what each task queue serves, checked before anything is taken on."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Interceptor, Replayer, Worker, WorkerDeploymentConfig

from activities.registry import activities_of
from activities.resources import Resources
from runtime.connection import DATA_CONVERTER
from runtime.sandbox import WORKFLOW_RUNNER
from tipoff.errors import ConfigurationError
from tipoff.settings import Settings
from workflows.contracts import Queue
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.rate_limiter import AutoUpgradeRateLimiterWorkflow, RateLimiterWorkflow
from workflows.search_attributes import ALL
from workflows.training import TrainingWorkflow

WORKFLOWS = (DailyPipelineWorkflow, TrainingWorkflow, RateLimiterWorkflow)
OF_A_NAMED_BUILD = (DailyPipelineWorkflow, TrainingWorkflow, AutoUpgradeRateLimiterWorkflow)
"""A day stays on the build it began with; a domain goes on with the newest."""

GRACE = timedelta(seconds=20)
"""What runs at a stop may go on so long: longer than a heartbeat time-out, shorter than a container's grace."""

STICKY = timedelta(seconds=2)
"""A dead worker's runs wait this long before another takes them."""

THREADS = {Queue.DAY: 4, Queue.FETCH: 8, Queue.WAREHOUSE: 4, Queue.MODELS: 2}

LIBRARIES: Mapping[Queue, tuple[str, ...]] = {
    Queue.DAY: (),
    Queue.FETCH: ("pdfplumber",),
    Queue.WAREHOUSE: ("pdfplumber",),
    Queue.MODELS: ("catboost",),
}
"""What activities import only when they need it: a worker without it must not find that out in the middle of a day."""


def queues_named(names: Sequence[str]) -> tuple[Queue, ...]:
    """The queues of these names; all for none. Raises ConfigurationError for an unknown one."""
    unknown = sorted(set(names) - set(Queue))
    if unknown:
        raise ConfigurationError(f"no task queue {', '.join(unknown)}; there are {', '.join(Queue)}")
    return tuple(Queue(name) for name in names) or tuple(Queue)


def open_resources(settings: Settings, queues: Sequence[Queue]) -> Resources:
    """The stores these queues work with. Raises WarehouseLockedError, StorageError, ConfigurationError."""
    resources = Resources(settings, now=lambda: datetime.now(UTC).isoformat())
    if Queue.WAREHOUSE in queues:
        resources.warehouse.query("SELECT 1 AS one")
    return resources


def import_libraries(queues: Sequence[Queue]) -> None:
    """Load what the activities of these queues will import. Raises ImportError."""
    for library in sorted({library for queue in queues for library in LIBRARIES[queue]}):
        importlib.import_module(library)


async def build_workers(client: Client, resources: Resources, queues: Sequence[Queue]) -> list[Worker]:
    """A worker a queue, with the search attributes registered."""
    await register_search_attributes(client)
    return [_worker(client, resources, queue) for queue in queues]


def _worker(client: Client, resources: Resources, queue: Queue) -> Worker:
    return Worker(
        client,
        deployment_config=deployment(resources.settings.build_id),
        task_queue=queue,
        workflows=workflows_of(resources.settings.build_id) if queue is Queue.DAY else (),
        activities=activities_of(queue, resources),
        activity_executor=ThreadPoolExecutor(THREADS[queue], thread_name_prefix=queue),
        max_concurrent_activities=THREADS[queue],
        workflow_runner=WORKFLOW_RUNNER,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=STICKY,
        max_heartbeat_throttle_interval=timedelta(seconds=5),
        default_heartbeat_throttle_interval=timedelta(seconds=5),
    )


def workflows_of(build_id: str | None) -> Sequence[type]:
    """What a worker of a build decides for; None: builds have no names here."""
    return OF_A_NAMED_BUILD if build_id else WORKFLOWS


@asynccontextmanager
async def polling(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Workers at work; at the end all are told at once, so that none takes on more while another ends what it has."""
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        stack.push_async_callback(_shut_down, workers)
        yield


async def _shut_down(workers: Sequence[Worker]) -> None:
    await asyncio.gather(*(worker.shutdown() for worker in workers))


def replayer(interceptors: Sequence[Interceptor] = ()) -> Replayer:
    """Plays recorded histories to the workflows that workers run, offline: runs under way must go on after a change."""
    return Replayer(
        workflows=WORKFLOWS,
        data_converter=DATA_CONVERTER,
        workflow_runner=WORKFLOW_RUNNER,
        interceptors=interceptors,
    )


def deployment(build_id: str | None) -> WorkerDeploymentConfig:
    """Versioning by a named build; without one the SDK would hash every loaded module, which takes seconds."""
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name="tipoff", build_id=build_id or "unversioned"),
        use_worker_versioning=build_id is not None,
        default_versioning_behavior=VersioningBehavior.PINNED if build_id else VersioningBehavior.UNSPECIFIED,
    )


async def register_search_attributes(client: Client) -> None:
    """Add what is missing; a server that forbids it is left as it is (`starter.py doctor` prints the command)."""
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes={key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD for key in ALL},
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status not in {RPCStatusCode.ALREADY_EXISTS, RPCStatusCode.PERMISSION_DENIED}:
            raise ConfigurationError(f"the search attributes cannot be registered: {error.message}") from error
