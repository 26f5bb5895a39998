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
class OnEachQueue:
    """The same work for every queue."""

    @workflow.run
    async def run(self) -> None:
        await asyncio.gather(
            *(workflow.execute_activity("work", task_queue=queue, start_to_close_timeout=2 * GRACE) for queue in QUEUES)
        )


def at_work(client: Client, queue: str, work: Callable[..., Any]) -> Worker:
    return Worker(client, task_queue=queue, activities=[work], graceful_shutdown_timeout=GRACE)


async def test_all_workers_are_told_to_stop_at_once(client: Client) -> None:
    """Each has work in hand that ends only when both have heard of the stop."""
    in_hand, told = asyncio.Barrier(3), asyncio.Barrier(2)

    @activity.defn
    async def work() -> None:
        await in_hand.wait()
        await activity.wait_for_worker_shutdown()
        await told.wait()

    days = Worker(client, task_queue="days", workflows=[OnEachQueue])
    async with days:
        async with running([at_work(client, queue, work) for queue in QUEUES]):
            handle = await client.start_workflow(OnEachQueue.run, id="on-each-queue", task_queue="days")
            await in_hand.wait()
        await handle.result()
