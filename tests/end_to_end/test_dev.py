"""`starter.py dev` as a process: server and worker start together, and end together whatever ends first."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.dev import require_own_server, serve
from cli.exit_codes import CommandError
from runtime import PROJECT
from runtime.processes import start_time, stop_leftovers
from runtime.temporal_server import next_free_port

pytestmark = pytest.mark.timeout(180)

PROGRAM = """
import sys
from functools import partial
from pathlib import Path
import starter
from cli import dev
dev.serve = partial(dev.serve, Path(sys.argv[1]), int(sys.argv[2]))
starter.exit_now(starter.main(["dev"]))
"""


class Dev:
    """A running `starter.py dev` with a state folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "temporal"
        self.port = next_free_port(27_600)
        users_own = ("TEMPORAL_", "TIPOFF_WAREHOUSE", "TIPOFF_CONFIG")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(users_own)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.state), str(self.port)],
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(PROJECT), "TIPOFF_CONFIG": os.devnull},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def children(self) -> dict[str, int]:
        """The process numbers of server and worker by name."""
        recorded = json.loads((self.state / "pids.json").read_text())["children"]
        return {child["name"]: child["pid"] for child in recorded}

    def worker_serves(self) -> bool:
        log = self.state / "worker.log"
        return log.exists() and "serving tipoff-day" in log.read_text()


@pytest.fixture
def dev(tmp_path: Path, temporal_binary: Path) -> Iterator[Dev]:
    """Server and worker, as soon as the worker serves."""
    running = Dev(tmp_path)
    try:
        wait_until(running.worker_serves, running)
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        stop_leftovers(running.state)


def wait_until(condition: Callable[[], bool], running: Dev) -> None:
    while not condition():
        assert running.process.poll() is None, running.process.communicate()
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_worker_and_server(dev: Dev, number: signal.Signals) -> None:
    children = dev.children()
    assert list(children) == ["temporal", "worker"]
    dev.process.send_signal(number)
    output, errors = dev.process.communicate(timeout=60)
    assert (dev.process.returncode, errors) == (0, "")
    assert f"Temporal at 127.0.0.1:{dev.port}, namespace default, UI http://127.0.0.1:{dev.port + 1000}" in output
    assert "stopping: running activities get time to end" in output
    assert "stopping: running activities get time to end" in (dev.state / "worker.log").read_text()
    assert [start_time(pid) for pid in children.values()] == [None, None]


@pytest.mark.parametrize("name", ["worker", "temporal"])
def test_the_death_of_one_ends_the_other_with_the_reason(dev: Dev, name: str) -> None:
    children = dev.children()
    os.kill(children[name], signal.SIGKILL)
    _, errors = dev.process.communicate(timeout=60)
    assert dev.process.returncode == 1
    assert f"starter: everything was stopped, because {name} ended by itself with exit code -9" in errors
    assert "Traceback" not in errors
    assert [start_time(pid) for pid in children.values()] == [None, None]


def test_another_configured_server_is_refused() -> None:
    no_profile = {"TEMPORAL_CONFIG_FILE": os.devnull}
    for own in ("", "localhost:7233", "127.0.0.1:7233"):
        require_own_server(7233, {**no_profile, "TEMPORAL_ADDRESS": own})
    with pytest.raises(CommandError, match=r"names cloud:7233, not the server that would start .*worker\.py"):
        require_own_server(7233, {**no_profile, "TEMPORAL_ADDRESS": "cloud:7233"})


def test_nothing_is_started_for_another_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    with pytest.raises(CommandError, match=r"names temporal\.example:7233"):
        asyncio.run(asyncio.wait_for(serve(tmp_path, next_free_port(27_600)), 60))
    assert list(tmp_path.iterdir()) == []


def test_a_profile_of_another_server_is_refused(tmp_path: Path) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text('[profile.default]\naddress = "cloud:7233"\n')
    with pytest.raises(CommandError, match="names cloud:7233"):
        require_own_server(7233, {"TEMPORAL_CONFIG_FILE": str(profile)})
