"""The dev server that we start is real: its state, ports, search attributes and failures."""

import asyncio
import json
import socket
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import psutil
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from runtime import temporal_server
from runtime.processes import ChildEndedError, Processes, start_time
from runtime.temporal_server import free_port, next_free_port, serve, start_dev_server
from runtime.temporal_ui import UI_PORT_OFFSET, find_ui
from runtime.workers import register_search_attributes
from workflows import search_attributes
from workflows.search_attributes import ATTENTION_STEPS, WAITS_FOR


async def test_a_real_server_keeps_its_state_over_a_restart_and_is_stopped_afterwards(
    tmp_path: Path, temporal_binary: Path
) -> None:
    database = tmp_path / "state" / "temporal.db"
    with Processes(tmp_path) as processes:
        first = await start_dev_server(
            processes,
            temporal_binary,
            db_file=database,
            namespace="replay",
        )
        client = await Client.connect(first.address, namespace="replay")
        await client.start_workflow("Day", id="daily-pipeline-2024-03-29", task_queue="nobody")
        first.child.kill()
        second = await start_dev_server(
            processes,
            temporal_binary,
            db_file=database,
            namespace="replay",
            port=int(first.address.rpartition(":")[2]),
        )
        assert second.address == first.address
        assert database.read_bytes()[18:20] == bytes([2, 2]), "a write-ahead log, by the format of SQLite files"
        client = await Client.connect(second.address, namespace="replay")
        run = await client.get_workflow_handle("daily-pipeline-2024-03-29").describe()
        assert run.workflow_type == "Day"
        request = ListSearchAttributesRequest(namespace="replay")
        registered = await client.operator_service.list_search_attributes(request)
        assert set(registered.custom_attributes) >= {key.name for key in search_attributes.ALL}
    assert start_time(second.child.pid) is None


async def test_a_worker_adds_only_the_search_attributes_that_are_missing(tmp_path: Path, temporal_binary: Path) -> None:
    """A namespace of an earlier version has some of them."""
    earlier = [key for key in search_attributes.ALL if key not in {WAITS_FOR, ATTENTION_STEPS}]
    with Processes(tmp_path / "log") as processes:
        server = await start_dev_server(
            processes,
            temporal_binary,
            db_file=tmp_path / "temporal.db",
            namespace="earlier",
            search_attributes=earlier,
        )
        client = await Client.connect(server.address, namespace="earlier")
        for _ in range(2):
            await register_search_attributes(client)
        request = ListSearchAttributesRequest(namespace="earlier")
        registered = (await client.operator_service.list_search_attributes(request)).custom_attributes
    assert {key.name: registered[key.name] for key in search_attributes.ALL} == {
        key.name: int(key.indexed_value_type) for key in search_attributes.ALL
    }


async def test_the_server_for_real_days_keeps_ended_runs_thirty_days_and_survives_a_power_cut(
    tmp_path: Path, temporal_binary: Path
) -> None:
    port = next_free_port(27_233)
    serving = asyncio.create_task(serve(tmp_path, port))
    try:
        async with asyncio.timeout(60):
            while await retention_days(f"127.0.0.1:{port}") != 30:
                assert not serving.done()
                await asyncio.sleep(0.1)
        (child,) = json.loads((tmp_path / "pids.json").read_text())["children"]
        assert "--sqlite-pragma=synchronous=full" in psutil.Process(child["pid"]).cmdline()
        assert await find_ui(f"127.0.0.1:{port}", {}) == f"http://127.0.0.1:{port + UI_PORT_OFFSET}"
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def retention_days(address: str) -> float | None:
    """How long the server keeps ended runs; None while it does not answer."""
    try:
        client = await Client.connect(address)
        request = DescribeNamespaceRequest(namespace="default")
        described = await client.workflow_service.describe_namespace(request)
    except (RPCError, RuntimeError):
        return None
    return described.config.workflow_execution_retention_ttl.ToTimedelta() / timedelta(days=1)


async def test_another_port_is_used_if_another_program_took_the_first(
    tmp_path: Path, temporal_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Processes(tmp_path) as processes:
        ports = chain([free_port(), taken.getsockname()[1]], iter(free_port, None))
        monkeypatch.setattr(temporal_server, "free_port", lambda: next(ports))
        server = await start_dev_server(
            processes, temporal_binary, db_file=tmp_path / "temporal.db", namespace="replay"
        )
        assert (await Client.connect(server.address, namespace="replay")).namespace == "replay"


async def test_the_first_port_is_used_and_the_next_one_if_it_is_taken(tmp_path: Path, temporal_binary: Path) -> None:
    port = next_free_port(27_300)
    with Processes(tmp_path / "first") as one, Processes(tmp_path / "second") as two:
        start = partial(start_dev_server, binary=temporal_binary, namespace="replay", first_port=port)
        first = await start(one, db_file=tmp_path / "first" / "temporal.db")
        second = await start(two, db_file=tmp_path / "second" / "temporal.db")
    assert (first.address, first.ui_url) == (f"127.0.0.1:{port}", f"http://127.0.0.1:{port + UI_PORT_OFFSET}")
    assert (second.address, second.ui_url) == (f"127.0.0.1:{port + 1}", f"http://127.0.0.1:{port + 1 + UI_PORT_OFFSET}")


async def test_a_server_whose_port_another_server_has_is_started_on_another_port(
    tmp_path: Path, temporal_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other server answers for the same namespace, so that only the process that listens tells them apart."""
    with Processes(tmp_path / "first") as one, Processes(tmp_path / "second") as two:
        first = await start_dev_server(
            one, temporal_binary, db_file=tmp_path / "first" / "temporal.db", namespace="replay"
        )
        ports = chain([int(first.address.rpartition(":")[2])], iter(free_port, None))
        monkeypatch.setattr(temporal_server, "free_port", lambda: next(ports))
        second = await start_dev_server(
            two, temporal_binary, db_file=tmp_path / "second" / "temporal.db", namespace="replay"
        )
        assert second.address != first.address
        assert second.child.exit_code is None


async def test_a_server_that_cannot_start_is_reported_with_its_log(tmp_path: Path, temporal_binary: Path) -> None:
    database = tmp_path / "temporal.db"
    database.write_text("this is no database")
    with Processes(tmp_path) as processes, pytest.raises(ChildEndedError, match="not a database"):
        await start_dev_server(processes, temporal_binary, db_file=database, namespace="replay")
