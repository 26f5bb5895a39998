"""Reads the warehouse where it is: by a worker, as a DuckDB file is open in one process only, else in this process."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from temporalio.client import Client, WorkflowFailureError

from activities.server_state import DAY_WORKFLOWS, SERVER_TIMEOUT, queue_statuses
from cli.exit_codes import CommandError, ExitCode
from cli.server import connected
from cli.target import Target
from cli.warehouse_file import existing_warehouse, warehouse_file
from runtime.failures import failure_message
from tipoff.errors import WarehouseLockedError
from tipoff.vocabulary import Frozen
from workflows.contracts import TASK_TIMEOUT, Queue

if TYPE_CHECKING:
    from tipoff.warehouse.base import Warehouse

TIMEOUT_SECONDS = 60.0
"""How long a worker may take, which may be computing something else."""

Result = TypeVar("Result", bound=Frozen)


class WarehouseWork(NamedTuple):
    """Work that reads the warehouse, as a workflow and as a function."""

    workflow: Any
    """The `run` method of the workflow."""
    request: Frozen
    name: str
    """What it is, for its id and its page in the UI."""


async def read_warehouse(target: Target, work: WarehouseWork, here: Callable[[Warehouse], Result]) -> Result:
    """The result by a worker; without one, of `here`.

    Raises CommandError UNKNOWN if there is no warehouse, UNREACHABLE if a worker has it open and does not answer.
    """
    try:
        async with connected(target) as client:
            queues = await queue_statuses(client, (DAY_WORKFLOWS, (Queue.WAREHOUSE, "activities")))
            if all(queue.is_served(datetime.now(UTC)) for queue in queues):
                result: Result = await _ask_worker(client, work)
                return result
    except CommandError as error:
        if error.exit_code is not ExitCode.UNREACHABLE:
            raise
        return await asyncio.to_thread(_read_here, target, here, str(error))
    return await asyncio.to_thread(_read_here, target, here, "no worker is running")


async def _ask_worker(client: Client, work: WarehouseWork) -> Any:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await client.execute_workflow(
                work.workflow,
                work.request,
                id=f"{work.name.replace(' ', '-')}-{uuid.uuid4()}",
                task_queue=Queue.DAY,
                execution_timeout=timedelta(seconds=TIMEOUT_SECONDS),
                task_timeout=TASK_TIMEOUT,
                static_summary=work.name,
                rpc_timeout=SERVER_TIMEOUT,
            )
    except TimeoutError:
        text = f"no worker answered within {TIMEOUT_SECONDS:g} s"
        raise CommandError(ExitCode.UNREACHABLE, text) from None
    except WorkflowFailureError as failure:
        raise CommandError(ExitCode.FAILED, f"the worker cannot do it: {failure_message(failure)}") from failure


def _read_here(target: Target, here: Callable[[Warehouse], Result], why_no_worker: str) -> Result:
    from tipoff.warehouse.open import open_warehouse  # polars, which a worker's answer does not need

    settings = target.settings
    if warehouse_file(settings.warehouse):
        existing_warehouse(settings.warehouse)
    try:
        warehouse = open_warehouse(settings.warehouse, settings, read_only=True)
    except WarehouseLockedError as error:
        raise CommandError(ExitCode.UNREACHABLE, f"{error}; it could not be asked, because {why_no_worker}") from error
    try:
        return here(warehouse)
    finally:
        warehouse.close()
