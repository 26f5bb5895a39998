"""Days that several tests look at are played once for the whole run, also when it runs in several processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.support.replays import ReplayedDay, finish_day, run_day, running_replay, start_day
from workflows.contracts import Rerun

REDONE = Rerun(who="Ada", why="to see that nothing changes")


def _once(
    factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], Coroutine[Any, Any, ReplayedDay]]
) -> ReplayedDay:
    """What `make` leaves in a folder that all test processes share; the others wait for the first."""
    base = factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    out, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            asyncio.run(make(out))
            done.touch()
    return ReplayedDay(out)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this test process; "master" when there is but one."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.fixture(scope="session")
def trained_day(temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> ReplayedDay:
    """2024-03-29 with nothing amiss, CatBoost trained first: the day of `make demo`."""

    async def make(out: Path) -> ReplayedDay:
        async with running_replay(out, temporal_binary) as running:
            await running.train()
            day = await run_day(running)
            await finish_day(running, await start_day(running, rerun=REDONE), "rerun")
            return day

    return _once(tmp_path_factory, worker_id, "trained_day", make)


@pytest.fixture(scope="session")
def redone_day(trained_day: ReplayedDay) -> ReplayedDay:
    """The day of `trained_day`, done a second time after its end."""
    return replace(trained_day, run="rerun")


@pytest.fixture(scope="session")
def models(trained_day: ReplayedDay) -> Path:
    """The models trained for 2024-03-29."""
    return trained_day.out / "models"


@pytest.fixture(scope="session")
def quiet_day(
    temporal_binary: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str, models: Path
) -> ReplayedDay:
    """The same day a second time, in a warehouse of its own that was empty before."""

    async def make(out: Path) -> ReplayedDay:
        async with running_replay(out, temporal_binary, models=models) as running:
            return await run_day(running)

    return _once(tmp_path_factory, worker_id, "quiet_day", make)
