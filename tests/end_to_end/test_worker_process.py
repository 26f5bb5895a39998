"""The worker as a process: when it refuses to start, and how it stops."""

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
from runtime.connection import CONNECT_TIMEOUT_SECONDS
from runtime.processes import Processes
from runtime.replay import Replay
from runtime.temporal_server import free_port, start_dev_server
from tests.support.days import wait_until as wait_for_status
from tests.support.replays import finish_day, running_activities, running_replay, start_day, wait_until
from tests.support.starter import NOWHERE
from tipoff.publishing.summary import SummaryPayload
from tipoff.vocabulary import DataQuality, RunState, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.contracts import Activity, CommandName, OperatorCommand
from workflows.daily_pipeline import DailyPipelineWorkflow

pytestmark = pytest.mark.timeout(300)

WITHOUT_GAMES = date(2024, 2, 19)
"""The Monday after the All-Star game: only the schedule is polled."""


def start_worker_process(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """A worker without the user's configuration."""
    users_own = ("TEMPORAL_", "TIPOFF_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(users_own)}
    return subprocess.Popen(
        [sys.executable, str(PROJECT / "worker.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, "TIPOFF_CONFIG": os.devnull, **variables},
    )


def startup_error(*arguments: str, **variables: str) -> str:
    """The error of a worker that does not start; it must not be a traceback."""
    with start_worker_process(*arguments, **variables) as worker:
        output, errors = worker.communicate(timeout=120)
    assert worker.returncode == 1, output + errors
    assert "Traceback" not in errors
    return errors


@pytest.fixture
def silent_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that accepts connections and never answers.

    The working folder is the test's own, because only one process may have the warehouse in it open.
    """
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_warehouse_that_another_process_has_open_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.duckdb"
    warehouse = DuckDbWarehouse(file)
    try:
        error = startup_error(TIPOFF_WAREHOUSE=f"duckdb:///{file}")
    finally:
        warehouse.close()
    assert f"the warehouse {file} is open in process {os.getpid()}; stop that worker first" in error


def test_a_damaged_warehouse_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.duckdb"
    DuckDbWarehouse(file).close()
    content = bytearray(file.read_bytes())
    content[: len(content) // 2] = b"\xa5" * (len(content) // 2)
    file.write_bytes(content)
    error = startup_error(TIPOFF_WAREHOUSE=f"duckdb:///{file}")
    assert f"the warehouse {file} is damaged" in error
    assert "Move the file and its log" in error


def test_a_wrong_configuration_is_refused_with_key_value_and_origin() -> None:
    error = startup_error(TIPOFF_WAREHOUSE="mysql://warehouse", TIPOFF_HISTORY_SEASONS="none")
    assert "warehouse = 'mysql://warehouse' (from TIPOFF_WAREHOUSE)" in error
    assert "history_seasons = 'none' (from TIPOFF_HISTORY_SEASONS)" in error


def test_a_missing_configuration_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in startup_error(TIPOFF_CONFIG=str(tmp_path / "tipoff.toml"))


def test_an_unknown_queue_is_refused_with_the_known_ones() -> None:
    assert "there is no task queue tipoff-moon; the queues are tipoff-day, tipoff-fetch" in startup_error(
        "--queues", "tipoff-moon"
    )


def test_without_a_server_the_worker_names_the_address(tmp_path: Path) -> None:
    error = startup_error("--queues", "tipoff-fetch", TEMPORAL_ADDRESS="127.0.0.1:1")
    assert "no Temporal server answers at 127.0.0.1:1" in error


async def test_a_stopped_worker_finishes_its_activity_and_the_next_one_continues(
    tmp_path: Path, temporal_binary: Path
) -> None:
    hanging = '[[fault]]\nsource = "nbac_schedule"\nkind = "hang"\ncount = 1\n'
    async with running_replay(
        tmp_path, temporal_binary, game_date=WITHOUT_GAMES, faults=hanging, request_seconds="3"
    ) as running:
        handle = await start_day(running)
        await wait_until(running_activities(handle, Activity.COLLECT), "the schedule is polled")
        worker = running.processes.children["worker"]
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.ends_within(25)
        assert (worker.exit_code, "stopping: running activities" in worker.log.read_text()) == (0, True)
        running.start_worker()
        day = await finish_day(running, handle)
    assert (day.result.state, day.result.data_quality) == (RunState.COMPLETE, DataQuality.EMPTY)
    page = (PROJECT / "docs" / "summary.md").read_text()
    named = {name for row in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert day.summary.keys() == named | SummaryPayload.model_fields.keys(), "a day without games has every field, too"
    assert (day.summary["players_predicted"], day.summary["first_published_at"]) == (None, None)


@pytest.mark.long
async def test_a_full_disk_parks_the_step_and_leaves_no_partial_file(tmp_path: Path, temporal_binary: Path) -> None:
    others = "tipoff-day,tipoff-warehouse,tipoff-models"
    async with running_replay(tmp_path, temporal_binary, game_date=WITHOUT_GAMES, task_queues=others) as running:
        start_fetching(running, max_file_bytes=512_000)
        handle = await start_day(running, hold_at=eastern(WITHOUT_GAMES, 5))
        status = await wait_for_status(handle, lambda status: bool(status.attention) and status.held)
        (parked,) = status.attention
        assert parked.step == "nbac_schedule"
        assert "no space left: free some" in parked.reason
        files = (path for path in (tmp_path / "landing").rglob("*") if path.is_file())
        assert [file for file in files if "nbac_schedule" in str(file)] == []
        start_fetching(running)
        command = OperatorCommand(
            name=CommandName.RETRY_STEP, target="nbac_schedule", who="Ada", why="the disk has room again"
        )
        await handle.execute_update(DailyPipelineWorkflow.retry_step, command)
        await handle.execute_update(DailyPipelineWorkflow.resume_clock, OperatorCommand(name=CommandName.RESUME_CLOCK))
        day = await finish_day(running, handle)
    assert (day.result.state, day.result.data_quality) == (RunState.COMPLETE, DataQuality.EMPTY)


def start_fetching(running: Replay, max_file_bytes: int | None = None) -> None:
    """Start a worker of the fetch queue; `max_file_bytes` limits its files, as a full disk would."""
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({max_file_bytes}, {max_file_bytes}))" if max_file_bytes else ""
    program = f"""
import resource, runpy, sys
{limit}
sys.argv = ["worker.py", "--queues", "tipoff-fetch"]
runpy.run_path({str(PROJECT / "worker.py")!r}, run_name="__main__")
"""
    running.processes.start("fetching", [sys.executable, "-c", program], env=running.worker_environment())


@pytest.mark.parametrize("module", ["tipoff.grading.accuracy", "workflows.gates", "pdfplumber", "catboost"])
def test_a_worker_with_a_failing_import_does_not_start(tmp_path: Path, silent_server: str, module: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n")
    error = startup_error(
        TEMPORAL_ADDRESS=silent_server, TIPOFF_WAREHOUSE=f"duckdb:///{tmp_path}/tipoff.duckdb", PYTHONPATH=str(tmp_path)
    )
    assert "an import failed" in error
    assert module in error
    assert "run `make setup`" in error


async def test_a_worker_stops_when_a_library_that_it_imports_later_is_damaged(
    tmp_path: Path, temporal_binary: Path
) -> None:
    package = tmp_path / "packages" / "catboost"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('libgomp.so.1: cannot open shared object file')\n")
    with Processes(tmp_path) as processes:
        server = await start_dev_server(
            processes, temporal_binary, db_file=tmp_path / "temporal.db", namespace="default"
        )
        error = startup_error(
            TEMPORAL_ADDRESS=server.address,
            TIPOFF_WAREHOUSE=f"duckdb:///{tmp_path}/tipoff.duckdb",
            PYTHONPATH=str(package.parent),
        )
    assert "an import failed (catboost: ImportError: libgomp.so.1" in error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_can_be_stopped_while_it_connects(silent_server: str, number: signal.Signals) -> None:
    with start_worker_process(TEMPORAL_ADDRESS=silent_server) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "connecting to Temporal, for at most 10 s\n"
        worker.send_signal(number)
        _, errors = worker.communicate(timeout=CONNECT_TIMEOUT_SECONDS / 2)
    assert (worker.returncode, errors) == (0, "")


async def test_a_worker_serves_metrics_and_stops_at_ctrl_c(tmp_path: Path, temporal_binary: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    async with running_replay(tmp_path, temporal_binary, game_date=WITHOUT_GAMES, metrics_address=address) as running:
        async with httpx.AsyncClient() as http:
            metrics = (await http.get(f"http://{address}/metrics")).text
        worker = running.processes.children["worker"]
        os.kill(worker.pid, signal.SIGINT)
        assert worker.ends_within(25)
        assert (worker.exit_code, "Traceback" in worker.log.read_text()) == (0, False)
    assert 'task_queue="tipoff-warehouse"' in metrics
    assert 'tipoff_provider_success_rate{provider="cdn.nba.com"' in metrics


async def test_a_replay_ignores_the_users_temporal_configuration(
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
        day = await finish_day(running, await start_day(running))
    assert day.result.state is RunState.COMPLETE
