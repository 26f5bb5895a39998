"""The Temporal server as commands use it: short timeouts, and one-line errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from runtime.connection import NoServerError, connect
from runtime.replay_session import NoReplayError
from tipoff.vocabulary import Frozen
from workflows.contracts import Queue

CONNECT_TIMEOUT_SECONDS = 1.2
SERVER_TIMEOUT = timedelta(seconds=1)
WORKER_TIMEOUT = timedelta(seconds=0.7)
"""Short, so that a command still ends within two seconds if no worker answers."""

POLL_PERIOD = timedelta(seconds=70)
"""An idle worker polls its queue at least this often."""

PAUSED = "paused in the Temporal UI; unpause it there"

_UNAVAILABLE = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})
_DENIED = frozenset({RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED})


class QueueStatus(Frozen):
    """A task queue and when a worker last polled it."""

    queue: Queue
    kind: str
    """workflows or activities."""
    last_polled: datetime | None
    """None: not in the last minutes."""

    def is_served(self, now: datetime) -> bool:
        """Whether a worker polls the queue; a worker killed within the last minute still counts."""
        return self.last_polled is not None and now - self.last_polled < POLL_PERIOD


_KINDS = {
    "workflows": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
DAY_WORKFLOWS = (Queue.DAY, "workflows")
ALL_QUEUES = (DAY_WORKFLOWS, *((queue, "activities") for queue in Queue))
"""The queues that workers must serve for a day to run."""


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Client]:
    """A client of the target's server; the server's errors inside the block become CommandErrors.

    Raises CommandError UNREACHABLE.
    """
    client = await _connect(target)
    try:
        yield client
    except RPCError as error:
        raise _as_command_error(error, client) from error
    except ValueError as error:
        if "is not a valid WorkflowExecutionStatus" not in str(error):
            raise
        # The SDK does not know the state of a run that was paused in a newer UI.
        raise CommandError(ExitCode.REFUSED, f"a run that this command needs is {PAUSED}") from error


async def _connect(target: Target) -> Client:
    try:
        return await connect(to=target.server, within_seconds=CONNECT_TIMEOUT_SECONDS)
    except NoReplayError as error:
        raise CommandError(ExitCode.UNREACHABLE, str(error)) from error
    except NoServerError as error:
        raise CommandError(ExitCode.UNREACHABLE, _no_server_text(target, error)) from error


def _no_server_text(target: Target, error: NoServerError) -> str:
    if target.session is None:
        return str(error)
    return (
        f"the replay in {target.replay} (process {target.session.pid}) no longer answers at {target.session.address}: "
        f"start it again with `make demo KEEP=1 OUT={target.replay}`"
    )


def _as_command_error(error: RPCError, client: Client) -> Exception:
    """A CommandError if the operator can do something about the error; else the error itself."""
    server = f"the Temporal server at {client.service_client.config.target_host}"
    if error.status in _UNAVAILABLE:
        return CommandError(ExitCode.UNREACHABLE, f"{server} stopped answering ({error.message}); try again")
    if error.status in _DENIED:
        return CommandError(ExitCode.UNREACHABLE, f"{server} refuses this client: {error.message}")
    if is_namespace_missing(error):
        return CommandError(
            ExitCode.UNREACHABLE, f"{server} has no namespace {client.namespace!r}; check TEMPORAL_NAMESPACE"
        )
    if "search attribute" in error.message:
        return CommandError(
            ExitCode.FAILED, f"{server}: {error.message}; a worker adds it when it starts, or see `starter.py doctor`"
        )
    return error


def is_namespace_missing(error: RPCError) -> bool:
    """Whether the namespace was not found, rather than the run."""
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)


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


async def has_day_worker(client: Client) -> bool:
    """Whether a worker runs that executes day workflows."""
    (day_queue,) = await queue_statuses(client, (DAY_WORKFLOWS,))
    return day_queue.is_served(datetime.now(UTC))
