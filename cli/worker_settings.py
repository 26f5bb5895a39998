"""Asks a running worker for its settings."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError

from activities.server_state import DAY_WORKFLOWS, SERVER_TIMEOUT, queue_statuses
from runtime.failures import failure_message
from workflows.contracts import TASK_TIMEOUT, Queue, WorkerSettings, WorkerSettingsInput
from workflows.worker_settings import WorkerSettingsWorkflow

WORKER_TIMEOUT_SECONDS = 4.0


async def ask_worker(client: Client) -> WorkerSettings | str:
    """The settings of a worker that requests data from providers; or why they are unknown."""
    try:
        queues = await queue_statuses(client, (DAY_WORKFLOWS, (Queue.FETCH, "activities")))
        if not all(queue.is_served(datetime.now(UTC)) for queue in queues):
            return "no worker is running"
        async with asyncio.timeout(WORKER_TIMEOUT_SECONDS):
            return await client.execute_workflow(
                WorkerSettingsWorkflow.run,
                WorkerSettingsInput(),
                id=f"worker-settings-{uuid.uuid4()}",
                task_queue=Queue.DAY,
                execution_timeout=timedelta(seconds=2 * WORKER_TIMEOUT_SECONDS),
                task_timeout=TASK_TIMEOUT,
                static_summary="settings of a worker, for doctor",
                rpc_timeout=SERVER_TIMEOUT,
            )
    except TimeoutError:
        return f"no worker answered within {WORKER_TIMEOUT_SECONDS:g} s"
    except WorkflowFailureError as failure:
        return f"no worker answered: {failure_message(failure)}"
    except RPCError as error:
        return f"no worker answered: {error.message}"
