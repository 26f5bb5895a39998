"""Runs days through a whole replay (real server, upstream and worker process) and keeps their records."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from filelock import FileLock
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError

from cli.demo_summary import write_summary
from devtools.kill_drill import tables_of as warehouse_tables
from runtime import PROJECT
from runtime.day_result import wait_for_result
from runtime.processes import Child
from runtime.replay import DayHandle, Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tests.support.days import ScheduledActivity, activities_that_ran
from tipoff.vocabulary import DayStatus, Phase, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.contracts import Activity, ClockSpec, DayResult, Rerun, ScheduledAction
from workflows.daily_pipeline import DailyPipelineWorkflow

T = TypeVar("T")

DAY = date(2024, 3, 29)
SAMPLE = PROJECT / "sample"
DAY_TIMEOUT_SECONDS = 500.0
"""The longest a day may take on a loaded machine; an idle one needs a twentieth."""


@dataclass(frozen=True)
class ReplayedDay:
    """The records of a replayed date in its folder."""

    out: Path
    game_date: date = DAY
    run: str = "first_run"
    """The folder in `out` with the records of this run of the date."""

    @cached_property
    def result(self) -> DayResult:
        return DayResult.model_validate_json(self._read("result.json"))

    @cached_property
    def status(self) -> DayStatus:
        return DayStatus.model_validate_json(self._read("status.json"))

    @cached_property
    def history(self) -> WorkflowHistory:
        return WorkflowHistory.from_json(f"daily-pipeline-{self.game_date}", self._read("history.json"))

    @cached_property
    def scheduled_activities(self) -> list[ScheduledActivity]:
        return activities_that_ran(self.history)

    @cached_property
    def summary(self) -> dict[str, Any]:
        figures: dict[str, Any] = json.loads(self._read("summary.json"))
        return figures

    @cached_property
    def requests(self) -> list[dict[str, Any]]:
        """Every request to the upstream, for all dates of the replay."""
        return [json.loads(line) for line in (self.out / "requests.jsonl").read_text().splitlines()]

    @property
    def export_folder(self) -> Path:
        """The exports at the end of the run."""
        return self._file("exports")

    @cached_property
    def exports(self) -> Mapping[str, bytes]:
        """The exports at the end of the run by their path below `exports`."""
        root = self.export_folder
        return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}

    def export(self, name: str) -> dict[str, Any]:
        """One export below `v1/`."""
        content: dict[str, Any] = json.loads(self.exports[f"v1/{name}"])
        return content

    def degraded_steps(self) -> set[str]:
        """Names of the steps that were degraded at some time."""
        return {item.step for item in self.result.degradations}

    def rows(self, query: str, **parameters: str) -> list[dict[str, Any]]:
        """The rows of a query; call it after the replay has ended."""
        return _queried(self.out, query, parameters).to_dicts()

    def record(self, **contents: str) -> None:
        """Write these JSON files, and copy the exports as they are now."""
        shutil.copytree(self.out / "exports", self.export_folder, ignore=shutil.ignore_patterns(".lock"))
        for name, content in contents.items():
            self._file(f"{name}.json").write_text(content)

    def _read(self, name: str) -> str:
        return self._file(name).read_text()

    def _file(self, name: str) -> Path:
        return self.out / self.run / self.game_date.isoformat() / name


def _queried(out: Path, query: str, parameters: Mapping[str, str]) -> pl.DataFrame:
    with opened_by_one_test(out):
        warehouse = DuckDbWarehouse(out / "tipoff.duckdb")
        try:
            return warehouse.query(query, parameters)
        finally:
            warehouse.close()


def tables_of(out: Path) -> dict[str, pl.DataFrame]:
    """All tables of a replay's warehouse, sorted by natural key; call it after the worker has ended."""
    with opened_by_one_test(out):
        return warehouse_tables(out / "tipoff.duckdb")


def opened_by_one_test(out: Path) -> FileLock:
    """Make the test processes that share a replay wait for each other: DuckDB lets one open its file."""
    return FileLock(out / "tests.lock")


@asynccontextmanager
async def running_replay(
    out: Path,
    binary: Path,
    *,
    game_date: date = DAY,
    archive: Path = SAMPLE,
    faults: str = "",
    models: Path | None = None,
    **settings: str,
) -> AsyncIterator[Replay]:
    """A running replay. `faults`: the text of a fault file; `models`: a folder with trained models."""
    changes = {f"TIPOFF_{name.upper()}": value for name, value in settings.items()}
    if models is not None:
        changes["TIPOFF_MODELS"] = f"file://{models}"
    config = ReplayConfig(game_date, archive, out, faults=_fault_file(out, faults), settings=tuple(changes.items()))
    async with start_replay(config, _silent_timer(), binary) as running:
        yield running


def _fault_file(out: Path, text: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    file = out / "faults.toml"
    file.write_text(text)
    return file


def _silent_timer() -> StageTimer:
    return StageTimer(lambda line: None)


async def start_day(
    running: Replay,
    *actions: ScheduledAction,
    rerun: Rerun | None = None,
    hold_at: Phase | datetime | None = None,
) -> DayHandle:
    """Start the date's workflow in virtual time at full speed."""
    clock = ClockSpec(starts_at=eastern(running.config.game_date, 5), actions=actions, hold_at=hold_at)
    return await running.start_day(clock, rerun)


async def finish_day(running: Replay, handle: DayHandle, run: str = "first_run") -> ReplayedDay:
    """Wait for the day to end, and write its records to the folder `run`."""
    day = ReplayedDay(running.config.out, running.config.game_date, run)
    async with asyncio.timeout(DAY_TIMEOUT_SECONDS):
        result = await wait_for_result(handle)
        status = await handle.query(DailyPipelineWorkflow.status)
    day.record(
        result=result.model_dump_json(),
        status=status.model_dump_json(),
        history=(await handle.fetch_history()).to_json(),
        summary=json.dumps(await write_summary(running, handle, result, _silent_timer())),
    )
    return day


async def run_day(running: Replay, *actions: ScheduledAction) -> ReplayedDay:
    """Run a whole day."""
    return await finish_day(running, await start_day(running, *actions))


async def replayed_day(out: Path, binary: Path, *actions: ScheduledAction, **options: Any) -> ReplayedDay:
    """Run a whole day in a replay of its own; `options` are those of `running_replay`."""
    async with running_replay(out, binary, **options) as running:
        return await run_day(running, *actions)


async def wait_until(condition: Callable[[], Awaitable[T]], description: str) -> T:
    """Check a condition every few milliseconds until it is true or not empty, and return it."""
    try:
        async with asyncio.timeout(DAY_TIMEOUT_SECONDS):
            while not (value := await condition()):  # noqa: ASYNC110 - the condition is on the server
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"timed out while waiting until {description}") from None
    return value


def running_activities(handle: WorkflowHandle[Any, Any], activity: Activity) -> Callable[[], Awaitable[set[str]]]:
    """A check that returns the ids of such activities in the state STARTED on the server."""

    async def check() -> set[str]:
        try:
            description = (await handle.describe()).raw_description
        except RPCError:
            return set()
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        return {
            pending.activity_id
            for pending in description.pending_activities
            if pending.activity_type.name == activity and pending.state == started
        }

    return check


async def kill_worker_during(running: Replay, activities: Callable[[], Awaitable[set[str]]], description: str) -> None:
    """Kill the worker with SIGKILL during one of these activities, and start it again.

    An activity that was running may end before the kill. So the worker is frozen while the server is asked again,
    and the next one is taken if none of the observed ones is running. A result that was sent before the freeze reaches
    the server before the last question, because the kill closes the connection.
    """
    interrupted: set[str] = set()
    while not interrupted:
        observed = await wait_until(activities, description)
        worker = running.processes.children["worker"]
        _freeze(worker)
        if not observed & await activities():
            os.killpg(worker.pid, signal.SIGCONT)
            continue
        worker.kill()
        interrupted = observed & await activities()
        running.start_worker()


def _freeze(child: Child) -> None:
    """Stop the process group, and return when all threads of its leader have stopped."""
    os.killpg(child.pid, signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)


def at(hour: int, minute: int = 0) -> datetime:
    """An Eastern time on DAY."""
    return eastern(DAY, hour, minute)
