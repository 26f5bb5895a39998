"""The Temporal server as commands use it: short timeouts, and one-line errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.server_state import DAY_WORKFLOWS, is_namespace_missing, queue_statuses
from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from runtime.connection import NoServerError, connect
from runtime.replay_session import NoReplayError

CONNECT_TIMEOUT_SECONDS = 1.2
WORKER_TIMEOUT = timedelta(seconds=0.7)
"""Short, so that a command still ends within two seconds if no worker answers."""

PAUSED = "paused in the Temporal UI; unpause it there"

_UNAVAILABLE = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED})
_DENIED = frozenset({RPCStatusCode.UNAUTHENTICATED, RPCStatusCode.PERMISSION_DENIED})


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


async def has_day_worker(client: Client) -> bool:
    """Whether a worker runs that executes day workflows."""
    (day_queue,) = await queue_statuses(client, (DAY_WORKFLOWS,))
    return day_queue.is_served(datetime.now(UTC))
