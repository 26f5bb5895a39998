"""Starts child processes and makes sure that none outlives its run.

Each child leads its own process group and writes to its own log file. `pids.json` records every child with its start
time, which distinguishes it from a later process with the same number. All children are stopped when the run ends:
normally, by a failure, Ctrl-C, SIGTERM or a closed terminal. If a run is killed with SIGKILL, the next run in the same
folder, or `python -m runtime.processes FOLDER`, stops its children.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

import psutil

from tipoff.atomic_write import atomic_write
from tipoff.errors import TipoffError

TAIL_LINES = 20
CLOCK_TOLERANCE_SECONDS = 2.0
"""The system reports start times relative to its clock, so a clock correction shifts them a little."""

_ESCALATION = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class ChildEndedError(TipoffError):
    """A child process ended by itself; the text holds the end of its log."""


class FolderInUseError(TipoffError):
    """Another live run has its processes in this folder."""


class Child:
    """A running child process, the leader of its own process group."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, grace_seconds: float) -> None:
        self.name = name
        self.log = log
        self.started_at = start_time(process.pid)
        self._process = process
        self._grace_seconds = grace_seconds

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while the process runs; negative if a signal ended it."""
        return self._process.poll()

    def check(self) -> None:
        """Raises ChildEndedError if the process has ended."""
        if self.exit_code is not None:
            raise ChildEndedError(
                f"{self.name} ended by itself with exit code {self.exit_code}; "
                f"the end of its log {self.log}:\n{self.tail()}"
            )

    def listens_on(self, port: int) -> bool:
        """Whether the process itself listens on a TCP port, and not another one that took it first."""
        try:
            connections = psutil.Process(self.pid).net_connections("tcp")
        except psutil.Error:
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)

    def ends_within(self, seconds: float) -> bool:
        """Wait for the process to end, at most so long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the whole process group at once with SIGKILL."""
        _signal_group(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Send SIGINT, SIGTERM and SIGKILL in turn until the process is gone, then SIGKILL its group."""
        _stop_group(self.pid, self._grace_seconds, self.ends_within)

    def tail(self) -> str:
        """The last lines of its log."""
        with self.log.open(errors="replace") as lines:
            return "".join(deque(lines, TAIL_LINES)).rstrip() or "(empty)"


class Processes:
    """The child processes of one run; its folder holds `pids.json` and one log for each child.

    Raises FolderInUseError on entry if another live run uses the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[str, Child] = {}
        self._handlers: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in stop_leftovers(self.folder):
            print(f"stopped {name}, left running by an earlier run that was killed", flush=True)
        self._write_pids()
        if _in_main_thread():
            handled = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
            self._handlers = {number: signal.signal(number, _exit) for number in handled}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _signals_ignored():
            for child in reversed(self.children.values()):
                child.stop()
            (self.folder / "pids.json").unlink(missing_ok=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        grace_seconds: float = 5.0,
    ) -> Child:
        """Start a process that logs to `{name}.log`; a name used before is a restart and appends to its log."""
        log = self.folder / f"{name}.log"
        restart = name in self.children
        if restart:
            self.children[name].stop()
        with log.open("ab" if restart else "wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )
        self.children[name] = Child(name, process, log, grace_seconds)
        self._write_pids()
        return self.children[name]

    def check(self) -> None:
        """Raises ChildEndedError if one of the children has ended."""
        for child in self.children.values():
            child.check()

    def _write_pids(self) -> None:
        owner = {"name": "run", "pid": os.getpid(), "started_at": start_time(os.getpid())}
        children = [
            {"name": child.name, "pid": child.pid, "started_at": child.started_at} for child in self.children.values()
        ]
        content = json.dumps({"owner": owner, "children": children}, indent=1)
        atomic_write(self.folder / "pids.json", content.encode())


def stop_leftovers(folder: Path, grace_seconds: float = 5.0) -> list[str]:
    """Stop the children that a killed run left in this folder, and return their names.

    A process is stopped only if both its number and its start time are the recorded ones.
    Raises FolderInUseError if the run itself is alive.
    """
    file = folder / "pids.json"
    if not file.exists():
        return []
    recorded = json.loads(file.read_text())
    owner = recorded["owner"]
    if is_alive(owner["pid"], owner["started_at"]):
        raise FolderInUseError(
            f"another run (process {owner['pid']}) is using {folder}; stop it first or choose another folder"
        )
    left = [child for child in recorded["children"] if is_alive(child["pid"], child["started_at"])]
    for child in left:
        _stop_group(child["pid"], grace_seconds, _wait_for_end_of(child["pid"], child["started_at"]))
    file.unlink()
    return [child["name"] for child in left]


def start_time(pid: int) -> float | None:
    """When a process started, in seconds since 1970; None if there is none or only its zombie is left."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def is_alive(pid: int, started_at: float | None) -> bool:
    """Whether the process of this number is still the one that started then."""
    current = start_time(pid)
    if current is None or started_at is None:
        return False
    return abs(current - started_at) < CLOCK_TOLERANCE_SECONDS


def _wait_for_end_of(pid: int, started_at: float | None) -> Callable[[float], bool]:
    """A wait for a process that is not our child, so it can only be polled."""

    def ends_within(seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while is_alive(pid, started_at):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    return ends_within


def _stop_group(pid: int, grace_seconds: float, ends_within: Callable[[float], bool]) -> None:
    for number in _ESCALATION:
        if ends_within(0):
            break
        _signal_group(pid, number)
        ends_within(grace_seconds)
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        """The group is empty (macOS: only a zombie is left)."""


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """A second Ctrl-C while the children are being stopped would leave some of them behind."""
    numbers = (signal.SIGINT, *_ENDING) if _in_main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(folders: Sequence[str]) -> int:
    """Stop what killed runs left below these folders; exit code 1 if one of the runs is still alive."""
    for file in [file for folder in folders for file in Path(folder).rglob("pids.json")]:
        try:
            for name in stop_leftovers(file.parent):
                print(f"stopped {name} of {file.parent}")
        except FolderInUseError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
