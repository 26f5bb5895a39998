"""What all drills share: a replay that starts from the day before, its report, and restarts of killed processes."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from cli.demo_summary import write_summary
from devtools.drill_worker import Disturbance, DisturbancePlan, DrillFolder, Kind
from runtime import PROJECT, cache_folder
from runtime.day_result import wait_for_result
from runtime.replay import DayHandle, Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from runtime.temporal_binary import find_or_install_temporal
from runtime.temporal_server import start_dev_server
from tipoff.errors import TipoffError
from tipoff.replay.faults import Fault
from tipoff.replay.upstream.fault_file import format_faults
from tipoff.vocabulary import DayStatus, Degradation, eastern
from workflows.contracts import ClockSpec, DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow

DAY: Final = date(2024, 3, 29)
"""The date of the sample."""
POLL_SECONDS: Final = 0.05
ONE_SEASON: Final = (("TIPOFF_HISTORY_SEASONS", "1"),)
"""Drills try the machine and not the models: a training on three seasons would take minutes."""


def archive_of_drill() -> Path:
    """The archive of the variable ARCHIVE, or the sample."""
    return Path(os.environ.get("ARCHIVE") or PROJECT / "sample")


def drill_exit_code(name: str, drill: Callable[[Path], bool]) -> int:
    """Run a drill in the folder of the variable OUT, or in a temporary one; see `exit_code_of`."""
    out = os.environ.get("OUT")

    def in_folder() -> bool:
        with nullcontext(out) if out else tempfile.TemporaryDirectory(prefix=f"tipoff-{name}-") as folder:
            return drill(Path(folder))

    return exit_code_of(name, in_folder)


def exit_code_of(name: str, passes: Callable[[], bool]) -> int:
    """Exit code 0 if a run passed, 1 if not, 2 for invalid input or a failed run, 130 after Ctrl-C."""
    try:
        return 0 if passes() else 1
    except KeyboardInterrupt:
        return 130
    except TipoffError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2


def no_output() -> StageTimer:
    """A timer that prints nothing."""
    return StageTimer(lambda line: None)


def morning_of(day: date) -> ClockSpec:
    """Virtual time from the morning of a date on, at full speed."""
    return ClockSpec(starts_at=eastern(day, 5))


async def prepare(archive: Path, root: Path, day: date = DAY) -> None:
    """Replay the day before a date, which leaves the season so far in the warehouse and models trained on it.

    A folder that an earlier drill prepared stays as it is.
    """
    before, mark = day - timedelta(days=1), root / f"prepared-{day}"
    if mark.exists():
        return
    config = ReplayConfig(before, archive, root, settings=ONE_SEASON)
    async with start_replay(config, no_output()) as running:
        await running.train()
        await wait_for_result(await running.start_day(morning_of(before)))
    mark.touch()


def from_day_before(
    archive: Path,
    before: Path,
    root: Path,
    *,
    day: date = DAY,
    faults: Sequence[Fault] = (),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> ReplayConfig:
    """The replay of a date with faults, from copies of the warehouse and the models of the day before."""
    root.mkdir(parents=True, exist_ok=True)
    warehouse, models, fault_file = root / "stored.duckdb", root / "stored_models", root / "faults.toml"
    shutil.rmtree(models, ignore_errors=True)  # of an earlier run in this folder
    shutil.copyfile(before / "tipoff.duckdb", warehouse)
    shutil.copytree(before / "models", models)
    fault_file.write_text(format_faults(faults))
    stored = {"warehouse": f"duckdb:///{warehouse.resolve()}", "models": f"file://{models.resolve()}", **settings}
    changes = tuple((f"TIPOFF_{name.upper()}", value) for name, value in stored.items())
    return ReplayConfig(day, archive, root, faults=fault_file, settings=(*ONE_SEASON, *changes))


@dataclass(frozen=True)
class DayReport:
    """What a completed day reported."""

    result: DayResult
    status: DayStatus
    summary: Mapping[str, Any]
    refused: int
    """Requests that a fault affected."""
    wall_seconds: float

    def degradations_of(self, name: str) -> list[Degradation]:
        """The degradations of a step."""
        return [item for item in self.result.degradations if item.step == name]

    def has_step(self, name: str) -> bool:
        """Whether the source has its own step, and so is polled on a day without outages."""
        return any(step.name == name for step in self.status.steps)

    @property
    def predicted(self) -> int:
        return int(self.summary["players_predicted"])

    @property
    def lined(self) -> int:
        return int(self.summary["lined_players"])

    @property
    def predictions(self) -> int:
        return sum(figures["predictions"] for views in self.summary["systems"].values() for figures in views.values())

    @property
    def graded(self) -> int:
        systems = self.summary["systems"].values()
        return sum(sum(figures["outcomes"].values()) for views in systems for figures in views.values())


async def report_of(running: Replay, handle: DayHandle, started: float) -> DayReport:
    """Wait for a day to end, and report it; `started`: monotonic time."""
    result = await wait_for_result(handle)
    seconds = time.monotonic() - started
    return DayReport(
        result=result,
        status=await handle.query(DailyPipelineWorkflow.status),
        summary=await write_summary(running, handle, result, no_output()),
        refused=_refused(running.config.out / "requests.jsonl"),
        wall_seconds=seconds,
    )


def _refused(log: Path) -> int:
    return sum(json.loads(line)["fault"] is not None for line in log.read_text().splitlines())


class StarterRun(NamedTuple):
    """A command of `starter.py` that has ended."""

    exit_code: int
    output: str = ""
    """Empty if it was not captured."""


async def run_starter(typed: str, replay: Path | None = None, *, captured: bool = False) -> StarterRun:
    """Run a command of `starter.py`, about a replay if one is named; what is not captured is printed."""
    aim = ["--replay", str(replay)] if replay else []
    command = [sys.executable, str(PROJECT / "starter.py"), *shlex.split(typed), *aim]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE if captured else None)
    output, _ = await process.communicate()
    return StarterRun(process.returncode or 0, (output or b"").decode().strip())


class Recovery(NamedTuple):
    """A killed process, and the seconds from its restart until the run went on."""

    disturbance: Disturbance
    seconds: float


@dataclass
class DisturbedReplay:
    """A replay whose worker disturbs it by a plan: what was killed is restarted, and the time until then is kept."""

    running: Replay
    root: Path
    timeout_seconds: float
    variables: Mapping[str, str] = field(default_factory=dict)
    """Further variables of the worker."""
    disturb_network: Callable[[Disturbance], None] | None = None
    """Does a disturbance of the network; None: the plan has none."""
    recoveries: list[Recovery] = field(default_factory=list)
    _plan: DisturbancePlan | None = None
    _seen: int = 0

    @property
    def done(self) -> list[Disturbance]:
        """The disturbances so far."""
        return [each.disturbance for each in self._folder.done()]

    @property
    def _folder(self) -> DrillFolder:
        return DrillFolder(self.root)

    def begin(self, plan: DisturbancePlan) -> None:
        """Replace the worker by one that carries the plan out."""
        self._plan = plan
        self._write_plan()
        self.start_worker()

    def _write_plan(self) -> None:
        if self._plan is not None:
            server = self.running.processes.children["temporal"].pid
            self._folder.write_plan(self._plan.model_copy(update={"server_pid": server}))

    def start_worker(self) -> None:
        """Start the worker; a running one is stopped first."""
        command = [sys.executable, "-m", "devtools.drill_worker", str(self.root)]
        environment = {**self.running.worker_environment(), "PYTHONPATH": str(PROJECT), **self.variables}
        self.running.processes.start("worker", command, env=environment)

    async def follow(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Restart what is killed until the run has ended. Raises TipoffError if that takes too long."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await self._restart_until_ended(handle)
        except TimeoutError as error:
            raise self.error(handle, f"has not ended within {self.timeout_seconds:g} s") from error

    def error(self, handle: WorkflowHandle[Any, Any], problem: str) -> TipoffError:
        """A problem of a run, with the place of its logs."""
        where = f"the run {handle.id} of the replay {self.root.name}"
        return TipoffError(
            f"{where} {problem}; its logs are in {self.root / 'processes'}, which stay there with OUT=folder"
        )

    async def _restart_until_ended(self, handle: WorkflowHandle[Any, Any]) -> None:
        while await self._length(handle) is not None:
            self._disturb_network()
            if self._is_dead("temporal"):
                kill = self._last_kill(of_server=True)
                await self._restart_server()
                await self._recover(handle, kill, time.monotonic())
            elif self._is_dead("worker"):
                kill, started = self._last_kill(of_server=False), time.monotonic()
                self.start_worker()
                await self._recover(handle, kill, started)
            await asyncio.sleep(POLL_SECONDS)

    def _disturb_network(self) -> None:
        if self.disturb_network is None:
            return
        done = self.done
        new, self._seen = done[self._seen :], len(done)
        for disturbance in new:
            if disturbance.kind.of_network:
                self.disturb_network(disturbance)

    async def _length(self, handle: WorkflowHandle[Any, Any]) -> int | None:
        """The length of a run's history; None when it has ended, -1 when no server answers."""
        client = self.running.client
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
        return self.running.processes.children[name].exit_code is not None

    def _last_kill(self, *, of_server: bool) -> Disturbance:
        """The last kill of the server or of the worker: one may follow the other before it is restarted."""
        kinds = {Kind.SERVER} if of_server else {Kind.BEFORE, Kind.AFTER}
        killed = next((each for each in reversed(self.done) if each.kind in kinds), None)
        if killed is None:
            name = "temporal" if of_server else "worker"
            self.running.processes.children[name].check()
            raise TipoffError(f"{name} ended, and no disturbance killed it")
        return killed

    async def _recover(self, handle: WorkflowHandle[Any, Any], kill: Disturbance, started: float) -> None:
        """Wait until the run's history grows or the next process is killed, and keep the time since the restart."""
        length = before = await self._length(handle)
        while length in (before, -1) and not (self._is_dead("worker") or self._is_dead("temporal")):
            await asyncio.sleep(POLL_SECONDS)
            length = await self._length(handle)
        self.recoveries.append(Recovery(kill, time.monotonic() - started))

    async def _restart_server(self) -> None:
        server = self.running.server
        port, ui_port = (int(address.rpartition(":")[2]) for address in (server.address, server.ui_url))
        await start_dev_server(
            self.running.processes,
            find_or_install_temporal(cache_folder()),
            db_file=self.root / "temporal.db",
            namespace=server.namespace,
            port=port,
            ui_port=ui_port,
        )
        self._write_plan()
