"""A real Temporal server for the session, and a client of it for each test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from runtime.connection import DATA_CONVERTER
from runtime.processes import Processes
from runtime.temporal_server import DevServer, start_dev_server
from tests.support import scenarios
from tests.support.days import DayRun


@pytest.fixture(scope="session")
def server(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """The dev server, bound to 127.0.0.1, with the day's search attributes."""
    folder = tmp_path_factory.mktemp("temporal")
    with Processes(folder) as processes:
        yield asyncio.run(
            start_dev_server(processes, temporal_binary, db_file=folder / "temporal.db", namespace="tests")
        )


@pytest.fixture
async def client(server: DevServer) -> Client:
    """A client with the production converter."""
    return await connected(server)


@pytest.fixture(scope="session")
def happy(server: DevServer) -> DayRun:
    """A day on which every input comes in time."""
    return asyncio.run(_run_scenario(server, scenarios.happy_day))


@pytest.fixture(scope="session")
def late(server: DevServer) -> DayRun:
    """A day whose lines come after its predictions were due."""
    return asyncio.run(_run_scenario(server, scenarios.late_lines))


async def _run_scenario(server: DevServer, scenario: Callable[[Client], Awaitable[DayRun]]) -> DayRun:
    return await scenario(await connected(server))


async def connected(server: DevServer) -> Client:
    return await Client.connect(
        server.address, namespace=server.namespace, data_converter=DATA_CONVERTER, identity="test"
    )
