"""Child processes are started, watched and stopped, whatever ends the run."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime import PROJECT
from runtime.processes import (
    ChildEndedError,
    FolderInUseError,
    Processes,
    is_alive,
    start_time,
    stop_leftovers,
)

SLEEPER = ("sleep", "300")
STUBBORN = """
import signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(300)
"""

RUN = """
    import signal, sys, time
    from pathlib import Path
    from runtime.processes import Processes
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests inherited
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with Processes(Path(sys.argv[1])) as processes:
        processes.start("sleeper", ["sleep", "300"])
        processes.start("family", ["sh", "-c", "sleep 301 & echo $!; wait"])
        print("started", flush=True)
        time.sleep(300)
"""


RUN_OF_A_STUBBORN_CHILD = f"""
    import signal, sys, time
    from pathlib import Path
    from runtime.processes import Processes
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Processes(Path(sys.argv[1])) as processes:
        processes.start("stubborn", [sys.executable, "-c", {STUBBORN!r}], grace_seconds=0.3)
        print("started", flush=True)
        time.sleep(300)
"""


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Poll until the condition holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.02)


def pids(folder: Path) -> dict[str, int]:
    recorded = json.loads((folder / "pids.json").read_text())
    return {child["name"]: child["pid"] for child in recorded["children"]}


@contextmanager
def another_run(folder: Path, program: str = RUN) -> Iterator[subprocess.Popen[str]]:
    """A run with children in its own process; the children never outlive the test."""
    command = [sys.executable, "-c", textwrap.dedent(program), str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "started\n"
        yield run
        run.kill()
    stop_leftovers(folder)


def test_children_are_gone_after_the_block(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("sleeper", SLEEPER)
        assert start_time(child.pid) is not None
        assert pids(tmp_path) == {"sleeper": child.pid}
    assert start_time(child.pid) is None
    assert not (tmp_path / "pids.json").exists()


def test_children_are_gone_after_a_failure(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    with pytest.raises(FileNotFoundError), processes:
        start_an_existing_and_a_missing_program(processes)
    assert start_time(processes.children["sleeper"].pid) is None


def start_an_existing_and_a_missing_program(processes: Processes) -> None:
    processes.start("sleeper", SLEEPER)
    processes.start("upstream", ["/nowhere/upstream"])


def test_a_child_that_ignores_sigint_and_sigterm_is_killed(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("stubborn", [sys.executable, "-c", STUBBORN], grace_seconds=0.1)
        until(lambda: child.log.read_text() == "ready\n")
    assert child.exit_code == -signal.SIGKILL


def test_a_child_that_ends_by_itself_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        child = processes.start("worker", ["sh", "-c", "seq 100; echo the warehouse is locked >&2; exit 3"])
        assert child.ends_within(10)
        with pytest.raises(ChildEndedError) as report:
            processes.check()
    assert "worker ended by itself with exit code 3" in str(report.value)
    assert str(report.value).endswith("the warehouse is locked")
    assert "\n82\n" in str(report.value)
    assert "\n81\n" not in str(report.value)


def test_a_restarted_child_replaces_the_old_one_and_appends_to_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        first = processes.start("worker", ["sh", "-c", "echo first; exec sleep 300"])
        until(lambda: first.log.read_text() == "first\n")
        second = processes.start("worker", ["sh", "-c", "echo second; exec sleep 300"])
        assert start_time(first.pid) is None
        assert pids(tmp_path) == {"worker": second.pid}
        until(lambda: second.log.read_text() == "first\nsecond\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signalled_run_stops_its_children_and_their_children(tmp_path: Path, number: int) -> None:
    with another_run(tmp_path) as run:
        family = tmp_path / "family.log"
        until(family.read_text)
        all_pids = [*pids(tmp_path).values(), int(family.read_text())]
        run.send_signal(number)
        run.wait(10)
        until(lambda: [pid for pid in all_pids if start_time(pid)] == [])
        assert not (tmp_path / "pids.json").exists()


def test_a_second_ctrl_c_while_children_are_stopped_leaves_none_behind(tmp_path: Path) -> None:
    with another_run(tmp_path, RUN_OF_A_STUBBORN_CHILD) as run:
        (child,) = pids(tmp_path).values()
        until((tmp_path / "stubborn.log").read_text)
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            run.send_signal(number)
            time.sleep(0.15)
        run.wait(10)
        assert start_time(child) is None
        assert not (tmp_path / "pids.json").exists()


def test_a_run_outside_the_main_thread_stops_its_children(tmp_path: Path) -> None:
    def run() -> int:
        with Processes(tmp_path) as processes:
            return processes.start("sleeper", SLEEPER).pid

    with ThreadPoolExecutor(1) as pool:
        assert start_time(pool.submit(run).result()) is None
    assert not (tmp_path / "pids.json").exists()


def test_the_next_run_stops_the_children_of_a_killed_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with another_run(tmp_path) as run:
        left = pids(tmp_path)
        run.kill()
        run.wait(10)
        assert all(start_time(pid) for pid in left.values())
        with Processes(tmp_path):
            assert [pid for pid in left.values() if start_time(pid)] == []
    assert "stopped sleeper, left running by an earlier run" in capsys.readouterr().out


def test_make_clean_stops_the_children_of_a_killed_run(tmp_path: Path) -> None:
    with another_run(tmp_path / "demo") as run:
        left = pids(tmp_path / "demo")
        run.kill()
        run.wait(10)
        clean = [sys.executable, "-m", "runtime.processes", str(tmp_path)]
        done = subprocess.run(clean, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0
        assert "stopped sleeper" in done.stdout
        assert [pid for pid in left.values() if start_time(pid)] == []


def test_a_folder_of_a_live_run_is_refused_and_that_run_is_not_touched(tmp_path: Path) -> None:
    with another_run(tmp_path) as run:
        with pytest.raises(FolderInUseError, match=rf"process {run.pid}.*choose another folder"), Processes(tmp_path):
            pass
        assert all(start_time(pid) for pid in pids(tmp_path).values())


def test_a_process_that_only_reuses_a_recorded_number_is_not_touched(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, start_new_session=True) as stranger:
        started = start_time(stranger.pid)
        assert started is not None
        gone = {"name": "run", "pid": 2**22 + 1, "started_at": 0.0}
        recorded = {"name": "worker", "pid": stranger.pid, "started_at": started - 60}
        (tmp_path / "pids.json").write_text(json.dumps({"owner": gone, "children": [recorded]}))
        assert stop_leftovers(tmp_path) == []
        assert stranger.poll() is None
        stranger.kill()


def test_the_start_time_is_steady_while_a_process_lives_and_none_afterwards() -> None:
    with subprocess.Popen(SLEEPER) as process:
        first = start_time(process.pid)
        assert first is not None
        assert start_time(process.pid) == first
        assert is_alive(process.pid, first)
        assert start_time(os.getpid()) != first
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert start_time(process.pid) is None, "a zombie counts as gone"
    assert start_time(process.pid) is None
    assert not is_alive(process.pid, first)


@pytest.mark.parametrize(("shift_seconds", "same"), [(1, True), (-1, True), (5, False), (-5, False)])
def test_a_small_clock_correction_does_not_hide_a_process(shift_seconds: float, same: bool) -> None:
    started = start_time(os.getpid())
    assert started is not None
    assert is_alive(os.getpid(), started + shift_seconds) is same
