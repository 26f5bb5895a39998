"""`make demo` as a process: days that do not come to their end, and a server that outlives it."""

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
"""Before it there is nothing to train on, which is soon said."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@asynccontextmanager
async def server(folder: Path, binary: Path) -> AsyncIterator[DevServer]:
    """A server that outlives replays."""
    with Processes(folder) as processes:
        yield await start_dev_server(processes, binary, db_file=folder / "temporal.db", namespace=NAMESPACE)


@asynccontextmanager
async def demo(address: str, out: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A replay on a named server whose day is held as soon as it has its slate; what it started never stays."""
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


async def running(client: Client, other_than: str = "") -> WorkflowExecutionDescription:
    """The date's run, once there is a live one."""
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


async def test_no_demo_leaves_its_day_running_on_a_server_that_outlives_it(
    tmp_path: Path, out: Path, temporal_binary: Path
) -> None:
    """One that is killed cannot end it, so the next one does; one that is interrupted ends it itself."""
    async with server(tmp_path / "temporal", temporal_binary) as lasting:
        client = await connect(to={"target_host": lasting.address, "namespace": NAMESPACE})
        async with demo(lasting.address, out):
            left = await running(client)
        assert await status_of(client, left) is WorkflowExecutionStatus.RUNNING
        async with demo(lasting.address, out) as second:
            again = await running(client, other_than=left.run_id)
            second.send_signal(signal.SIGINT)
            _, said = await second.communicate()
        assert (second.returncode, said) == (130, b"")
        assert await status_of(client, left) is WorkflowExecutionStatus.TERMINATED
        assert await status_of(client, again) is WorkflowExecutionStatus.TERMINATED


async def test_a_day_that_is_cancelled_is_told_in_a_line_and_ends_with_1(
    tmp_path: Path, out: Path, temporal_binary: Path
) -> None:
    async with server(tmp_path / "temporal", temporal_binary) as lasting:
        client = await connect(to={"target_host": lasting.address, "namespace": NAMESPACE})
        async with demo(lasting.address, out) as process:
            await client.get_workflow_handle((await running(client)).id).cancel()
            stdout, stderr = await process.communicate()
    assert (process.returncode, stderr) == (1, b"")
    assert "the day did not come to its end: Workflow cancelled" in stdout.decode()
