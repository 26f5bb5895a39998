"""Processes killed during a day: the day continues by itself and ends with the rows of an undisturbed day."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from runtime.replay import Replay
from runtime.temporal_server import start_dev_server
from tests.support.replays import (
    ReplayedDay,
    finish_day,
    kill_worker_during,
    running_activities,
    running_replay,
    start_day,
    tables_of,
    wait_until,
)
from tests.support.validated_exports import validated_exports
from tipoff.vocabulary import RunState
from workflows.contracts import Activity

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

ONE_ROSTER_HANGS_ONCE = """
[[fault]]
source = "espn_team_rosters"
kind = "hang"
games = ["MIN@DEN"]
count = 1
"""
SEASON_BYTES = 300_000
"""The warehouse has grown by this many bytes once a season's box scores are being written."""


def requests_so_far(running: Replay) -> list[dict[str, object]]:
    log = running.config.out / "requests.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def bytes_written(running: Replay) -> int:
    files = (running.config.out / name for name in ("tipoff.duckdb", "tipoff.duckdb.wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def writing(
    running: Replay, activities: Callable[[], Awaitable[set[str]]], written: int
) -> Callable[[], Awaitable[set[str]]]:
    """A check that returns those activities during which the warehouse has grown by so many bytes."""
    sizes: dict[str, int] = {}

    async def check() -> set[str]:
        started, size = await activities(), bytes_written(running)
        return {each for each in started if size > sizes.setdefault(each, size) + written}

    return check


@pytest.fixture(scope="module")
def disturbed_day(temporal_binary: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    """The worker is killed while it writes, collects and predicts; then the server is killed."""
    return asyncio.run(_disturbed(tmp_path_factory.mktemp("disturbed"), temporal_binary, models))


async def _disturbed(out: Path, binary: Path, models: Path) -> ReplayedDay:
    async with running_replay(out, binary, models=models, faults=ONE_ROSTER_HANGS_ONCE) as running:
        handle = await start_day(running)

        async def roster_request_hangs() -> bool:
            return any(request["fault"] == "hang" for request in requests_so_far(running))

        async def games_run() -> bool:
            return sum(request["source"] == "nbac_scoreboard" for request in requests_so_far(running)) > 20

        processing = running_activities(handle, Activity.PROCESS_TOGETHER)  # both game logs
        await kill_worker_during(running, writing(running, processing, SEASON_BYTES), "a season is written")
        await wait_until(roster_request_hangs, "a roster request hangs")
        await kill_worker_during(running, running_activities(handle, Activity.COLLECT), "a source is polled")
        await kill_worker_during(running, running_activities(handle, Activity.PREDICT_TOGETHER), "the systems predict")
        await wait_until(games_run, "games run")
        assert validated_exports(out / "exports") >= {"predictions", "live", "live-grading", "status"}
        await restart_server(running, binary)
        return await finish_day(running, handle)


async def restart_server(running: Replay, binary: Path) -> None:
    """Kill the server and start it with the same file and ports."""
    running.processes.children["temporal"].kill()
    port, ui_port = (int(address.rpartition(":")[2]) for address in (running.server.address, running.server.ui_url))
    await start_dev_server(
        running.processes,
        binary,
        db_file=running.config.out / "temporal.db",
        namespace=running.server.namespace,
        port=port,
        ui_port=ui_port,
    )


def test_each_kill_interrupted_an_activity_that_was_then_retried(disturbed_day: ReplayedDay) -> None:
    events = {event.event_id: event for event in disturbed_day.history.events}
    starts = [
        event.activity_task_started_event_attributes
        for event in events.values()
        if event.HasField("activity_task_started_event_attributes")
    ]
    retried = {
        events[start.scheduled_event_id].activity_task_scheduled_event_attributes.activity_type.name
        for start in starts
        if start.attempt > 1
    }
    assert retried >= {Activity.PROCESS_TOGETHER, Activity.COLLECT, Activity.PREDICT_TOGETHER}


def test_the_day_completes_by_itself(disturbed_day: ReplayedDay, quiet_day: ReplayedDay) -> None:
    assert disturbed_day.result.state is RunState.COMPLETE
    assert disturbed_day.result == quiet_day.result


def test_the_same_activities_ran(disturbed_day: ReplayedDay, quiet_day: ReplayedDay) -> None:
    first, second = (
        Counter(each for each in day.scheduled_activities if each.activity != Activity.PUBLISH_STATUS)
        for day in (disturbed_day, quiet_day)
    )
    assert first == second


def test_the_rows_equal_those_of_the_undisturbed_day(disturbed_day: ReplayedDay, quiet_day: ReplayedDay) -> None:
    disturbed, quiet = tables_of(disturbed_day.out), tables_of(quiet_day.out)
    assert {name for name in quiet if not quiet[name].equals(disturbed[name])} == set()


def test_rosters_landed_before_the_kill_are_not_requested_again(disturbed_day: ReplayedDay) -> None:
    requests = Counter(
        request["path"] for request in disturbed_day.requests if request["source"] == "espn_team_rosters"
    )
    assert len(requests) == 24
    assert sorted(requests.values(), reverse=True)[:2] == [2, 1], "only the one that hung"
