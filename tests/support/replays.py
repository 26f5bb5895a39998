"""Whole replays: the real server, upstream and worker process, a day through them, and what it left behind."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowHistory
from temporalio.service import RPCError

from cli.demo_summary import write_summary
from runtime import PROJECT
from runtime.replay import DayHandle, Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tests.support.days import Deed, deeds
from tipoff.vocabulary import DayStatus, Phase, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES, Layer
from workflows.contracts import Activity, ClockSpec, DayResult, Rerun, ScheduledAction
from workflows.daily_pipeline import DailyPipelineWorkflow

DAY = date(2024, 3, 29)
SAMPLE = PROJECT / "sample"
PATIENCE_SECONDS = 500.0
"""How long a day may take on a busy machine before the test fails; a quiet one needs a twentieth."""


@dataclass(frozen=True)
class Left:
    """What a replayed date left in its folder."""

    out: Path
    game_date: date = DAY
    kept: str = "kept"
    """The folder in `out` that holds what the run told; a second run of the date has one of its own."""

    @cached_property
    def result(self) -> DayResult:
        return DayResult.model_validate_json(self._kept("result.json"))

    @cached_property
    def status(self) -> DayStatus:
        return DayStatus.model_validate_json(self._kept("status.json"))

    @cached_property
    def history(self) -> WorkflowHistory:
        return WorkflowHistory.from_json(f"daily-pipeline-{self.game_date}", self._kept("history.json"))

    @cached_property
    def deeds(self) -> list[Deed]:
        return deeds(self.history)

    @cached_property
    def summary(self) -> dict[str, Any]:
        figures: dict[str, Any] = json.loads(self._kept("summary.json"))
        return figures

    @cached_property
    def requests(self) -> list[dict[str, Any]]:
        """Every request the upstream answered, of all dates of the replay."""
        return [json.loads(line) for line in (self.out / "requests.jsonl").read_text().splitlines()]

    @cached_property
    def exports(self) -> Mapping[str, bytes]:
        """Path below `exports`, as they were when the run ended -> content."""
        root = self._kept_at("exports")
        return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}

    def export(self, name: str) -> dict[str, Any]:
        """One export below `v1/`."""
        content: dict[str, Any] = json.loads(self.exports[f"v1/{name}"])
        return content

    def degraded_steps(self) -> set[str]:
        """Steps the day went without at some time."""
        return {item.step for item in self.result.degradations}

    def rows(self, query: str, **parameters: str) -> list[dict[str, Any]]:
        """Rows of a query, once the replay is over."""
        return _queried(self.out, query, parameters).to_dicts()

    def keep(self, **told: str) -> None:
        """Keep what the run told, and its exports as they are now."""
        shutil.copytree(self.out / "exports", self._kept_at("exports"), ignore=shutil.ignore_patterns(".lock"))
        for name, content in told.items():
            self._kept_at(f"{name}.json").write_text(content)

    def _kept(self, name: str) -> str:
        return self._kept_at(name).read_text()

    def _kept_at(self, name: str) -> Path:
        return self.out / self.kept / self.game_date.isoformat() / name


def _queried(out: Path, query: str, parameters: Mapping[str, str]) -> pl.DataFrame:
    warehouse = DuckDbWarehouse(out / "tipoff.duckdb")
    try:
        return warehouse.query(query, parameters)
    finally:
        warehouse.close()


def tables_of(out: Path) -> dict[str, pl.DataFrame]:
    """All rows of a replay's warehouse, in the order of their keys, once its worker has ended."""
    warehouse = DuckDbWarehouse(out / "tipoff.duckdb")
    try:
        return {
            table.name: warehouse.query(f"SELECT * FROM {table.name}").sort(table.natural_key)  # noqa: S608
            for table in TABLES.values()
            if table.layer is not Layer.VIEW
        }
    finally:
        warehouse.close()


@asynccontextmanager
async def staged(
    out: Path,
    binary: Path,
    *,
    game_date: date = DAY,
    archive: Path = SAMPLE,
    faults: str = "",
    models: Path | None = None,
    **settings: str,
) -> AsyncIterator[Replay]:
    """A replay whose parts run. `faults`: the text of a fault file; `models`: a folder trained before."""
    changes = {f"TIPOFF_{name.upper()}": value for name, value in settings.items()}
    if models is not None:
        changes["TIPOFF_MODELS"] = f"file://{models}"
    scene = ReplayConfig(game_date, archive, out, faults=_fault_file(out, faults), settings=tuple(changes.items()))
    async with start_replay(scene, _silent_stages(), binary) as running:
        yield running


def _fault_file(out: Path, text: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    file = out / "faults.toml"
    file.write_text(text)
    return file


def _silent_stages() -> StageTimer:
    return StageTimer(lambda line: None)


async def started(
    running: Replay,
    *actions: ScheduledAction,
    rerun: Rerun | None = None,
    hold_at: Phase | datetime | None = None,
) -> DayHandle:
    """The date's workflow under way in virtual time, as fast as it goes."""
    clock = ClockSpec(starts_at=eastern(running.config.game_date, 5), actions=actions, hold_at=hold_at)
    return await running.start_day(clock, rerun)


async def ended(running: Replay, handle: DayHandle, kept: str = "kept") -> Left:
    """The day's end, and all it can tell kept in its folder."""
    left = Left(running.config.out, running.config.game_date, kept)
    async with asyncio.timeout(PATIENCE_SECONDS):
        result = await handle.result()
        status = await handle.query(DailyPipelineWorkflow.status)
    left.keep(
        result=result.model_dump_json(),
        status=status.model_dump_json(),
        history=(await handle.fetch_history()).to_json(),
        summary=json.dumps(await write_summary(running, handle, result, _silent_stages())),
    )
    return left


async def play(running: Replay, *actions: ScheduledAction) -> Left:
    """A whole day."""
    return await ended(running, await started(running, *actions))


async def until(happens: Callable[[], Awaitable[bool]], what: str) -> None:
    """Look again and again, as fast as looking goes, until something is so."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if await happens():
                    return
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"it never came to this: {what}") from None


def in_hand(handle: DayHandle, activity: Activity) -> Callable[[], Awaitable[bool]]:
    """Whether a worker is carrying such an activity out at this moment, as the server sees it."""

    async def looks_so() -> bool:
        try:
            description = (await handle.describe()).raw_description
        except RPCError:
            return False
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        return any(
            pending.activity_type.name == activity and pending.state == started
            for pending in description.pending_activities
        )

    return looks_so


def at(hour: int, minute: int = 0) -> datetime:
    """An Eastern time of the usual date."""
    return eastern(DAY, hour, minute)
