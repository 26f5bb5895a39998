"""Records the golden histories: `python -m tests.support.record_histories [NAME …]`; all without names.

Run it when a change of the workflow changes on purpose what a day does. The commands of each history are counted in
`tests/histories/commands.txt`, where a review sees the change.

`python -m tests.support.record_histories --release 0.1.0` keeps the present histories as those of a released version.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import shutil
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
from tests.support.history_commands import format_commands
from tests.support.scenarios import SCENARIOS, live_scoring, rate_limiter

FOLDER = PROJECT / "tests" / "histories"
SUFFIX = ".json.gz"
RELEASED = FOLDER / "released"
"""A folder for each released version, whose runs may still be in progress."""
COMMANDS = FOLDER / "commands.txt"
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
    """A kept history."""
    return read_history(FOLDER / f"{name}{SUFFIX}")


def read_history(file: Path) -> WorkflowHistory:
    """The history in a file, under the id of its run: ids of child workflows are made of it."""
    kept = WorkflowHistory.from_json(file.name, gzip.decompress(file.read_bytes()).decode())
    started = kept.events[0].workflow_execution_started_event_attributes
    return WorkflowHistory(started.workflow_id, kept.events)


def released_histories() -> list[Path]:
    """The histories of all released versions."""
    return sorted(RELEASED.glob(f"*/*{SUFFIX}"))


def superseded_histories() -> list[Path]:
    """The released histories that differ from the present ones of the same name, which other tests replay."""
    return [file for file in released_histories() if not _is_present(file)]


def _is_present(file: Path) -> bool:
    present = FOLDER / file.name
    return present.exists() and present.read_bytes() == file.read_bytes()


def release(version: str) -> int:
    """Keep the present histories as those of a released version; returns their number."""
    folder = RELEASED / version
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return len([shutil.copy(file, folder) for file in FOLDER.glob(f"*{SUFFIX}")])


def commands_text() -> str:
    """The commands of each kept history in a line."""
    names = sorted(file.name.removesuffix(SUFFIX) for file in FOLDER.glob(f"*{SUFFIX}"))
    return "".join(f"{name}: {format_commands(recorded_history(name))}\n" for name in names)


def main(arguments: Sequence[str]) -> None:
    """Record histories, or keep them as those of a release."""
    if "--release" in arguments:
        sys.stdout.write(f"histories kept: {release(arguments[-1])}\n")
        return
    logging.getLogger("temporalio.activity").setLevel(logging.ERROR)  # scripted failures are expected
    asyncio.run(record(arguments or [*SCENARIOS, *OTHERS]))
    COMMANDS.write_text(commands_text())


if __name__ == "__main__":
    main(sys.argv[1:])
