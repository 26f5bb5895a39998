"""The worker as a process: what it refuses to start with, and how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from runtime import PROJECT
from runtime.connection import CONNECT_SECONDS
from runtime.replay import Replay
from runtime.temporal_server import free_port
from tests.support.replays import finish_day, is_running, running_replay, start_day, wait_until
from tests.support.starter import NOWHERE
from tipoff.vocabulary import DataQuality, RunState, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.contracts import Activity, CommandName, OperatorCommand
from workflows.daily_pipeline import DailyPipelineWorkflow

pytestmark = pytest.mark.timeout(300)

WITHOUT_GAMES = date(2024, 2, 19)
"""The Monday after the All-Star game: only the schedule is read."""


def starting(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """A worker with nothing of this person's configuration."""
    foreign = ("TEMPORAL_", "TIPOFF_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.Popen(
        [sys.executable, str(PROJECT / "worker.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, "TIPOFF_CONFIG": os.devnull, **variables},
    )


def refusal(*arguments: str, **variables: str) -> str:
    """What a worker says that does not start; it must not show a traceback."""
    with starting(*arguments, **variables) as worker:
        out, said = worker.communicate(timeout=120)
    assert worker.returncode == 1, out + said
    assert "Traceback" not in said
    return said


@pytest.fixture
def silent_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of one that takes connections and never says a word.

    Whoever connects does so from a folder of its own: there is its warehouse, which only one process may have open.
    """
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_warehouse_that_another_process_has_open_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.duckdb"
    warehouse = DuckDbWarehouse(file)
    try:
        said = refusal(TIPOFF_WAREHOUSE=f"duckdb:///{file}")
    finally:
        warehouse.close()
    assert f"the warehouse {file} is open in process {os.getpid()}; stop that worker first" in said


def test_a_damaged_warehouse_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.duckdb"
    DuckDbWarehouse(file).close()
    content = bytearray(file.read_bytes())
    content[: len(content) // 2] = b"\xa5" * (len(content) // 2)
    file.write_bytes(content)
    said = refusal(TIPOFF_WAREHOUSE=f"duckdb:///{file}")
    assert f"the warehouse {file} is damaged" in said
    assert "Move the file away" in said


def test_a_wrong_configuration_is_refused_with_key_value_and_what_is_wanted() -> None:
    said = refusal(TIPOFF_WAREHOUSE="mysql://warehouse", TIPOFF_HISTORY_SEASONS="none")
    assert "warehouse = 'mysql://warehouse' (from TIPOFF_WAREHOUSE)" in said
    assert "history_seasons = 'none' (from TIPOFF_HISTORY_SEASONS)" in said


def test_a_configuration_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(TIPOFF_CONFIG=str(tmp_path / "tipoff.toml"))


def test_an_unknown_queue_is_refused_with_the_known_ones() -> None:
    assert "no task queue tipoff-moon; there are tipoff-day, tipoff-fetch" in refusal("--queues", "tipoff-moon")


def test_without_a_server_the_worker_says_where_it_looked(tmp_path: Path) -> None:
    said = refusal("--queues", "tipoff-fetch", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert "no Temporal server answers at 127.0.0.1:1" in said


async def test_a_worker_told_to_stop_ends_what_it_has_in_hand_and_the_next_one_goes_on(
    tmp_path: Path, temporal_binary: Path
) -> None:
    hanging = '[[fault]]\nsource = "nbac_schedule"\nkind = "hang"\ncount = 1\n'
    async with running_replay(
        tmp_path, temporal_binary, game_date=WITHOUT_GAMES, faults=hanging, request_seconds="3"
    ) as running:
        handle = await start_day(running)
        await wait_until(is_running(handle, Activity.COLLECT), "the schedule is asked for")
        worker = running.processes.children["worker"]
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.ends_within(25)
        assert (worker.exit_code, "stopping: what runs now" in worker.log.read_text()) == (0, True)
        running.start_worker()
        left = await finish_day(running, handle)
    assert (left.result.state, left.result.data_quality) == (RunState.COMPLETE, DataQuality.EMPTY)
    fields, _, _ = (PROJECT / "docs" / "summary.md").read_text().partition("Each entry of `systems`")
    named = {name for row in re.findall(r"^\| (`.*?) \|", fields, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert left.summary.keys() == named, "also a day without games has every field"
    assert (left.summary["players_predicted"], left.summary["first_published_at"]) == (None, None)


async def test_a_full_disk_parks_the_step_with_a_clear_error_and_leaves_nothing_half_written(
    tmp_path: Path, temporal_binary: Path
) -> None:
    others = "tipoff-day,tipoff-warehouse,tipoff-models"
    async with running_replay(tmp_path, temporal_binary, game_date=WITHOUT_GAMES, task_queues=others) as running:
        start_fetching(running, most_bytes=512_000)
        handle = await start_day(running, hold_at=eastern(WITHOUT_GAMES, 5))

        async def needs_attention() -> bool:
            status = await handle.query(DailyPipelineWorkflow.status)
            return bool(status.attention) and status.held

        await wait_until(is_running(handle, Activity.COLLECT), "the schedule is asked for")
        await wait_until(needs_attention, "the step is parked")
        (parked,) = (await handle.query(DailyPipelineWorkflow.status)).attention
        assert parked.step == "nbac_schedule"
        assert "no space left: free some" in parked.reason
        left_behind = (path for path in (tmp_path / "landing").rglob("*") if path.is_file())
        assert [file for file in left_behind if "nbac_schedule" in str(file)] == []
        start_fetching(running)
        order = OperatorCommand(
            name=CommandName.RETRY_STEP, target="nbac_schedule", who="Ada", why="the disk has room again"
        )
        await handle.execute_update(DailyPipelineWorkflow.retry_step, order)
        await handle.execute_update(DailyPipelineWorkflow.resume_clock, OperatorCommand(name=CommandName.RESUME_CLOCK))
        left = await finish_day(running, handle)
    assert (left.result.state, left.result.data_quality) == (RunState.COMPLETE, DataQuality.EMPTY)


def start_fetching(running: Replay, most_bytes: int | None = None) -> None:
    """A worker of the fetch queue alone; `most_bytes`: no file of its may grow beyond, as on a full disk."""
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, {most_bytes}))" if most_bytes else ""
    program = f"""
import resource, runpy, sys
{limit}
sys.argv = ["worker.py", "--queues", "tipoff-fetch"]
runpy.run_path({str(PROJECT / "worker.py")!r}, run_name="__main__")
"""
    running.processes.start("fetching", [sys.executable, "-c", program], env=running.worker_environment())


@pytest.mark.parametrize("module", ["tipoff.grading.accuracy", "workflows.gates", "pdfplumber", "catboost"])
def test_a_worker_that_cannot_import_what_it_serves_is_refused(tmp_path: Path, silent_server: str, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    said = refusal(
        TEMPORAL_ADDRESS=silent_server, TIPOFF_WAREHOUSE=f"duckdb:///{tmp_path}/tipoff.duckdb", PYTHONPATH=str(tmp_path)
    )
    assert "cannot be imported" in said
    assert module in said
    assert "run `make setup`" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_while_no_server_answers_stops(silent_server: str, number: signal.Signals) -> None:
    with starting(TEMPORAL_ADDRESS=silent_server) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "connecting to Temporal, for at most 10 s\n"
        worker.send_signal(number)
        said = worker.communicate(timeout=CONNECT_SECONDS / 2)
    assert (worker.returncode, said[1]) == (0, "")


async def test_a_serving_worker_tells_its_metrics_and_stops_at_ctrl_c(tmp_path: Path, temporal_binary: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    async with running_replay(tmp_path, temporal_binary, game_date=WITHOUT_GAMES, metrics_address=address) as running:
        async with httpx.AsyncClient() as http:
            metrics = (await http.get(f"http://{address}/metrics")).text
        worker = running.processes.children["worker"]
        os.kill(worker.pid, signal.SIGINT)
        assert worker.ends_within(25)
        assert (worker.exit_code, "Traceback" in worker.log.read_text()) == (0, False)
    assert 'task_queue="tipoff-warehouse"' in metrics


async def test_a_replay_meets_nothing_of_the_persons_temporal_configuration(
    tmp_path: Path, temporal_binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = tmp_path / "temporalio" / "temporal.toml"
    profiles.parent.mkdir()
    profiles.write_text('[profile.default]\naddress = "prod:7233"\napi_key = "secret"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    monkeypatch.setenv("TEMPORAL_API_KEY", "secret")
    async with running_replay(tmp_path / "replay", temporal_binary, game_date=WITHOUT_GAMES) as running:
        assert running.server.address != NOWHERE
        assert "secret" not in running.worker_environment().values()
        left = await finish_day(running, await start_day(running))
    assert left.result.state is RunState.COMPLETE
