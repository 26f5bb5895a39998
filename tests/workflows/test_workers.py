"""Workers of several queues in one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

from activities.errors import as_failure
from activities.resources import Resources
from runtime.interceptors import OneLinePerAttempt, WorkerInterceptor, log_one_line_per_failed_attempt
from runtime.workers import GRACE, build_workers, running
from tests.support.days import GAME_DATE, at
from tipoff.errors import StorageError
from tipoff.settings import Settings
from workflows.contracts import Activity, ProcessRequest, Queue

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


async def test_only_the_code_of_workflows_is_versioned_by_the_build(client: Client, tmp_path: Path) -> None:
    settings = Settings(build_id="8f2c", warehouse=f"duckdb:///{tmp_path}/tipoff.duckdb")
    resources = Resources(settings, now=lambda: at(12))
    configured = {each.task_queue: each.config() for each in await build_workers(client, resources, tuple(Queue))}
    builds = {queue: config["deployment_config"] for queue, config in configured.items()}
    versioned = {queue for queue, build in builds.items() if build and build.use_worker_versioning}
    assert versioned == {Queue.DAY}


@workflow.defn(sandboxed=False)
class OneProcessing:
    """Processes a batch, with two attempts."""

    @workflow.run
    async def run(self, request: ProcessRequest) -> None:
        await workflow.execute_activity(
            Activity.PROCESS.value,
            request,
            start_to_close_timeout=2 * GRACE,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1), maximum_attempts=2),
        )


@pytest.fixture
def tracebacks(request: pytest.FixtureRequest) -> Iterator[bool]:
    log_one_line_per_failed_attempt(tracebacks=request.param)
    yield request.param
    sdk = logging.getLogger("temporalio.activity")
    for each in [each for each in sdk.filters if isinstance(each, OneLinePerAttempt)]:
        sdk.removeFilter(each)


@pytest.mark.parametrize("tracebacks", [False, True], indirect=True, ids=["quiet", "debug"])
async def test_a_failed_attempt_is_one_line_of_the_log_and_a_traceback_when_asked(
    client: Client, caplog: pytest.LogCaptureFixture, *, tracebacks: bool
) -> None:
    @activity.defn(name=Activity.PROCESS.value)
    async def failing_once(request: ProcessRequest) -> None:
        if activity.info().attempt == 1:
            raise as_failure(StorageError("the disk is full:\nfree some space")) from OSError("no space left")

    caplog.set_level(logging.DEBUG)
    batch = ProcessRequest(source="nbac_schedule", batch_key="b", game_date=GAME_DATE, games=(), as_of=at(12))
    async with Worker(
        client,
        task_queue="one-processing",
        workflows=[OneProcessing],
        activities=[failing_once],
        interceptors=[WorkerInterceptor()],
    ):
        await client.execute_workflow(OneProcessing.run, batch, id="one-processing", task_queue="one-processing")
    (failed,) = (record for record in caplog.records if record.levelno == logging.WARNING)
    assert failed.getMessage() == "nbac_schedule: attempt 1 of process failed: the disk is full: free some space"
    assert failed.exc_info is None
    with_traceback = [record for record in caplog.records if record.exc_info]
    assert [record.levelno for record in with_traceback] == [logging.DEBUG] * tracebacks
