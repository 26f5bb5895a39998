"""Starts the Temporal CLI's dev server as a child process and waits until it answers.

A replay never uses the server that TEMPORAL_ADDRESS names unless SERVER=env says so.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from runtime import PROJECT, cache_folder
from runtime.processes import Child, ChildEndedError, Processes
from runtime.temporal_binary import NoTemporalServerError, find_or_install_temporal
from runtime.temporal_ui import UI_PORT_OFFSET
from tipoff.errors import TipoffError
from workflows import search_attributes as registry

START_TIMEOUT_SECONDS = 30.0
PORT_ATTEMPTS = 3
PORTS_TRIED = 100
SERVER_PORT = 7233
"""Temporal's usual port, for real days."""
STATE = PROJECT / "var" / "temporal"
RETENTION_DAYS = 30
"""How long ended runs of real days are kept, also in docker-compose.yml."""

DynamicValue = str | int | bool

DYNAMIC_CONFIG: Mapping[str, DynamicValue] = {
    "matching.useNewMatcher": True,  # task priorities count; servers before 1.32 ignore them by default
    "matching.numTaskqueueWritePartitions": 1,  # a priority counts in a whole queue, not in each of its partitions
    "history.timerProcessorMaxTimeShift": "100ms",  # by default a timer fires up to 1 s late
    "history.defaultWorkflowTaskTimeout": "5s",  # until a killed worker's task goes to another worker; default 10 s
    "frontend.WorkerHeartbeatsEnabled": True,  # workers say that they are alive; on by default from 1.32 on
    "frontend.ListWorkersEnabled": True,
    "frontend.enableServerVersionCheck": False,  # the check would call home
}


class ServerStartError(TipoffError):
    """The server was started but does not answer; the text holds the end of its log."""


def address_from_environment(environ: Mapping[str, str] = os.environ) -> str | None:
    """TEMPORAL_ADDRESS if SERVER=env asks for it; None: start a server of our own.

    Raises NoTemporalServerError if SERVER=env but TEMPORAL_ADDRESS is not set.
    """
    if environ.get("SERVER") != "env":
        return None
    if not (address := environ.get("TEMPORAL_ADDRESS")):
        raise NoTemporalServerError("SERVER=env asks for the server in TEMPORAL_ADDRESS, which is not set")
    return address


@dataclass(frozen=True)
class DevServer:
    """A running dev server, bound to 127.0.0.1; `child` stops it."""

    address: str
    ui_url: str
    namespace: str
    child: Child


async def start_dev_server(
    processes: Processes,
    binary: Path,
    *,
    db_file: Path,
    namespace: str,
    search_attributes: Iterable[SearchAttributeKey[Any]] = registry.ALL,
    port: int = 0,
    ui_port: int = 0,
    first_port: int = 0,
    dynamic_config: Mapping[str, DynamicValue] = DYNAMIC_CONFIG,
    survives_power_loss: bool = False,
) -> DevServer:
    """Start the server as child "temporal" and return when it answers for the namespace.

    Port 0 means any free port, or, with `first_port`, the first one from there that is free together with the UI's.
    Started again with the same file and ports, the server continues where it stopped.
    A killed server loses nothing. `survives_power_loss`: wait for the disk at each commit, which replays do not need.
    Raises ServerStartError if it does not answer within 30 s, ChildEndedError if it ends.
    """
    command = [str(binary), "server", "start-dev", "--ip=127.0.0.1"]
    command += [f"--db-filename={db_file}", f"--namespace={namespace}"]
    command += [f"--search-attribute={key.name}={type_name(key)}" for key in search_attributes]
    command += [f"--dynamic-config-value={key}={json.dumps(value)}" for key, value in dynamic_config.items()]
    # By default the server keeps a rollback journal, which doubles the time and the bytes that a day writes.
    pragmas = ("journal_mode=wal", f"synchronous={'full' if survives_power_loss else 'off'}")
    command += [f"--sqlite-pragma={pragma}" for pragma in pragmas]
    db_file.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(PORT_ATTEMPTS - 1):
        try:
            return await _start(processes, command, *_ports(port, ui_port, first_port), namespace)
        except ChildEndedError:
            # Another program may take a port between our choosing it and the server listening on it. The server also
            # chooses ports of its own, and panics then.
            if port and ui_port:
                raise
    return await _start(processes, command, *_ports(port, ui_port, first_port), namespace)


def _ports(port: int, ui_port: int, first_port: int) -> tuple[int, int]:
    """The ports of the server and of its UI."""
    if first_port:
        port = next_free_port(first_port)
        return port, port + UI_PORT_OFFSET
    return port or free_port(), ui_port or free_port()


async def _start(processes: Processes, command: Sequence[str], port: int, ui_port: int, namespace: str) -> DevServer:
    with_ports = [*command, f"--port={port}", f"--ui-port={ui_port}"]
    child = processes.start("temporal", with_ports, env=_without_temporal_variables())
    address = f"127.0.0.1:{port}"
    await _wait_until_healthy(child, address, namespace)
    return DevServer(address, f"http://127.0.0.1:{ui_port}", namespace, child)


def type_name(key: SearchAttributeKey[Any]) -> str:
    """The attribute's type as the Temporal CLI spells it: Keyword, KeywordList, Datetime."""
    return key.indexed_value_type.name.title().replace("_", "")


def _without_temporal_variables() -> dict[str, str]:
    """The CLI would read TEMPORAL_ADDRESS and the like, which name another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def next_free_port(first: int) -> int:
    """The first port of 127.0.0.1 from here that is free together with the port of its UI. Raises ServerStartError."""
    for port in range(first, first + PORTS_TRIED):
        if _is_free(port) and _is_free(port + UI_PORT_OFFSET):
            return port
    last = first + PORTS_TRIED - 1
    raise ServerStartError(f"no port from {first} to {last} is free for a Temporal server together with one for its UI")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: no wait after another
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _wait_until_healthy(child: Child, address: str, namespace: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        child.check()
        problem = await _problem(child, address, namespace)
        if not problem:
            return
        if time.monotonic() > deadline:
            raise ServerStartError(
                f"the Temporal server at {address} does not answer after {START_TIMEOUT_SECONDS:.0f} s ({problem}); "
                f"the end of its log {child.log}:\n{child.tail()}"
            )
        await asyncio.sleep(0.1)


async def _problem(child: Child, address: str, namespace: str) -> str:
    """Why the server is not healthy yet; empty when it is.

    Another server may have taken the port first: it answers there until our child ends because of it.
    """
    if not child.listens_on(int(address.rpartition(":")[2])):
        return "it does not listen on its port"
    try:
        await _describe(address, namespace)
    except (RPCError, RuntimeError) as error:
        return str(error)
    return ""


async def _describe(address: str, namespace: str) -> None:
    """Connecting checks the server's health, describing finds the namespace. RuntimeError: nothing listens."""
    client = await Client.connect(address, namespace=namespace)
    request = DescribeNamespaceRequest(namespace=namespace)
    await client.workflow_service.describe_namespace(request, timeout=timedelta(seconds=2))


async def serve(state: Path = STATE, port: int = SERVER_PORT) -> None:
    """Run the dev server for real days until it is stopped."""
    with Processes(state) as processes:
        await start_server_for_real_days(processes, port)
        while True:
            processes.check()
            await asyncio.sleep(1)


async def start_server_for_real_days(processes: Processes, port: int = SERVER_PORT) -> DevServer:
    """Start the dev server with its state in the folder of the processes, and print its addresses."""
    server = await start_dev_server(
        processes,
        find_or_install_temporal(cache_folder()),
        db_file=processes.folder / "temporal.db",
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        port=port,
        ui_port=port + UI_PORT_OFFSET,
        survives_power_loss=True,
    )
    await _set_retention(server)
    print(f"Temporal at {server.address}, namespace {server.namespace}, UI {server.ui_url}", flush=True)
    return server


async def _set_retention(server: DevServer) -> None:
    """By default the dev server deletes a run one day after its end, and with it whether that day completed."""
    client = await Client.connect(server.address, namespace=server.namespace)
    config = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=RETENTION_DAYS * 24 * 3600))
    await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=server.namespace, config=config))


def main() -> int:
    """Exit code 1 if the server cannot start or ends, 130 after Ctrl-C."""
    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
