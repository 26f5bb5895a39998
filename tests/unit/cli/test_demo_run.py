"""What `make demo` prints of a day, its exit code, and what it leaves running: by a scripted replay."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from cli import demo
from runtime.processes import ChildEndedError
from runtime.replay import ReplayServer
from tests.support.ledgers import DAY, evening_plan, settled_ledger
from tipoff.vocabulary import DataQuality, DayStatus, RunState, eastern
from workflows.contracts import DayResult, TrainedSystem, TrainingResult
from workflows.day_status import day_status

pytestmark = pytest.mark.timeout(20)

STATUS = day_status(settled_ledger(evening_plan(), eastern(DAY, 12)), eastern(DAY, 12), virtual=True, held=False)
STARTING = RPCError("no worker", RPCStatusCode.DEADLINE_EXCEEDED, b"")
RESULT = DayResult(
    game_date=DAY,
    state=RunState.COMPLETE,
    data_quality=DataQuality.COMPLETE,
    games=3,
    first_published_at=eastern(DAY, 13, 15),
    refreshed_at=(),
    counts={},
    degradations=(),
    attention=(),
)
TRAINED = TrainingResult(
    systems=(TrainedSystem(system_id="catboost_v8", model_version="v8-a", rows=20_000, mae=4.71, last10_mae=4.92),)
)
PAGE = "http://127.0.0.1:8233/day"


class ScriptedDay:
    """A day with these statuses, one for each query, and then this end; without an end it runs on."""

    id, result_run_id, first_execution_run_id = "day", "run", "run"

    def __init__(self, statuses: list[DayStatus | RPCError], end: DayResult | Exception | None) -> None:
        self.statuses, self.end, self.terminated = statuses, end, False
        self.over = asyncio.Event()
        self.requested, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def query(self, _: object) -> DayStatus:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if len(self.statuses) == 1 and self.end is not None:
            self.over.set()
        if isinstance(status, RPCError):
            raise status
        return status

    async def result(self) -> DayResult:
        await self.over.wait()
        if isinstance(self.end, DayResult):
            return self.end
        assert self.end is not None
        raise WorkflowFailureError(cause=self.end)

    async def terminate(self, **_: object) -> None:
        self.terminated = True


class ScriptedReplay:
    """A replay of the scripted day; it ends the worker after so many checks."""

    def __init__(self, options: demo.Options, day: ScriptedDay, checks: int, training: Any, ui: str) -> None:
        self.config, self.day, self.checks, self.training = options.config, day, checks, training
        self.server = ReplayServer("127.0.0.1:7243", ui, {})

    async def train(self) -> TrainingResult:
        if isinstance(self.training, Exception):
            raise self.training
        trained: TrainingResult = self.training
        return trained

    async def start_day(self, _: object) -> ScriptedDay:
        self.day.requested.set()
        await self.day.answers.wait()
        return self.day

    def settings(self) -> dict[str, str]:
        return {"TIPOFF_EXPORTS": f"file://{self.config.out.resolve()}/exports"}

    def ui_of(self, _: object) -> str:
        return self.server.ui_url and PAGE

    def check(self) -> None:
        self.checks -= 1
        if self.checks < 0:
            raise ChildEndedError("worker ended by itself")


class Demo:
    """Runs the demo with a scripted replay."""

    def __init__(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.out, self.printed, self.started = out, io.StringIO(), False
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(demo, "POLL_SECONDS", 0.001)
        monkeypatch.setattr("cli.demo_summary.history_size", self._history_size)

    async def _history_size(self, _: object) -> tuple[int, int]:
        return 1234, 100

    async def __call__(
        self, day: ScriptedDay, *, keep: str = "", checks: int = 1000, training: Any = TRAINED, ui: str = PAGE
    ) -> int:
        options = demo.options_from({"OUT": str(self.out), "KEEP": keep})

        @asynccontextmanager
        async def start_replay(config: object, timer: object) -> AsyncIterator[ScriptedReplay]:
            assert config is options.config
            yield ScriptedReplay(options, day, checks, training, ui)

        self._monkeypatch.setattr(demo, "start_replay", start_replay)
        return await demo.run(options, Console(file=self.printed, width=200, highlight=False))

    @property
    def lines(self) -> list[str]:
        return self.printed.getvalue().splitlines()


@pytest.fixture
def run_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    return Demo(tmp_path, monkeypatch)


async def test_a_day_is_terminated_when_the_demo_is_interrupted_before_the_server_answers(run_demo: Demo) -> None:
    day = ScriptedDay([STATUS], None)
    day.answers.clear()
    running = asyncio.ensure_future(run_demo(day))
    await day.requested.wait()
    running.cancel()
    day.answers.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert day.terminated


async def test_a_complete_day_is_followed_and_summed_up_and_ends_with_0(run_demo: Demo, tmp_path: Path) -> None:
    later = STATUS.model_copy(update={"sentence": "PREDICTING: almost there"})
    assert await run_demo(ScriptedDay([STARTING, STATUS, STATUS, later, later], RESULT)) == 0
    progress = [line.strip() for line in run_demo.lines if line.strip() in {STATUS.sentence, later.sentence}]
    assert progress == [STATUS.sentence, later.sentence], "each sentence once, when it changes"
    assert "  catboost_v8 v8-a: 20,000 player-games, walk-forward MAE 4.71 points (last-10 mean 4.92)" in run_demo.lines
    assert f"  in the Temporal UI: {PAGE}" in run_demo.lines
    assert "2024-03-29: complete, data complete · 3 games · 1,234 events" in run_demo.lines
    assert not [line for line in run_demo.lines if "keep running" in line and "KEEP=1" not in line]
    assert json.loads((tmp_path / "summary.json").read_text())["state"] == "COMPLETE"


async def test_the_progress_shows_the_phases_that_poll(run_demo: Demo) -> None:
    await run_demo(ScriptedDay([STATUS], RESULT))
    (progress,) = [line for line in run_demo.lines if "12:00 ET" in line]
    rows = sum(step.rows for step in STATUS.steps)
    assert progress.startswith(f"       12:00 ET   3 games {rows:7,} rows  slate:")
    polled = list(dict.fromkeys(step.phase for step in STATUS.steps if step.polls))
    assert [phase.partition(":")[0] for phase in progress.split("rows")[1].split()] == polled


@pytest.mark.parametrize("state", sorted(set(RunState) - {RunState.COMPLETE}))
async def test_a_day_that_is_not_complete_ends_with_1_after_its_summary(run_demo: Demo, state: RunState) -> None:
    assert await run_demo(ScriptedDay([STATUS], RESULT.model_copy(update={"state": state}))) == 1
    assert [line for line in run_demo.lines if line.startswith(f"2024-03-29: {state.lower()}")]


async def test_a_day_that_failed_otherwise_is_named_and_not_summed_up(run_demo: Demo, tmp_path: Path) -> None:
    day = ScriptedDay([STATUS], ApplicationError("the plan is damaged"))
    assert await run_demo(day) == 1
    assert "the day failed: the plan is damaged" in run_demo.lines
    assert not (tmp_path / "summary.json").exists()
    assert not day.terminated


async def test_a_part_that_ends_terminates_the_day(run_demo: Demo) -> None:
    day = ScriptedDay([STATUS], None)
    with pytest.raises(ChildEndedError):
        await run_demo(day, checks=3)
    assert day.terminated


async def test_without_enough_games_the_day_runs_without_a_model(run_demo: Demo) -> None:
    short = WorkflowFailureError(cause=ApplicationError("no games before 2023-10-24"))
    assert await run_demo(ScriptedDay([STATUS], RESULT), training=short) == 0
    assert "  no model: no games before 2023-10-24" in run_demo.lines


@pytest.mark.parametrize(("ui", "shown"), [(PAGE, f" UI {PAGE};"), ("", "")])
async def test_a_kept_demo_runs_until_a_part_of_it_ends(run_demo: Demo, tmp_path: Path, ui: str, shown: str) -> None:
    with pytest.raises(ChildEndedError):
        await run_demo(ScriptedDay([STATUS], RESULT), keep="1", checks=2, ui=ui)
    assert f"server and worker keep running;{shown} Ctrl-C stops them" in run_demo.lines
    printed = run_demo.printed.getvalue()
    assert f"starter.py status --date 2024-03-29 --replay {tmp_path}" in " ".join(printed.split())
    assert ("in the Temporal UI" in printed) is bool(ui)
