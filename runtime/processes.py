"""Starts child processes and makes sure that none outlives its run.

Each child leads a process group of its own, writes to a log file and stands in `pids.json` with what tells it from
a later process of the same number. All are stopped on the way out: normal end, failure, Ctrl-C, SIGTERM, closed
terminal. What a run that was killed with -9 left behind is stopped when the next one starts, or by
`python -m runtime.processes FOLDER`.
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

from tipoff.atomic_write import atomic_write
from tipoff.errors import TipoffError

TAIL_LINES = 20
_ESCALATION = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_ENDING = (signal.SIGTERM, signal.SIGHUP)


class ChildEndedError(TipoffError):
    """A child process ended by itself; the text holds the end of its log."""


class FolderInUseError(TipoffError):
    """Another run that is still alive has its processes in this folder."""


class Child:
    """A running child process, the leader of its own process group."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, grace_seconds: float) -> None:
        self.name = name
        self.log = log
        self.identity = identity(process.pid)
        self._process = process
        self._grace_seconds = grace_seconds

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self._process.poll()

    def check(self) -> None:
        """Raises ChildEndedError when the process is no longer there."""
        if self.exit_code is not None:
            raise ChildEndedError(
                f"{self.name} ended by itself with exit code {self.exit_code}; "
                f"the end of its log {self.log}:\n{self.tail()}"
            )

    def ends_within(self, seconds: float) -> bool:
        """Waits for its end, at most so long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Ends the whole group at once, as kill -9 would."""
        _signal_group(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Asks, asks harder, then ends the group; returns when the process is gone."""
        _stop_group(self.pid, self._grace_seconds, self.ends_within)

    def tail(self) -> str:
        """The last lines of its log."""
        with self.log.open(errors="replace") as lines:
            return "".join(deque(lines, TAIL_LINES)).rstrip() or "(empty)"


class Processes:
    """The child processes of one run; its folder holds `pids.json` and a log for each.

    Raises FolderInUseError on entry when another live run uses the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[str, Child] = {}
        self._handlers: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in stop_leftovers(self.folder):
            print(f"stopped {name}, left running by an earlier run that was killed", flush=True)
        self._record()
        if _in_main_thread():
            wanted = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
            self._handlers = {number: signal.signal(number, _exit) for number in wanted}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _undisturbed():
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
        """Starts a process, output to `{name}.log`; a name used before means a restart and goes on in its log."""
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
        self._record()
        return self.children[name]

    def check(self) -> None:
        """Raises ChildEndedError when one of them is no longer there."""
        for child in self.children.values():
            child.check()

    def _record(self) -> None:
        owner = {"name": "run", "pid": os.getpid(), "identity": identity(os.getpid())}
        children = [
            {"name": child.name, "pid": child.pid, "identity": child.identity} for child in self.children.values()
        ]
        content = json.dumps({"owner": owner, "children": children}, indent=1)
        atomic_write(self.folder / "pids.json", content.encode())


def stop_leftovers(folder: Path, grace_seconds: float = 5.0) -> list[str]:
    """Stops what a killed run left in this folder; the names of what was still there.

    A process is ours only when its number and its start time are the recorded ones.
    Raises FolderInUseError when the run itself is alive.
    """
    file = folder / "pids.json"
    if not file.exists():
        return []
    recorded = json.loads(file.read_text())
    owner = recorded["owner"]
    if identity(owner["pid"]) == owner["identity"]:
        raise FolderInUseError(
            f"another run (process {owner['pid']}) is using {folder}; stop it first or choose another folder"
        )
    left = [child for child in recorded["children"] if _is_still(child["pid"], child["identity"])]
    for child in left:
        _stop_group(child["pid"], grace_seconds, _gone(child["pid"], child["identity"]))
    file.unlink()
    return [child["name"] for child in left]


def identity(pid: int) -> str | None:
    """What tells a process from a later one of the same number; None when there is none (or just its zombie)."""
    return _identity_from_proc(pid) if Path("/proc/self/stat").exists() else identity_from_ps(pid)


def _identity_from_proc(pid: int) -> str | None:
    """Linux: proc(5), field 3 is the state, field 22 the start in clock ticks since this boot."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return None if fields[0] == "Z" else f"{boot} {fields[19]}"


def identity_from_ps(pid: int) -> str | None:
    """macOS: start time to the second, and the command line."""
    ps = ["ps", "-ww", "-o", "stat=", "-o", "lstart=", "-o", "command=", "-p", str(pid)]
    line = subprocess.run(ps, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    state, _, rest = line.strip().partition(" ")
    return None if not state or state.startswith("Z") else " ".join(rest.split())


def _is_still(pid: int, recorded: str | None) -> bool:
    return recorded is not None and identity(pid) == recorded


def _gone(pid: int, recorded: str) -> Callable[[float], bool]:
    """Waiting for a process that is not our child, so that only looking helps."""

    def gone_within(seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while _is_still(pid, recorded):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    return gone_within


def _stop_group(pid: int, grace_seconds: float, gone_within: Callable[[float], bool]) -> None:
    for number in _ESCALATION:
        if gone_within(0):
            break
        _signal_group(pid, number)
        gone_within(grace_seconds)
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        """Nobody is left in the group (macOS: only a zombie)."""


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C while the children are being stopped would leave some behind."""
    numbers = (signal.SIGINT, *_ENDING) if _in_main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(folders: Sequence[str]) -> int:
    """Stops what killed runs left below these folders; 1 when one of the runs is still alive."""
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
