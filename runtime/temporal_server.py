"""Provides a real Temporal server: finds or installs the CLI's dev server, starts it, waits until it answers.

A replay never uses the server that TEMPORAL_ADDRESS names unless SERVER=env says so, and nothing here is ever
replaced by a mock: without a server there is an error that lists what was tried.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock
from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from runtime import PROJECT, cache_folder
from runtime.processes import Child, ChildEndedError, Processes
from tipoff.errors import TipoffError
from workflows import search_attributes as registry

CLI_VERSION = "v1.5.1"
CLI_MODULE = f"github.com/temporalio/cli/cmd/temporal@{CLI_VERSION}"
SERVER_NEEDED = (1, 29)
START_SECONDS = 30.0
DOWNLOAD_PATIENCE_SECONDS = 20.0
BUILD_SECONDS = 3600.0
PORT_TRIES = 3
RETENTION_DAYS = 30
"""How long ended runs of real days are kept; docker-compose.yml says the same in hours."""

Say = Callable[[str], None]
Setting = str | int | bool

DYNAMIC_CONFIG: Mapping[str, Setting] = {
    "history.timerProcessorMaxTimeShift": "100ms",  # by default a timer comes up to 1 s late
    "history.defaultWorkflowTaskTimeout": "5s",  # until a killed worker's task is given to another; 10 s
    "frontend.enableServerVersionCheck": False,  # it would call home
}


class NoTemporalServerError(TipoffError):
    """No Temporal server could be had; the text lists what was tried and why each failed."""


class ServerStartError(TipoffError):
    """The server was started but does not answer; the text holds the end of its log."""


class Unavailable(Exception):  # noqa: N818 - one place that has no server is not an error yet
    """Why one of the places has no usable server."""


def address_from_environment(environ: Mapping[str, str] = os.environ) -> str | None:
    """TEMPORAL_ADDRESS when SERVER=env asks for it; None: use a server of our own.

    Raises NoTemporalServerError when SERVER=env but TEMPORAL_ADDRESS names none.
    """
    if environ.get("SERVER") != "env":
        return None
    if not (address := environ.get("TEMPORAL_ADDRESS")):
        raise NoTemporalServerError("SERVER=env asks for the server in TEMPORAL_ADDRESS, which is not set")
    return address


def provide(cache: Path, say: Say = print) -> Path:
    """The path of a `temporal` binary that runs and is new enough, installed below the cache folder if need be.

    Raises NoTemporalServerError.
    """
    home = cache / "temporal" / CLI_VERSION
    home.mkdir(parents=True, exist_ok=True)
    tried = []
    with FileLock(home / "lock"):
        for place, find in _PLACES.items():
            try:
                return _checked(find(home, say))
            except Unavailable as reason:
                tried.append(f"  {place}: {reason}")
    raise NoTemporalServerError(
        "no Temporal server could be had. Tried, in this order:\n"
        + "\n".join(tried)
        + "\nInstall the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH, or Go 1.25 "
        f"or newer, or put the binary at {home / 'temporal'}; then run this again."
    )


def _checked(binary: Path) -> Path:
    """The binary, when it runs and tells a server version that is new enough."""
    needed = ".".join(map(str, SERVER_NEEDED))
    try:
        told = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{binary} does not run ({error})") from error
    version = re.search(r"Server (\d+)\.(\d+)", told)
    if version is None:
        raise Unavailable(f"{binary} --version tells no server version: {told!r}")
    if (int(version[1]), int(version[2])) < SERVER_NEEDED:
        raise Unavailable(f"{binary} is {told}, but server {needed} or newer is needed")
    return binary


def _on_path(home: Path, say: Say) -> Path:
    if found := shutil.which("temporal"):
        return Path(found)
    raise Unavailable("not found")


def _in_cache(home: Path, say: Say) -> Path:
    binary = home / "temporal"
    if not binary.exists():
        raise Unavailable(f"nothing at {binary}")
    return binary


def _downloaded(home: Path, say: Say) -> Path:
    """By the SDK, in a process of its own that is given up when no more bytes come."""
    say("looking for a Temporal server to download …")
    with tempfile.TemporaryDirectory(dir=home) as folder, Processes(home / "download") as processes:
        command = [sys.executable, "-m", "runtime.temporal_download", folder]
        child = processes.start("download", command, env={**os.environ, "PYTHONPATH": str(PROJECT)})
        _wait_while_growing(child, Path(folder))
        fetched = [file for file in Path(folder).iterdir() if os.access(file, os.X_OK)]
        if child.exit_code != 0 or not fetched:
            raise Unavailable(child.tail().splitlines()[-1])
        return _keep(fetched[0], home)


def _wait_while_growing(child: Child, folder: Path) -> None:
    size = 0
    while not child.ends_within(DOWNLOAD_PATIENCE_SECONDS):
        before, size = size, sum(file.stat().st_size for file in folder.iterdir())
        if size == before:
            raise Unavailable(f"no answer within {DOWNLOAD_PATIENCE_SECONDS:.0f} s (after {size:,} bytes)")


def _built(home: Path, say: Say) -> Path:
    """With Go. What it needs for building is kept until it succeeds, so that a second try goes on."""
    if not (go := shutil.which("go")):
        raise Unavailable("there is no `go` on the PATH")
    say("installing the Temporal server with Go, about 3 minutes …")
    work = home / "go"
    with Processes(home / "build") as processes:
        child = processes.start("go-install", [go, "install", CLI_MODULE], env=_go_variables(work))
        _wait_for_build(child, say)
        if child.exit_code != 0:
            raise Unavailable(f"{child.tail()} (whole log: {child.log})")
    binary = _keep(work / "bin" / "temporal", home)
    shutil.rmtree(work)
    return binary


def _go_variables(work: Path) -> dict[str, str]:
    """-modcacherw, because Go's module cache is read-only otherwise and could not be deleted."""
    ours = {
        "GOPATH": str(work),
        "GOBIN": str(work / "bin"),
        "GOCACHE": str(work / "build"),
        "GOMODCACHE": str(work / "modules"),
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
    }
    return {**os.environ, **ours}


def _wait_for_build(child: Child, say: Say) -> None:
    started = time.monotonic()
    while not child.ends_within(30):
        seconds = time.monotonic() - started
        if seconds > BUILD_SECONDS:
            raise Unavailable(f"not built after {seconds:.0f} s")
        say(f"still building the Temporal server, {seconds:.0f} s …")


def _keep(binary: Path, home: Path) -> Path:
    """Moves it to its final place in one step, so that there is never half a binary."""
    return binary.replace(home / "temporal")


_PLACES: Mapping[str, Callable[[Path, Say], Path]] = {
    "`temporal` on the PATH": _on_path,
    "the project's cache folder": _in_cache,
    "the download of the Temporal SDK": _downloaded,
    f"go install {CLI_MODULE}": _built,
}


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
    dynamic_config: Mapping[str, Setting] = DYNAMIC_CONFIG,
) -> DevServer:
    """Starts the server as child "temporal" and returns when it answers for the namespace.

    Port 0 is a free one. Started again with the same file and ports it goes on where it stopped.
    Raises ServerStartError when it does not answer within 30 s, ChildEndedError when it ends.
    """
    command = [str(binary), "server", "start-dev", "--ip=127.0.0.1"]
    command += [f"--db-filename={db_file}", f"--namespace={namespace}"]
    command += [f"--search-attribute={key.name}={_kind(key)}" for key in search_attributes]
    command += [f"--dynamic-config-value={key}={json.dumps(value)}" for key, value in dynamic_config.items()]
    db_file.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(PORT_TRIES - 1):
        try:
            return await _started(processes, command, port or free_port(), ui_port or free_port(), namespace)
        except ChildEndedError as error:
            # Between choosing a port and listening on it another program may have taken it.
            if (port and ui_port) or "address already in use" not in str(error):
                raise
    return await _started(processes, command, port or free_port(), ui_port or free_port(), namespace)


async def _started(processes: Processes, command: Sequence[str], port: int, ui_port: int, namespace: str) -> DevServer:
    listening = [*command, f"--port={port}", f"--ui-port={ui_port}"]
    child = processes.start("temporal", listening, env=_without_temporal_variables())
    address = f"127.0.0.1:{port}"
    await _wait_until_healthy(child, address, namespace)
    return DevServer(address, f"http://127.0.0.1:{ui_port}", namespace, child)


def _kind(key: SearchAttributeKey[Any]) -> str:
    """Its type as the CLI spells it: Keyword, KeywordList, Datetime."""
    return key.indexed_value_type.name.title().replace("_", "")


def _without_temporal_variables() -> dict[str, str]:
    """TEMPORAL_ADDRESS and its like speak of another server, and the CLI would read them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


async def _wait_until_healthy(child: Child, address: str, namespace: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        child.check()
        try:
            return await _describe(address, namespace)
        except (RPCError, RuntimeError) as error:
            if time.monotonic() > deadline:
                raise ServerStartError(
                    f"the Temporal server at {address} does not answer after {START_SECONDS:.0f} s ({error}); "
                    f"the end of its log {child.log}:\n{child.tail()}"
                ) from error
        await asyncio.sleep(0.1)


async def _describe(address: str, namespace: str) -> None:
    """Connecting asks the server for its health; describing finds the namespace. RuntimeError: nobody listens."""
    client = await Client.connect(address, namespace=namespace)
    request = DescribeNamespaceRequest(namespace=namespace)
    await client.workflow_service.describe_namespace(request, timeout=timedelta(seconds=2))


async def serve(state: Path = PROJECT / "var" / "temporal", port: int = 7233, ui_port: int = 8233) -> None:
    """The embedded server for real days, by default where everybody expects it, until it is stopped."""
    with Processes(state) as processes:
        server = await start_dev_server(
            processes,
            provide(cache_folder()),
            db_file=state / "temporal.db",
            namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
            port=port,
            ui_port=ui_port,
        )
        await _keep_ended_runs(server)
        print(f"Temporal at {server.address}, namespace {server.namespace}, UI {server.ui_url}", flush=True)
        while True:
            processes.check()
            await asyncio.sleep(1)


async def _keep_ended_runs(server: DevServer) -> None:
    """By default the dev server forgets a run a day after its end, and with it whether that day was done."""
    client = await Client.connect(server.address, namespace=server.namespace)
    kept = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=RETENTION_DAYS * 24 * 3600))
    await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=server.namespace, config=kept))


def main() -> int:
    """Exit code 1 when there is no server or it ended, 130 after Ctrl-C."""
    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
