"""The Temporal server as a command sees it: reached in time or not at all, its refusals told in a line."""

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

from cli.exit_codes import CommandError, Exit
from cli.target import Target
from runtime.connection import NoServerError, connect
from runtime.replay_session import NoReplayError
from tipoff.vocabulary import Frozen
from workflows.contracts import Queue

CONNECT_SECONDS = 1.2
PATIENCE = timedelta(seconds=1)
"""What the server is given for an answer."""

WORKER_PATIENCE = timedelta(seconds=0.7)
"""What a worker is given for an answer, so that a command without one still answers in two seconds."""

POLL_LASTS = timedelta(seconds=70)
"""A worker that has nothing to do asks for work once a minute."""

_SILENT = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})
_CLOSED = frozenset({RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED})


class Polled(Frozen):
    """A task queue and when a worker last asked it for work; None: not in the last minutes."""

    queue: Queue
    kind: str
    last_asked: datetime | None

    def is_served(self, now: datetime) -> bool:
        """Whether a worker is there; one killed within the last minute still seems to be."""
        return self.last_asked is not None and now - self.last_asked < POLL_LASTS


_KINDS = {
    "workflows": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}
RUNS_DAYS = (Queue.DAY, "workflows")
SERVED = (RUNS_DAYS, *((queue, "activities") for queue in Queue))
"""What workers together have to serve."""


@asynccontextmanager
async def reached(target: Target) -> AsyncIterator[Client]:
    """A client of the server; what the server refuses or leaves unanswered inside ends the command with a line.

    Raises CommandError UNREACHABLE.
    """
    client = await _client(target)
    try:
        yield client
    except RPCError as error:
        raise _told(error, client) from error


async def _client(target: Target) -> Client:
    try:
        return await connect(to=target.server, within_seconds=CONNECT_SECONDS)
    except NoReplayError as error:
        raise CommandError(Exit.UNREACHABLE, str(error)) from error
    except NoServerError as error:
        raise CommandError(Exit.UNREACHABLE, _where(target, error)) from error


def _where(target: Target, error: NoServerError) -> str:
    if target.session is None:
        return str(error)
    return (
        f"the replay in {target.replay} (process {target.session.pid}) no longer answers at {target.session.address}: "
        f"start it again with `make demo KEEP=1 OUT={target.replay}`"
    )


def _told(error: RPCError, client: Client) -> Exception:
    """The error as a line, where it is one that a person can do something about."""
    where = f"the Temporal server at {client.service_client.config.target_host}"
    if error.status in _SILENT:
        return CommandError(Exit.UNREACHABLE, f"{where} stopped answering ({error.message}); try again")
    if error.status in _CLOSED:
        return CommandError(Exit.UNREACHABLE, f"{where} refuses this client: {error.message}")
    if is_namespace_missing(error):
        return CommandError(
            Exit.UNREACHABLE, f"{where} has no namespace {client.namespace!r}; look at TEMPORAL_NAMESPACE"
        )
    if "search attribute" in error.message:
        return CommandError(
            Exit.NOT_WELL, f"{where}: {error.message}; a worker adds it as it starts, or see `starter.py doctor`"
        )
    return error


def is_namespace_missing(error: RPCError) -> bool:
    """Whether not the run but the whole namespace was not found."""
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)


async def polled(client: Client, wanted: Sequence[tuple[Queue, str]] = SERVED) -> tuple[Polled, ...]:
    """When each queue was last asked for work."""
    return tuple(await asyncio.gather(*(_polled(client, queue, kind) for queue, kind in wanted)))


async def _polled(client: Client, queue: Queue, kind: str) -> Polled:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=_KINDS[kind]
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=PATIENCE)
    asked = [poller.last_access_time.ToDatetime(UTC) for poller in answer.pollers]
    return Polled(queue=queue, kind=kind, last_asked=max(asked, default=None))


async def has_day_worker(client: Client) -> bool:
    """Whether a worker is there that walks days."""
    (days,) = await polled(client, (RUNS_DAYS,))
    return days.is_served(datetime.now(UTC))
