"""A replay: a Temporal server and namespace of its own, the upstream, the real worker, and a day through them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from runtime import PROJECT, cache_folder
from runtime.connection import configured, connect
from runtime.processes import Child, Processes
from runtime.progress import Stages
from runtime.sessions import FILE, Session, write_session
from runtime.temporal_server import (
    address_from_environment,
    free_port,
    provide,
    start_dev_server,
)
from tipoff.errors import BadInputError, TipoffError
from tipoff.vocabulary import eastern
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
)
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.search_attributes import initial_attributes
from workflows.training import TrainingWorkflow

NAMESPACE = "tipoff-replay"
RETENTION_SECONDS = 7 * 24 * 3600
STATE = ("tipoff.duckdb", "tipoff.duckdb.wal", "landing", "exports", "models", "work", "temporal.db", "summary.json")
"""What a replay writes below its folder; removed before the next one, so that it starts from nothing."""
WAIT_SECONDS = 60.0


DayHandle = WorkflowHandle[DailyPipelineWorkflow, DayResult]


class NotStartedError(TipoffError):
    """A part of the replay did not come up."""


@dataclass(frozen=True)
class Scene:
    """What is replayed, from what, and where it is written."""

    game_date: date
    archive: Path
    out: Path
    faults: Path | None = None
    settings: tuple[tuple[str, str], ...] = ()
    """Further TIPOFF_ variables of the worker."""


@dataclass(frozen=True)
class Server:
    """Where a replay's Temporal server is."""

    address: str
    ui_url: str
    variables: Mapping[str, str]
    """What Temporal's own configuration is to those who speak to it, the worker and the replay itself."""
    namespace: str = NAMESPACE


class Replay:
    """The running parts of a replay, and what can be asked of them."""

    def __init__(self, scene: Scene, processes: Processes, server: Server, client: Client, upstream: str) -> None:
        self.scene = scene
        self.server = server
        self.client = client
        self.upstream = upstream
        self.processes = processes

    def on(self, game_date: date) -> Replay:
        """The same running parts, for another date."""
        scene = replace(self.scene, game_date=game_date)
        return Replay(scene, self.processes, self.server, self.client, self.upstream)

    def start_worker(self, name: str = "worker") -> Child:
        """A worker process serving all queues; the one of this name is stopped first. It is not waited for."""
        command = [sys.executable, str(PROJECT / "worker.py")]
        return self.processes.start(name, command, env=self.worker_environment(), grace_seconds=30)

    def worker_environment(self) -> dict[str, str]:
        """Settings of a worker of this replay: its own stores and server, nothing of the person who runs it."""
        out = self.scene.out.resolve()
        foreign = ("TEMPORAL_", "TIPOFF_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
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
            **dict(self.scene.settings),
        }

    def settings(self) -> dict[str, str]:
        """The TIPOFF_ variables among them."""
        return {name: value for name, value in self.worker_environment().items() if name.startswith("TIPOFF_")}

    async def train(self, system_id: str = "catboost_v8") -> TrainingResult:
        """Train a system on everything before the date, as of its morning."""
        day = self.scene.game_date
        request = TrainingInput(system_id=system_id, before=day, as_of=eastern(day, 5))
        return await self.client.execute_workflow(
            TrainingWorkflow.run, request, id=f"training-{system_id}-{day}", task_queue=Queue.DAY
        )

    async def start_day(
        self, clock: ClockSpec, rerun: Rerun | None = None
    ) -> WorkflowHandle[DailyPipelineWorkflow, DayResult]:
        """Start the date's workflow under the given virtual clock."""
        day = DayInput(game_date=self.scene.game_date, clock=clock, rerun=rerun)
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
            static_details=f"In virtual time: `starter.py status --date {day.game_date} --replay {self.scene.out}`",
        )

    def ui_of(self, handle: DayHandle) -> str:
        """The page of a run in the Temporal UI."""
        place = f"{self.server.ui_url}/namespaces/{self.server.namespace}/workflows"
        return f"{place}/{handle.id}/{handle.result_run_id or handle.first_execution_run_id}/history"

    def check(self) -> None:
        """Raises ChildEndedError when a part of the replay is no longer there."""
        self.processes.check()


@asynccontextmanager
async def replay(scene: Scene, stages: Stages, binary: Path | None = None) -> AsyncIterator[Replay]:
    """Bring the parts up from nothing, and stop them all on the way out."""
    _require_replay_folder(scene.out)
    with Processes(scene.out / "processes") as processes:
        _clear(scene.out)
        with stages.stage("Temporal server"):
            server = await _server(scene, processes, binary)
            client = await connect(to=configured(server.variables))
            await _end_what_was_left(client)
        with stages.stage("upstream and worker"):
            upstream = await _start_upstream(scene, processes)
            running = Replay(scene, processes, server, client, upstream)
            worker = running.start_worker()
            write_session(
                scene.out,
                Session(
                    address=server.address,
                    namespace=server.namespace,
                    ui=server.ui_url,
                    exports=f"file://{scene.out.resolve()}/exports",
                    pid=os.getpid(),
                    environment=running.settings(),
                ),
            )
            await _until_says(worker, "serving ")
        yield running


async def _server(scene: Scene, processes: Processes, binary: Path | None) -> Server:
    """A server of the replay's own; that of TEMPORAL_ADDRESS only when SERVER=env says so."""
    if address := address_from_environment():
        return await _server_of_environment(address)
    server = await start_dev_server(
        processes, binary or provide(cache_folder()), db_file=scene.out / "temporal.db", namespace=NAMESPACE
    )
    variables = {
        "TEMPORAL_ADDRESS": server.address,
        "TEMPORAL_NAMESPACE": NAMESPACE,
        "TEMPORAL_CONFIG_FILE": os.devnull,  # a person's profiles name other servers, keys and certificates
    }
    return Server(server.address, server.ui_url, variables)


async def _server_of_environment(address: str) -> Server:
    ours = {name: value for name, value in os.environ.items() if name.startswith("TEMPORAL_")}
    variables = {**ours, "TEMPORAL_NAMESPACE": NAMESPACE}
    client = await connect(to=configured(variables))
    request = RegisterNamespaceRequest(
        namespace=NAMESPACE, workflow_execution_retention_period=Duration(seconds=RETENTION_SECONDS)
    )
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise BadInputError(f"namespace {NAMESPACE} cannot be made at {address}: {error.message}") from error
    return Server(address, os.environ.get("TEMPORAL_UI", "http://127.0.0.1:8233"), variables)


async def _end_what_was_left(client: Client) -> None:
    """Runs of a killed replay, on a server that outlives replays: this one's worker would go on with them."""
    async for run in client.list_workflows('ExecutionStatus = "Running"'):
        await client.get_workflow_handle(run.id, run_id=run.run_id).terminate(reason="its replay was killed")


async def _start_upstream(scene: Scene, processes: Processes) -> str:
    port = free_port()
    command = [sys.executable, "-m", "tipoff.replay.upstream", "--archive", str(scene.archive.resolve())]
    command += ["--port", str(port), "--log", str(scene.out / "requests.jsonl")]
    if scene.faults:
        command += ["--faults", str(scene.faults.resolve())]
    child = processes.start("upstream", command, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    await _until_says(child, "listening on ")
    return f"http://127.0.0.1:{port}"


async def _until_says(child: Child, word: str) -> None:
    """Wait for a line of a child's log. Raises ChildEndedError, or NotStartedError after a minute."""
    deadline = time.monotonic() + WAIT_SECONDS
    while word not in child.log.read_text(errors="replace"):
        child.check()
        if time.monotonic() > deadline:
            raise NotStartedError(f"{child.name} is not ready after {WAIT_SECONDS:.0f} s; its log:\n{child.tail()}")
        await asyncio.sleep(0.05)


def _require_replay_folder(out: Path) -> None:
    """Raises BadInputError for a folder that holds what a replay would remove, but that no replay wrote."""
    found = [name for name in STATE if (out / name).exists()]
    if found and not any((out / mark).exists() for mark in (FILE, "processes")):
        raise BadInputError(
            f"{out} holds {', '.join(found)}, and not from a replay: nothing was removed. "
            "A replay starts from nothing; give it a folder of its own, such as OUT=var/demo"
        )


def _clear(out: Path) -> None:
    """Remove what an earlier replay wrote; only that."""
    for name in (*STATE, "requests.jsonl"):
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


async def history_figures(handle: DayHandle) -> tuple[int, int]:
    """Events of a run's history, and bytes of its largest payload."""
    events = largest = 0
    async for event in handle.fetch_history_events():
        events += 1
        largest = max(largest, _largest_payload(event))
    return events, largest


def _largest_payload(event: HistoryEvent) -> int:
    return max((len(data) * 3 // 4 for data in _payload_data(json.loads(MessageToJson(event)))), default=0)


def _payload_data(value: object) -> list[str]:
    if isinstance(value, dict):
        found = [value["data"]] if "metadata" in value and isinstance(value.get("data"), str) else []
        return found + [data for part in value.values() for data in _payload_data(part)]
    if isinstance(value, list):
        return [data for part in value for data in _payload_data(part)]
    return []
