"""`make demo` as a process: interrupted and cancelled days, and a server that outlives the demo."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError

from runtime import PROJECT
from runtime.connection import connect
from runtime.processes import Processes, stop_leftovers
from runtime.replay import NAMESPACE
from runtime.temporal_server import DevServer, start_dev_server

pytestmark = pytest.mark.timeout(300)

OPENING_NIGHT = "2023-10-24"
"""No games were played before it, so the training ends at once."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@asynccontextmanager
async def temporal_server(folder: Path, binary: Path) -> AsyncIterator[DevServer]:
    """A Temporal server that outlives the demos."""
    with Processes(folder) as processes:
        yield await start_dev_server(processes, binary, db_file=folder / "temporal.db", namespace=NAMESPACE)


@asynccontextmanager
async def demo(address: str, out: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A demo on this server, whose clock is held after the slate; its processes never outlive the test."""
    variables = {"DATE": OPENING_NIGHT, "HOLD": "05:30", "OUT": str(out), "SERVER": "env"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.demo"),
        cwd=PROJECT,
        env={**os.environ, **variables, "TEMPORAL_ADDRESS": address},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        stop_leftovers(out / "processes")


async def running_day(client: Client, other_than: str = "") -> WorkflowExecutionDescription:
    """The date's run, as soon as it is running."""
    handle = client.get_workflow_handle(f"daily-pipeline-{OPENING_NIGHT}")
    async with asyncio.timeout(120):
        while True:
            with suppress(RPCError):
                described = await handle.describe()
                if described.status is WorkflowExecutionStatus.RUNNING and described.run_id != other_than:
                    return described
            await asyncio.sleep(0.1)


async def status_of(client: Client, run: WorkflowExecutionDescription) -> WorkflowExecutionStatus | None:
    return (await client.get_workflow_handle(run.id, run_id=run.run_id).describe()).status


async def test_no_demo_leaves_a_running_day_on_a_server_that_outlives_it(
    tmp_path: Path, out: Path, temporal_binary: Path
) -> None:
    """An interrupted demo terminates its day; the day of a killed demo is terminated by the next demo."""
    async with temporal_server(tmp_path / "temporal", temporal_binary) as server:
        client = await connect(to={"target_host": server.address, "namespace": NAMESPACE})
        async with demo(server.address, out):
            first_run = await running_day(client)
        assert await status_of(client, first_run) is WorkflowExecutionStatus.RUNNING
        async with demo(server.address, out) as second:
            second_run = await running_day(client, other_than=first_run.run_id)
            second.send_signal(signal.SIGINT)
            _, errors = await second.communicate()
        assert (second.returncode, errors) == (130, b"")
        assert await status_of(client, first_run) is WorkflowExecutionStatus.TERMINATED
        assert await status_of(client, second_run) is WorkflowExecutionStatus.TERMINATED


async def test_a_cancelled_day_is_reported_in_one_line_and_ends_with_1(
    tmp_path: Path, out: Path, temporal_binary: Path
) -> None:
    async with temporal_server(tmp_path / "temporal", temporal_binary) as server:
        client = await connect(to={"target_host": server.address, "namespace": NAMESPACE})
        async with demo(server.address, out) as process:
            await client.get_workflow_handle((await running_day(client)).id).cancel()
            output, errors = await process.communicate()
    assert (process.returncode, errors) == (1, b"")
    assert "the day failed: Workflow cancelled" in output.decode()
