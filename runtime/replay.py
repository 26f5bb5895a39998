"""A replay: its own Temporal server and namespace, the upstream, the real worker, and a day that runs through them.

The upstream is a local server that answers as the providers did on that day.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import takewhile
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from runtime import PROJECT, cache_folder
from runtime.connection import configured_options, connect
from runtime.processes import Child, Processes
from runtime.replay_session import SESSION_FILE, ReplaySession, write_session
from runtime.stage_timer import StageTimer
from runtime.temporal_binary import find_or_install_temporal
from runtime.temporal_server import address_from_environment, free_port, start_dev_server
from runtime.temporal_ui import find_ui, run_page
from tipoff.errors import BadInputError, TipoffError
from tipoff.replay.archive import Archive
from tipoff.replay.season_rows import load_past_inputs
from tipoff.settings import Settings, load_settings
from tipoff.training.history import seasons_up_to
from tipoff.vocabulary import eastern
from tipoff.warehouse.open import open_warehouse
from workflows.contracts import (
    TASK_TIMEOUT,
    ClockSpec,
    DayInput,
    DayResult,
    Queue,
    Rerun,
    TrainingInput,
    TrainingResult,
    day_workflow_id,
    training_workflow_id,
)
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.search_attributes import initial_attributes
from workflows.training import TrainingWorkflow

NAMESPACE = "tipoff-replay"
RETENTION_SECONDS = 7 * 24 * 3600
OUTPUT_NAMES = (
    "tipoff.duckdb",
    "tipoff.duckdb.wal",
    "landing",
    "exports",
    "models",
    "work",
    "temporal.db",
    "temporal.db-wal",
    "temporal.db-shm",
    "summary.json",
)
"""What a replay writes below its folder; the next replay removes it first."""
READY_TIMEOUT_SECONDS = 60.0


DayHandle = WorkflowHandle[DailyPipelineWorkflow, DayResult]


class NotStartedError(TipoffError):
    """A part of the replay did not start."""


@dataclass(frozen=True)
class ReplayConfig:
    """What to replay, from which archive, and where to write."""

    game_date: date
    archive: Path
    out: Path
    faults: Path | None = None
    first_port: int = 0
    """The server gets the first free port from here; 0: any free port."""
    settings: tuple[tuple[str, str], ...] = ()
    """Additional TIPOFF_ variables of the worker."""


@dataclass(frozen=True)
class ReplayServer:
    """A replay's Temporal server."""

    address: str
    ui_url: str
    """Empty if it is not known."""
    variables: Mapping[str, str]
    """The Temporal configuration of its clients, the worker and the replay itself."""
    namespace: str = NAMESPACE
    outlives_replay: bool = False
    """It was there before and keeps running."""


class Replay:
    """A running replay."""

    def __init__(
        self, config: ReplayConfig, processes: Processes, server: ReplayServer, client: Client, upstream: str
    ) -> None:
        self.config = config
        self.server = server
        self.client = client
        self.upstream = upstream
        self.processes = processes

    def for_date(self, game_date: date) -> Replay:
        """The same replay for another date."""
        config = replace(self.config, game_date=game_date)
        return Replay(config, self.processes, self.server, self.client, self.upstream)

    def start_worker(self, name: str = "worker") -> Child:
        """Start a worker process for all queues; a running worker of this name is stopped first."""
        command = [sys.executable, str(PROJECT / "worker.py")]
        return self.processes.start(name, command, env=self.worker_environment(), grace_seconds=30)

    def worker_environment(self) -> dict[str, str]:
        """The worker's variables: the replay's own stores and server, none of the user's settings."""
        out = self.config.out.resolve()
        users_own = ("TEMPORAL_", "TIPOFF_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(users_own)}
        return {
            **inherited,
            **self.server.variables,
            "TIPOFF_CONFIG": os.devnull,
            "TIPOFF_WAREHOUSE": f"duckdb:///{out}/tipoff.duckdb",
            "TIPOFF_LANDING": f"file://{out}/landing",
            "TIPOFF_EXPORTS": f"file://{out}/exports",
            "TIPOFF_MODELS": f"file://{out}/models",
            "TIPOFF_WORK": f"file://{out}/work",
            "TIPOFF_UPSTREAM": self.upstream,
            "TIPOFF_HISTORY_SEASONS": str(_seasons_held(self.config)),
            **dict(self.config.settings),
        }

    def settings(self) -> dict[str, str]:
        """The TIPOFF_ variables of the worker."""
        return {name: value for name, value in self.worker_environment().items() if name.startswith("TIPOFF_")}

    async def train(self) -> TrainingResult:
        """Train all systems on everything before the date, as of that morning."""
        day = self.config.game_date
        request = TrainingInput(before=day, as_of=eastern(day, 5))
        return await self.client.execute_workflow(
            TrainingWorkflow.run, request, id=training_workflow_id(day), task_queue=Queue.DAY
        )

    async def start_day(
        self, clock: ClockSpec, rerun: Rerun | None = None
    ) -> WorkflowHandle[DailyPipelineWorkflow, DayResult]:
        """Start the date's workflow with the given virtual clock."""
        day = DayInput(game_date=self.config.game_date, clock=clock, rerun=rerun, replay=str(self.config.out))
        return await self.client.start_workflow(
            DailyPipelineWorkflow.run,
            day,
            id=day_workflow_id(day.game_date),
            task_queue=Queue.DAY,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
            search_attributes=initial_attributes(day),
            static_summary=f"NBA {day.game_date}",
            static_details=f"In virtual time: `starter.py status --date {day.game_date} --replay {self.config.out}`",
        )

    def ui_of(self, handle: DayHandle) -> str:
        """The address of a run's page in the Temporal UI; empty if the UI is not known."""
        run_id = handle.result_run_id or handle.first_execution_run_id or ""
        ui = self.server.ui_url
        return run_page(ui, self.server.namespace, handle.id, run_id) if ui else ""

    def check(self) -> None:
        """Raises ChildEndedError if a part of the replay has ended."""
        self.processes.check()


@asynccontextmanager
async def start_replay(config: ReplayConfig, timer: StageTimer, binary: Path | None = None) -> AsyncIterator[Replay]:
    """Start all parts from nothing, and stop them all at the end. Raises BadInputError, ArchiveError."""
    Archive(config.archive).require_date(config.game_date)
    _require_replay_folder(config.out)
    with Processes(config.out / "processes") as processes:
        _clear(config.out)
        with timer.stage("Temporal server"):
            server = await _start_server(config, processes, binary)
            client = await connect(to=configured_options(server.variables))
            await _terminate_leftover_runs(client)
        with timer.stage("upstream and worker"):
            upstream = await _start_upstream(config, processes)
            replay = Replay(config, processes, server, client, upstream)
            await asyncio.to_thread(_load_past_inputs, config, load_settings(Path(os.devnull), replay.settings()))
            worker = replay.start_worker()
            write_session(
                config.out,
                ReplaySession(
                    address=server.address,
                    namespace=server.namespace,
                    ui=server.ui_url,
                    exports=replay.settings()["TIPOFF_EXPORTS"],
                    archive=config.archive.resolve(),
                    pid=os.getpid(),
                    environment=replay.settings(),
                ),
            )
            await _wait_for_log_line(worker, "serving ")
        yield replay


def _seasons_held(config: ReplayConfig) -> int:
    """The default of `history_seasons`, or fewer if the archive does not hold so many up to the date."""
    wanted, held = seasons_up_to(config.game_date, Settings().history_seasons), Archive(config.archive).seasons
    return max(1, sum(1 for _ in takewhile(held.__contains__, reversed(wanted))))


def _load_past_inputs(config: ReplayConfig, settings: Settings) -> None:
    """Load what the upstream shows of past games no longer, before the worker opens the warehouse."""
    warehouse = open_warehouse(settings.warehouse, settings)
    try:
        seasons = seasons_up_to(config.game_date, settings.history_seasons)
        load_past_inputs(warehouse, Archive(config.archive), seasons, config.game_date)
    finally:
        warehouse.close()


async def _start_server(config: ReplayConfig, processes: Processes, binary: Path | None) -> ReplayServer:
    """A dev server of the replay's own, or the server of TEMPORAL_ADDRESS if SERVER=env says so."""
    if address := address_from_environment():
        return await _use_server_of_environment(address)
    server = await start_dev_server(
        processes,
        binary or find_or_install_temporal(cache_folder()),
        db_file=config.out / "temporal.db",
        namespace=NAMESPACE,
        first_port=config.first_port,
    )
    variables = {
        "TEMPORAL_ADDRESS": server.address,
        "TEMPORAL_NAMESPACE": NAMESPACE,
        "TEMPORAL_CONFIG_FILE": os.devnull,  # the user's profiles name other servers, keys and certificates
    }
    return ReplayServer(server.address, server.ui_url, variables)


async def _use_server_of_environment(address: str) -> ReplayServer:
    ours = {name: value for name, value in os.environ.items() if name.startswith("TEMPORAL_")}
    variables = {**ours, "TEMPORAL_NAMESPACE": NAMESPACE}
    client = await connect(to=configured_options(variables))
    request = RegisterNamespaceRequest(
        namespace=NAMESPACE, workflow_execution_retention_period=Duration(seconds=RETENTION_SECONDS)
    )
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise BadInputError(f"cannot create namespace {NAMESPACE} at {address}: {error.message}") from error
    return ReplayServer(address, await find_ui(address), variables, outlives_replay=True)


async def _terminate_leftover_runs(client: Client) -> None:
    """On a server that outlives replays, this replay's worker would continue the runs of a killed one."""
    async for run in client.list_workflows('ExecutionStatus = "Running"'):
        await client.get_workflow_handle(run.id, run_id=run.run_id).terminate(reason="its replay was killed")


async def _start_upstream(config: ReplayConfig, processes: Processes) -> str:
    port = free_port()
    command = [sys.executable, "-m", "tipoff.replay.upstream", "--archive", str(config.archive.resolve())]
    command += ["--port", str(port), "--log", str(config.out / "requests.jsonl")]
    if config.faults:
        command += ["--faults", str(config.faults.resolve())]
    child = processes.start("upstream", command, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    await _wait_for_log_line(child, "listening on ")
    return f"http://127.0.0.1:{port}"


async def _wait_for_log_line(child: Child, text: str) -> None:
    """Wait until a child's log holds a text. Raises ChildEndedError, or NotStartedError after a minute."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while text not in child.log.read_text(errors="replace"):
        child.check()
        if time.monotonic() > deadline:
            raise NotStartedError(
                f"{child.name} is not ready after {READY_TIMEOUT_SECONDS:.0f} s; its log:\n{child.tail()}"
            )
        await asyncio.sleep(0.05)


def _require_replay_folder(out: Path) -> None:
    """Raises BadInputError if a replay would remove files here that no replay wrote."""
    present = [name for name in OUTPUT_NAMES if (out / name).exists()]
    if present and not any((out / mark).exists() for mark in (SESSION_FILE, "processes")):
        raise BadInputError(
            f"{out} holds {', '.join(present)}, which no replay wrote, so nothing was removed. "
            "A replay clears its folder first: give it a folder of its own, such as OUT=var/demo"
        )


def _clear(out: Path) -> None:
    """Remove what an earlier replay wrote, and nothing else."""
    for name in (*OUTPUT_NAMES, "requests.jsonl"):
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
