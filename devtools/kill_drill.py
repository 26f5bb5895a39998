"""`make drills`: replay a day undisturbed, then with the worker and the server killed inside every kind of activity.

Kills come after the publication of predictions, where the day has such an activity then. Both replays start from the
warehouse and model of the day before; after the day each of them re-runs it and trains. The drill compares all tables,
exports and models, and prints how long each restart took until the run went on.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from rich.console import Console
from rich.table import Table
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

from devtools.drill_worker import Kill, KillFolder, KillPlan, KillWhen
from devtools.outage_drill import DAY, prepare
from runtime import PROJECT, cache_folder
from runtime.failures import failure_message
from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from runtime.temporal_binary import find_or_install_temporal
from runtime.temporal_server import start_dev_server
from tipoff.errors import TipoffError
from tipoff.vocabulary import Channel, Phase, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES, Layer
from workflows.contracts import (
    Activity,
    ClockSpec,
    CommandName,
    OperatorCommand,
    Queue,
    Rerun,
    ScheduledAction,
    TrainingInput,
)
from workflows.training import TrainingWorkflow

MEDIAN_LIMIT_SECONDS = 3.0
RUN_TIMEOUT_SECONDS = 900.0
POLL_SECONDS = 0.05
ANYTIME = (Activity.PLAN_DAY,)
OUTSIDE_A_DAY = (Activity.DESCRIBE_SETTINGS,)
"""Run by `doctor`; it writes nothing."""
COMPARED_FOLDERS = ("exports", "stored_models")


class Recovery(NamedTuple):
    """A kill, and the seconds from the restart until the run went on."""

    kill: Kill
    seconds: float


def all_kills() -> tuple[Kill, ...]:
    """Every kind of activity of a day, of its re-run and of training, killed in every way."""
    return tuple(Kill(activity=kind, when=when) for kind in Activity if kind not in OUTSIDE_A_DAY for when in KillWhen)


def _config(archive: Path, before: Path, root: Path) -> ReplayConfig:
    """The replay of the day, from copies of the warehouse and the models of the day before."""
    warehouse, models = root / "stored.duckdb", root / "stored_models"
    root.mkdir(parents=True)
    shutil.copyfile(before / "tipoff.duckdb", warehouse)
    shutil.copytree(before / "models", models)
    stored = (
        ("TIPOFF_WAREHOUSE", f"duckdb:///{warehouse.resolve()}"),
        ("TIPOFF_MODELS", f"file://{models.resolve()}"),
    )
    return ReplayConfig(DAY, archive, root, settings=stored)


async def replay(archive: Path, before: Path, root: Path, kills: Sequence[Kill]) -> list[Recovery]:
    """Replay the day, re-run it and train, with these kills; the recoveries.

    The re-run computes each step in an activity of its own.
    """
    async with start_replay(_config(archive, before, root), StageTimer(lambda line: None)) as running:
        drill = _Drill(running, root)
        if kills:
            drill.begin(kills)
        clock = ClockSpec(starts_at=eastern(DAY, 5), actions=(REFRESH,))
        await drill.follow(await running.start_day(clock))
        await drill.follow(await running.start_day(clock, Rerun(from_phase=Phase.PREDICT)))
        training = TrainingInput(before=DAY, as_of=eastern(DAY, 5))
        client = running.client
        await drill.follow(
            await client.start_workflow(TrainingWorkflow.run, training, id="drill-training", task_queue=Queue.DAY)
        )
        return drill.recoveries


REFRESH = ScheduledAction(
    at=eastern(DAY, 16), command=OperatorCommand(name=CommandName.REFRESH_LINES, who="drill"), via=Channel.SIGNAL
)
"""A command of the scenario, so that the day delivers one."""


class _Drill:
    """Restarts what a replay's worker kills, and measures how long the run stands."""

    def __init__(self, running: Replay, root: Path) -> None:
        self._running, self._root = running, root
        self._folder = KillFolder(root)
        self._kills: tuple[Kill, ...] = ()
        self.recoveries: list[Recovery] = []

    def begin(self, kills: Sequence[Kill]) -> None:
        """Replace the worker by one that kills."""
        self._kills = tuple(kills)
        self._write_plan()
        self._start_worker()

    def _write_plan(self) -> None:
        published = self._root / "exports" / "v1" / "predictions" / f"{DAY}.json"
        server = self._running.processes.children["temporal"].pid
        self._folder.write_plan(KillPlan(kills=self._kills, after_file=published, anytime=ANYTIME, server_pid=server))

    def _start_worker(self) -> None:
        command = [sys.executable, "-m", "devtools.drill_worker", str(self._root)]
        environment = {**self._running.worker_environment(), "PYTHONPATH": str(PROJECT)}
        self._running.processes.start("worker", command, env=environment)

    async def follow(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Restart what is killed until the run has ended. Raises TipoffError if it fails or takes too long."""
        try:
            async with asyncio.timeout(RUN_TIMEOUT_SECONDS):
                await self._restart_until_ended(handle)
            await handle.result()
        except TimeoutError as error:
            raise self._error(handle, f"has not ended within {RUN_TIMEOUT_SECONDS:g} s") from error
        except WorkflowFailureError as failure:
            raise self._error(handle, f"failed: {failure_message(failure)}") from failure

    def _error(self, handle: WorkflowHandle[Any, Any], problem: str) -> TipoffError:
        where = f"the run {handle.id} of the replay {self._root.name}"
        return TipoffError(
            f"{where} {problem}; its logs are in {self._root / 'processes'}, which stay there with OUT=folder"
        )

    async def _restart_until_ended(self, handle: WorkflowHandle[Any, Any]) -> None:
        while await self._length(handle) is not None:
            if self._is_dead("temporal"):
                kill = self._last_kill(of_server=True)
                await self._restart_server()
                await self._recover(handle, kill, time.monotonic())
            elif self._is_dead("worker"):
                kill, started = self._last_kill(of_server=False), time.monotonic()
                self._start_worker()
                await self._recover(handle, kill, started)
            await asyncio.sleep(POLL_SECONDS)

    async def _length(self, handle: WorkflowHandle[Any, Any]) -> int | None:
        """The length of a run's history; None when it has ended, -1 when no server answers."""
        client = self._running.client
        request = DescribeWorkflowExecutionRequest(
            namespace=client.namespace, execution=WorkflowExecution(workflow_id=handle.id)
        )
        try:
            # Without the retries of `handle.describe()`, which take ten seconds while the server is dead.
            service = client.workflow_service
            described = await service.describe_workflow_execution(request, retry=False, timeout=timedelta(seconds=2))
        except RPCError:
            return -1
        run = described.workflow_execution_info
        return None if run.HasField("close_time") else run.history_length

    def _is_dead(self, name: str) -> bool:
        return self._running.processes.children[name].exit_code is not None

    def _last_kill(self, *, of_server: bool) -> Kill:
        """The last kill of the server or of the worker: one may follow the other before it is restarted."""
        kills = (each.kill for each in reversed(self._folder.done()))
        return next(kill for kill in kills if (kill.when is KillWhen.SERVER) is of_server)

    async def _recover(self, handle: WorkflowHandle[Any, Any], kill: Kill, started: float) -> None:
        """Wait until the run's history grows or the next process is killed, and keep the time since the restart."""
        length = before = await self._length(handle)
        while length in (before, -1) and not (self._is_dead("worker") or self._is_dead("temporal")):
            await asyncio.sleep(POLL_SECONDS)
            length = await self._length(handle)
        self.recoveries.append(Recovery(kill, time.monotonic() - started))

    async def _restart_server(self) -> None:
        server = self._running.server
        port, ui_port = (int(address.rpartition(":")[2]) for address in (server.address, server.ui_url))
        await start_dev_server(
            self._running.processes,
            find_or_install_temporal(cache_folder()),
            db_file=self._root / "temporal.db",
            namespace=server.namespace,
            port=port,
            ui_port=ui_port,
        )
        self._write_plan()


def differences(first: Path, second: Path) -> list[str]:
    """The tables and files in which two replays differ."""
    tables, others = (tables_of(root / "stored.duckdb") for root in (first, second))
    different = [f"table {name}" for name in tables if not tables[name].equals(others[name])]
    for folder in COMPARED_FOLDERS:
        files, other_files = (_files(root / folder) for root in (first, second))
        names = sorted({*files, *other_files})
        different += [f"{folder}/{name}" for name in names if files.get(name) != other_files.get(name)]
    return different


def tables_of(file: Path) -> dict[str, pl.DataFrame]:
    """All tables of a warehouse, sorted by natural key, without the ids that Temporal gives to runs.

    Call it after the worker has ended.
    """
    warehouse = DuckDbWarehouse(file)
    try:
        return {
            table.name: warehouse.query(f"SELECT * FROM {table.name}")  # noqa: S608
            .sort(table.natural_key)
            .drop("run_id", strict=False)
            for table in TABLES.values()
            if table.layer is not Layer.VIEW
        }
    finally:
        warehouse.close()


def _files(folder: Path) -> dict[str, bytes]:
    """The files that readers see, without the wall-clock time at which an export was written."""
    return {
        str(file.relative_to(folder)): re.sub(rb'"generated_at":"[^"]*"', b"", file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


def print_report(
    kills: Sequence[Kill], recoveries: Sequence[Recovery], different: Sequence[str], console: Console
) -> None:
    """Print a row for each kill, the median recovery, and what differs."""
    seconds = {recovery.kill: recovery.seconds for recovery in recoveries}
    table = Table("activity", "killed", "restart to progress, s", title=f"{DAY}, with kills", title_justify="left")
    for kill in kills:
        recovered = f"{seconds[kill]:.1f}" if kill in seconds else "the day had no such activity then"
        table.add_row(kill.activity, kill.when, recovered)
    console.print(table)
    if seconds:
        median = statistics.median(seconds.values())
        limit = "within" if median <= MEDIAN_LIMIT_SECONDS else "over"
        console.print(f"median {median:.1f} s, {limit} the limit of {MEDIAN_LIMIT_SECONDS:.0f} s for an idle machine")
    console.print(f"different: {', '.join(different)}" if different else "all tables, exports and models are equal")


async def run_drill(archive: Path, root: Path, kills: Sequence[Kill], console: Console) -> bool:
    """Replay the day twice and print the comparison; whether every kill was done and both replays are equal."""
    before, quiet, killed = (root / name for name in ("before", "quiet", "killed"))
    await prepare(archive, before)
    await replay(archive, before, quiet, ())
    recoveries = await replay(archive, before, killed, kills)
    different = differences(quiet, killed)
    print_report(kills, recoveries, different, console)
    return not different and {recovery.kill for recovery in recoveries} == {*kills}


def main() -> int:
    """Exit code 0 if both replays are equal, 1 if they differ or a kill was not done, 2: failed run, 130: Ctrl-C."""
    out = os.environ.get("OUT")
    archive = Path(os.environ.get("ARCHIVE") or PROJECT / "sample")
    try:
        with nullcontext(out) if out else tempfile.TemporaryDirectory(prefix="tipoff-drill-") as folder:
            passed = asyncio.run(run_drill(archive, Path(folder), all_kills(), Console(width=120, highlight=False)))
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(f"drills: {error}", file=sys.stderr)
        return 2
    return 0 if passed else 1


if __name__ == "__main__":
    exit_now(main())
