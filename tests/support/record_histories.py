"""Records the golden histories: `python -m tests.support.record_histories [NAME …]`; all without names.

Run it when a change of the workflow changes on purpose what a day does.
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
from tests.support.backfills import backfill_range
from tests.support.scenarios import SCENARIOS, live_scoring, rate_limiter

FOLDER = PROJECT / "tests" / "histories"
SUFFIX = ".json.gz"
RATE_LIMITER, BACKFILL_RANGE = rate_limiter.__name__, backfill_range.__name__
LIVE_SCORING = live_scoring.__name__
OTHERS = {RATE_LIMITER: rate_limiter, BACKFILL_RANGE: backfill_range, LIVE_SCORING: live_scoring}
"""The histories that are no day's."""


async def record(names: Sequence[str]) -> None:
    """Run these scenarios on a server of their own and keep their histories."""
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
            if name in OTHERS:
                sys.stdout.write(f"{name}: {keep(name, await OTHERS[name](client)):,} bytes\n")
                continue
            run = await SCENARIOS[name](client)
            size = keep(name, run.history)
            sys.stdout.write(f"{name}: {len(run.history.events)} events, {size:,} bytes, {run.status.sentence}\n")


def keep(name: str, history: WorkflowHistory) -> int:
    """Write a history; its size in bytes."""
    text = json.dumps(_without_traces(history.to_json_dict()))
    return (FOLDER / f"{name}{SUFFIX}").write_bytes(gzip.compress(text.encode(), mtime=0))


def _without_traces(value: Any) -> Any:
    """Remove stack traces, which contain paths of the recording machine."""
    match value:
        case dict():
            return {key: _without_traces(item) for key, item in value.items() if key != "stackTrace"}
        case list():
            return [_without_traces(item) for item in value]
        case _:
            return value


def recorded_history(name: str) -> WorkflowHistory:
    """A kept history, under the id of its run: ids of child workflows are made of it."""
    kept = WorkflowHistory.from_json(name, gzip.decompress((FOLDER / f"{name}{SUFFIX}").read_bytes()).decode())
    started = kept.events[0].workflow_execution_started_event_attributes
    return WorkflowHistory(started.workflow_id, kept.events)


if __name__ == "__main__":
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)  # scripted failures are expected
    asyncio.run(record(sys.argv[1:] or [*SCENARIOS, *OTHERS]))
