"""Workers of two versions at once: a day ends on the code that it started with, and new days take the new code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from runtime.deployments import DeployedVersion, VersionState, deployed_versions, make_current, move_runs
from runtime.processes import Processes
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.temporal_server import DevServer, start_dev_server
from runtime.workers import STICKY, deployment
from tests.support.changed_workflow import MEMO, ChangedPipelineWorkflow
from tests.support.days import (
    CHILDREN_OF_A_DAY,
    TIMEOUT_SECONDS,
    DayHandle,
    World,
    at,
    happy_script,
    started_day,
    virtual,
    wait_for_end,
    wait_until,
)
from tipoff.vocabulary import Phase, RunState
from workflows.contracts import Queue
from workflows.daily_pipeline import DailyPipelineWorkflow

OLD, NEW = "0.1.0", "0.2.0"
WORLD = World(happy_script(lines_at=at(9)))
HELD = virtual(hold_at=Phase.LINES)


@pytest.fixture(scope="module")
def server(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """A server of its own: once a version is current, workers without one get no run of its queue."""
    folder = tmp_path_factory.mktemp("temporal")
    with Processes(folder) as processes:
        yield asyncio.run(
            start_dev_server(processes, temporal_binary, db_file=folder / "temporal.db", namespace="upgrades")
        )


@asynccontextmanager
async def version(client: Client, build_id: str, day: type) -> AsyncIterator[None]:
    """The worker of a version of the day's workflow."""
    worker = Worker(
        client,
        task_queue=Queue.DAY,
        workflows=[day, *CHILDREN_OF_A_DAY],
        activities=WORLD.activities[Queue.DAY],
        workflow_runner=WORKFLOW_RUNNER,
        sticky_queue_schedule_to_start_timeout=STICKY,
        deployment_config=deployment(build_id),
    )
    async with worker:
        await registered(client, build_id)
        yield


async def registered(client: Client, build_id: str) -> None:
    """Make a version current once the server knows it."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            try:
                await make_current(client, build_id)
            except RPCError as error:
                if error.status not in (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION):
                    raise
                await asyncio.sleep(0.1)
            else:
                return


@asynccontextmanager
async def activities(client: Client) -> AsyncIterator[None]:
    """The activities of all other queues, which have no version."""
    async with AsyncExitStack() as stack:
        for queue in (Queue.FETCH, Queue.WAREHOUSE, Queue.MODELS):
            await stack.enter_async_context(
                Worker(
                    client,
                    task_queue=queue,
                    activities=WORLD.activities[queue],
                    deployment_config=deployment(None),
                )
            )
        yield


async def version_of(handle: DayHandle) -> str:
    described = await handle.describe()
    build: str = described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id
    return build


async def is_changed(handle: DayHandle) -> bool:
    return MEMO in await (await handle.describe()).memo()


async def states(client: Client, build_id: str, open_runs: int) -> dict[str, VersionState]:
    """The state of each version, once this one has so many open runs; the server counts them with a delay."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            versions = {each.build_id: each for each in await deployed_versions(client)}
            if build_id in versions and versions[build_id].open_runs == open_runs:
                return {name: _state(each) for name, each in versions.items()}
            await asyncio.sleep(0.1)


def _state(version: DeployedVersion) -> VersionState:
    assert (version.current_since is not None) == (version.state is VersionState.CURRENT)
    return version.state


@pytest.mark.long
async def test_a_day_ends_on_the_version_that_it_started_with_and_new_days_take_the_new_one(client: Client) -> None:
    assert await deployed_versions(client) == ()
    async with activities(client), version(client, OLD, DailyPipelineWorkflow), started_day(client, HELD) as running:
        await wait_until(running, lambda status: status.held)
        async with version(client, NEW, ChangedPipelineWorkflow):
            assert await states(client, OLD, 1) == {OLD: VersionState.DRAINING, NEW: VersionState.CURRENT}
            async with started_day(client) as started_later:
                new = await wait_for_end(started_later)
                assert (await version_of(started_later), await is_changed(started_later)) == (NEW, True)
            await running.signal("resume_clock")
            old = await wait_for_end(running)
            assert (await version_of(running), await is_changed(running)) == (OLD, False)
    assert new.result.state is old.result.state is RunState.COMPLETE


@pytest.mark.long
async def test_a_day_that_a_version_cannot_continue_goes_on_when_it_is_moved_back(client: Client) -> None:
    """Its history does not fit the new code: it stands, and goes on where it was on the old code."""
    new, old = version(client, NEW, ChangedPipelineWorkflow), version(client, OLD, DailyPipelineWorkflow)
    async with activities(client), new, old, started_day(client, HELD) as running:
        await wait_until(running, lambda status: status.held)
        await states(client, OLD, 1)
        assert await move_runs(client, OLD, NEW) == (running.id,)
        await running.signal("resume_clock")
        await is_wedged(running)
        await states(client, NEW, 1)
        assert await move_runs(client, NEW, OLD) == (running.id,)
        day = await wait_for_end(running)
        assert not await is_changed(running)
    assert day.result.state is RunState.COMPLETE


async def is_wedged(handle: DayHandle) -> None:
    """Wait until the workflow task of a run has failed twice."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while (await handle.describe()).raw_description.pending_workflow_task.attempt < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
