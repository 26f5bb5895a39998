"""The development server respects task priorities: urgent work overtakes what already waits in a queue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.support.replays import wait_until
from workflows.contracts import TaskPriority


@workflow.defn
class OneActivity:
    """Runs one activity, which inherits its priority."""

    @workflow.run
    async def run(self, name: str, queue: str) -> None:
        await workflow.execute_activity("note", name, task_queue=queue, start_to_close_timeout=timedelta(seconds=30))


@pytest.mark.parametrize(
    ("urgent_priority", "later_priority"),
    [(TaskPriority.LIVE, TaskPriority.BACKFILL), (TaskPriority.OPERATOR, TaskPriority.LIVE)],
)
async def test_four_urgent_tasks_overtake_twelve_that_wait(
    client: Client, urgent_priority: TaskPriority, later_priority: TaskPriority
) -> None:
    run = uuid4().hex
    done: list[str] = []

    @activity.defn(name="note")
    def note(name: str) -> None:
        done.append(name)

    async def queue_tasks(count: int, priority: TaskPriority) -> list[str]:
        names = [f"{priority.name}-{number}" for number in range(count)]
        for name in names:
            await client.start_workflow(
                OneActivity.run,
                args=[name, run],
                id=f"{run}-{name}",
                task_queue=f"{run}-workflows",
                priority=priority.option,
            )
        return names

    async def has_backlog(count: int) -> bool:
        request = DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=run),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
            report_stats=True,
        )
        described = await client.workflow_service.describe_task_queue(request)
        return described.stats.approximate_backlog_count == count

    workflows = Worker(
        client, task_queue=f"{run}-workflows", workflows=[OneActivity], workflow_runner=UnsandboxedWorkflowRunner()
    )
    async with workflows:
        later = await queue_tasks(12, later_priority)
        await wait_until(lambda: has_backlog(12), "twelve tasks wait")
        urgent = await queue_tasks(4, urgent_priority)
        await wait_until(lambda: has_backlog(16), "sixteen tasks wait")
        one_at_a_time = Worker(
            client,
            task_queue=run,
            activities=[note],
            activity_executor=ThreadPoolExecutor(1),
            max_concurrent_activities=1,
        )
        async with one_at_a_time:
            for name in later:
                await client.get_workflow_handle(f"{run}-{name}").result()
    assert sorted(done[:4]) == urgent
    assert sorted(done[4:]) == sorted(later)
