"""Days that several tests check run only once, even if the tests run in several processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.support.replays import ReplayedDay, finish_day, replayed_day, run_day, running_replay, start_day
from workflows.contracts import Rerun

RERUN = Rerun(who="Ada", why="to see that nothing changes")


def _run_once(
    factory: pytest.TempPathFactory, worker_id: str, name: str, run: Callable[[Path], Coroutine[Any, Any, ReplayedDay]]
) -> ReplayedDay:
    """The day that `run` replays in a shared folder; the first test process runs it, the others wait."""
    base = factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    out, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            asyncio.run(run(out))
            done.touch()
    return ReplayedDay(out)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this test process; "master" if there is only one."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.fixture(scope="session")
def trained_day(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> ReplayedDay:
    """2024-03-29 without faults, after training CatBoost: the day of `make demo`."""

    async def run(out: Path) -> ReplayedDay:
        async with running_replay(out, temporal_binary) as running:
            await running.train()
            day = await run_day(running)
            await finish_day(running, await start_day(running, rerun=RERUN), "rerun")
            return day

    return _run_once(tmp_path_factory, worker_id, "trained_day", run)


@pytest.fixture(scope="session")
def rerun_day(trained_day: ReplayedDay) -> ReplayedDay:
    """The re-run of `trained_day`."""
    return replace(trained_day, run="rerun")


@pytest.fixture(scope="session")
def models(trained_day: ReplayedDay) -> Path:
    """The models trained for 2024-03-29."""
    return trained_day.out / "models"


@pytest.fixture(scope="session")
def quiet_day(
    temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str, models: Path
) -> ReplayedDay:
    """The same day again, in its own warehouse that was empty before."""

    async def run(out: Path) -> ReplayedDay:
        return await replayed_day(out, temporal_binary, models=models)

    return _run_once(tmp_path_factory, worker_id, "quiet_day", run)
