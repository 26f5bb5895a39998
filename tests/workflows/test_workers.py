"""Workers of several queues in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from runtime.workers import GRACE, running

QUEUES = ("one", "another")


@workflow.defn(sandboxed=False)
class OneActivityPerQueue:
    """Runs the same activity on every queue."""

    @workflow.run
    async def run(self) -> None:
        await asyncio.gather(
            *(workflow.execute_activity("work", task_queue=queue, start_to_close_timeout=2 * GRACE) for queue in QUEUES)
        )


def worker_on(client: Client, queue: str, work: Callable[..., Any]) -> Worker:
    return Worker(client, task_queue=queue, activities=[work], graceful_shutdown_timeout=GRACE)


async def test_all_workers_shut_down_at_the_same_time(client: Client) -> None:
    """Each runs an activity that ends only when both shut down."""
    both_running, shutdown = asyncio.Barrier(3), asyncio.Barrier(2)

    @activity.defn
    async def work() -> None:
        await both_running.wait()
        await activity.wait_for_worker_shutdown()
        await shutdown.wait()

    days = Worker(client, task_queue="days", workflows=[OneActivityPerQueue])
    async with days:
        async with running([worker_on(client, queue, work) for queue in QUEUES]):
            handle = await client.start_workflow(OneActivityPerQueue.run, id="on-each-queue", task_queue="days")
            await both_running.wait()
        await handle.result()
