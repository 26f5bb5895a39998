"""What the Temporal server knows without any worker: runs, and when workers polled their queues.

The SDK's own descriptions of runs fail on a run that was paused in a newer Temporal UI, so they are read here from the
server's responses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import TaskQueueType, WorkflowExecutionStatus
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkflowExecutionRequest,
    ListWorkersRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes
from temporalio.converter import decode_typed_search_attributes
from temporalio.service import RPCError, RPCStatusCode

from tipoff.vocabulary import Frozen
from workflows.contracts import Queue, day_workflow_id

SERVER_TIMEOUT = timedelta(seconds=1)
POLL_PERIOD = timedelta(seconds=70)
"""An idle worker polls its queue at least this often."""
LOST_AFTER = timedelta(seconds=35)
"""A worker without a heartbeat for so long counts as lost; `runtime.connection` sets how often it sends one."""

OPEN_EXECUTIONS = frozenset({"RUNNING", "PAUSED"})
SELF_REPORTED_EXECUTIONS = frozenset({"RUNNING", "COMPLETED"})
"""In these the run's own state says more than the server's; any other is itself the state of the day."""


@dataclass(frozen=True)
class DescribedRun:
    """A run of a workflow."""

    workflow_id: str
    run_id: str
    execution: str
    """RUNNING, PAUSED, COMPLETED, FAILED, CANCELED, TERMINATED or TIMED_OUT."""
    started_at: datetime
    ended_at: datetime | None
    attributes: TypedSearchAttributes
    memo: Mapping[str, Any]
    pending_activities: Sequence[PendingActivityInfo] = ()
    """Only of a single described run, not of a listed one."""
    workflow_task_attempt: int = 0
    workflow_task_since: datetime | None = None
    """When the pending workflow task was first scheduled."""
    workflow: str = ""
    """Its type."""
    events: int = 0
    """Length of its history."""

    @property
    def is_open(self) -> bool:
        return self.execution in OPEN_EXECUTIONS

    @property
    def is_paused(self) -> bool:
        return self.execution == "PAUSED"


async def describe_run(client: Client, game_date: date) -> DescribedRun | None:
    """The date's last run; None if the server has none. Raises RPCError."""
    return await describe_workflow(client, day_workflow_id(game_date))


async def describe_workflow(client: Client, workflow_id: str) -> DescribedRun | None:
    """The last run of a workflow id; None if the server has none. Raises RPCError."""
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    try:
        described = await client.workflow_service.describe_workflow_execution(request, timeout=SERVER_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        return None
    return await _described_run(
        client,
        described.workflow_execution_info,
        pending_activities=tuple(described.pending_activities),
        pending_task=described.pending_workflow_task if described.HasField("pending_workflow_task") else None,
    )


async def list_runs(client: Client, query: str) -> AsyncIterator[DescribedRun]:
    """The runs that a visibility query finds, newest first. Raises RPCError."""
    page_token = b""
    while True:
        request = ListWorkflowExecutionsRequest(namespace=client.namespace, query=query, next_page_token=page_token)
        page = await client.workflow_service.list_workflow_executions(request, timeout=SERVER_TIMEOUT)
        for info in page.executions:
            yield await _described_run(client, info)
        page_token = page.next_page_token
        if not page_token:
            return


async def _described_run(
    client: Client,
    info: WorkflowExecutionInfo,
    pending_activities: Sequence[PendingActivityInfo] = (),
    pending_task: PendingWorkflowTaskInfo | None = None,
) -> DescribedRun:
    decode = client.data_converter.decode
    return DescribedRun(
        workflow_id=info.execution.workflow_id,
        run_id=info.execution.run_id,
        execution=WorkflowExecutionStatus.Name(info.status).removeprefix("WORKFLOW_EXECUTION_STATUS_"),
        started_at=info.start_time.ToDatetime(UTC),
        ended_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
        attributes=decode_typed_search_attributes(info.search_attributes),
        memo={key: (await decode([payload]))[0] for key, payload in info.memo.fields.items()},
        pending_activities=pending_activities,
        workflow=info.type.name,
        events=info.history_length,
        workflow_task_attempt=pending_task.attempt if pending_task else 0,
        workflow_task_since=pending_task.original_scheduled_time.ToDatetime(UTC) if pending_task else None,
    )


def is_namespace_missing(error: RPCError) -> bool:
    """Whether the namespace was not found, rather than the run."""
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)


class QueueStatus(Frozen):
    """A task queue and when a worker last polled it."""

    queue: Queue
    kind: str
    """workflows or activities."""
    last_polled: datetime | None
    """None: not in the last minutes."""

    def is_served(self, now: datetime, after_poll: timedelta = POLL_PERIOD) -> bool:
        """Whether a worker polls the queue; a worker killed within the last minute still counts."""
        return self.last_polled is not None and now - self.last_polled < after_poll


_KINDS = {
    "workflows": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
DAY_WORKFLOWS = (Queue.DAY, "workflows")
ALL_QUEUES = (DAY_WORKFLOWS, *((queue, "activities") for queue in Queue))
"""The queues that workers must serve for a day to run."""


async def queue_statuses(client: Client, queues: Sequence[tuple[Queue, str]] = ALL_QUEUES) -> tuple[QueueStatus, ...]:
    """When a worker last polled each queue."""
    return tuple(await asyncio.gather(*(_queue_status(client, queue, kind) for queue, kind in queues)))


async def _queue_status(client: Client, queue: Queue, kind: str) -> QueueStatus:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=_KINDS[kind]
    )
    response = await client.workflow_service.describe_task_queue(request, timeout=SERVER_TIMEOUT)
    polls = [poller.last_access_time.ToDatetime(UTC) for poller in response.pollers]
    return QueueStatus(queue=queue, kind=kind, last_polled=max(polls, default=None))


@dataclass(frozen=True)
class ListedWorker:
    """A worker of one queue, by its own heartbeats."""

    queue: str
    host: str
    process: str
    started_at: datetime
    last_heartbeat: datetime

    def is_alive(self, now: datetime) -> bool:
        """Whether it sent a heartbeat of late."""
        return now - self.last_heartbeat < LOST_AFTER


async def listed_workers(client: Client) -> tuple[ListedWorker, ...] | None:
    """The workers whose heartbeats the server has; None if it keeps none, as before 1.32 by default."""
    request = ListWorkersRequest(namespace=client.namespace, page_size=1000)
    try:
        response = await client.workflow_service.list_workers(request, timeout=SERVER_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.UNIMPLEMENTED:
            return None
        raise
    heartbeats = (each.worker_heartbeat for each in response.workers_info)
    return tuple(
        ListedWorker(
            queue=each.task_queue,
            host=each.host_info.host_name,
            process=each.host_info.process_id,
            started_at=each.start_time.ToDatetime(UTC),
            last_heartbeat=each.heartbeat_time.ToDatetime(UTC),
        )
        for each in heartbeats
    )
