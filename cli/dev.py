"""`dev`: runs a Temporal server and a worker for real days until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cli.exit_codes import CommandError, ExitCode
from runtime import PROJECT
from runtime.connection import configured_options
from runtime.processes import ChildEndedError, Processes
from runtime.temporal_server import SERVER_PORT, STATE, start_server_for_real_days

WORKER_GRACE_SECONDS = 30.0
"""Longer than a worker needs for its graceful stop."""


async def run(options: Namespace) -> ExitCode:
    """Serve until Ctrl-C or SIGTERM. Raises CommandError FAILED if the server or the worker ends by itself."""
    await serve()
    return ExitCode.DONE


async def serve(state: Path = STATE, port: int = SERVER_PORT) -> None:
    """Run both until a stop signal, and stop both whatever happens."""
    require_own_server(port)
    try:
        with Processes(state) as processes:
            server = await start_server_for_real_days(processes, port)
            worker = processes.start(
                "worker",
                [sys.executable, str(PROJECT / "worker.py")],
                env=worker_environment(server.address, server.namespace),
                grace_seconds=WORKER_GRACE_SECONDS,
            )
            print(f"worker (process {worker.pid}); logs in {state}; Ctrl-C stops both", flush=True)
            await _check_until_stopped(processes)
            print("stopping: running activities get time to end", flush=True)
    except ChildEndedError as error:
        raise CommandError(ExitCode.FAILED, f"everything was stopped, because {error}") from error


def require_own_server(port: int, environ: Mapping[str, str] | None = None) -> None:
    """Raises CommandError USAGE if Temporal's variables or profile name another server: other commands would use it."""
    own = (f"127.0.0.1:{port}", f"localhost:{port}")
    address = configured_options(environ).get("target_host", own[0])
    if address not in own:
        raise CommandError(
            ExitCode.USAGE,
            f"TEMPORAL_ADDRESS or a profile of Temporal's configuration names {address}, not the server that would "
            f"start at {own[0]}: unset it, or start only a worker for that server (.venv/bin/python worker.py)",
        )


def worker_environment(address: str, namespace: str) -> dict[str, str]:
    """This process's variables, with the address of the server instead of other Temporal settings."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    temporal = {"ADDRESS": address, "NAMESPACE": namespace, "CONFIG_FILE": os.devnull}
    return {**others, **{f"TEMPORAL_{name}": value for name, value in temporal.items()}}


async def _check_until_stopped(processes: Processes) -> None:
    """Wait for SIGTERM or SIGINT. Raises ChildEndedError if the server or the worker ends before."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set():
        processes.check()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=0.5)
