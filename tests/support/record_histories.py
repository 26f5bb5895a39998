"""Records the golden histories anew: `python -m tests.support.record_histories [NAME …]`; all without names.

To be run when a change of the workflow is meant to change what a day does, and read: the difference is the change.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory

from runtime import PROJECT, cache_folder
from runtime.connection import DATA_CONVERTER
from runtime.processes import Processes
from runtime.temporal_binary import find_or_install_temporal
from runtime.temporal_server import start_dev_server
from tests.support.scenarios import SCENARIOS, rate_limiter

FOLDER = PROJECT / "tests" / "histories"
SUFFIX = ".json.gz"
RATE_LIMITER = rate_limiter.__name__
"""What is no day: the run of a provider's domain."""


async def record(names: Sequence[str]) -> None:
    """Play these on a server of their own and keep their histories."""
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        server = await start_dev_server(
            processes,
            find_or_install_temporal(cache_folder()),
            db_file=Path(folder) / "temporal.db",
            namespace="recording",
        )
        client = await Client.connect(
            server.address, namespace=server.namespace, data_converter=DATA_CONVERTER, identity="recorder"
        )
        for name in names:
            if name == RATE_LIMITER:
                sys.stdout.write(f"{name}: {keep(name, await rate_limiter(client)):,} bytes\n")
                continue
            played = await SCENARIOS[name](client)
            size = keep(name, played.history)
            sys.stdout.write(f"{name}: {len(played.history.events)} events, {size:,} bytes, {played.status.sentence}\n")


def keep(name: str, history: WorkflowHistory) -> int:
    """Write a history; its bytes."""
    text = json.dumps(_without_traces(history.to_json_dict()))
    return (FOLDER / f"{name}{SUFFIX}").write_bytes(gzip.compress(text.encode(), mtime=0))


def _without_traces(value: Any) -> Any:
    """Stack traces tell where the code lay on the machine that recorded it."""
    match value:
        case dict():
            return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
        case list():
            return [_without_traces(item) for item in value]
        case _:
            return value


def recorded(name: str) -> WorkflowHistory:
    """A kept history."""
    return WorkflowHistory.from_json(name, gzip.decompress((FOLDER / f"{name}{SUFFIX}").read_bytes()).decode())


if __name__ == "__main__":
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)  # scripted failures are no news
    asyncio.run(record(sys.argv[1:] or [*SCENARIOS, RATE_LIMITER]))
