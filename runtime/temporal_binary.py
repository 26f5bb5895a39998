"""Finds a `temporal` command line tool, whose dev server is a real Temporal server, or installs one.

A mock never takes its place: without a usable binary there is an error that lists all attempts.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from filelock import FileLock

from runtime import PROJECT, cache_folder
from runtime.processes import Child, Processes
from tipoff.errors import TipoffError
from tipoff.vocabulary import counted, reason_of

CLI_VERSION = "v1.5.1"
CLI_MODULE = f"github.com/temporalio/cli/cmd/temporal@{CLI_VERSION}"
GO_FLAGS = ("-tags=disable_grpc_modules", "-gcflags=all=-dwarf=false", "-ldflags=-s -w")
"""Shorten the build: without packages that Temporal's own builds leave out, too, and without data for debuggers."""
MINIMUM_SERVER_VERSION = (1, 29)
DOWNLOAD_TIMEOUT_SECONDS = 20.0
"""A download that brings no further bytes for this long is abandoned."""
BUILD_TIMEOUT_SECONDS = 3600.0

PrintLine = Callable[[str], None]


class NoTemporalServerError(TipoffError):
    """No usable Temporal server was found; the text lists every attempt and why it failed."""


class UnusableError(Exception):
    """One of the ways to get a binary failed; the text says why."""


def find_or_install_temporal(cache: Path, print_line: PrintLine = print) -> Path:
    """The path of a `temporal` binary that runs and is new enough; installs one below the cache folder if needed.

    Raises NoTemporalServerError.
    """
    home = cache / "temporal" / CLI_VERSION
    home.mkdir(parents=True, exist_ok=True)
    failures = []
    with FileLock(home / "lock"):
        for name, find in _WAYS.items():
            try:
                return _checked(find(home, print_line))
            except UnusableError as reason:
                failures.append(f"  {name}: {reason}")
    raise NoTemporalServerError(
        "there is no usable Temporal server. Attempts, in this order:\n"
        + "\n".join(failures)
        + "\nInstall the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on the PATH, or Go 1.25 "
        f"or newer, or put the binary at {home / 'temporal'}; then run this again."
    )


def _checked(binary: Path) -> Path:
    """The binary, if it runs and its server is new enough."""
    minimum = ".".join(map(str, MINIMUM_SERVER_VERSION))
    try:
        output = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnusableError(f"{binary} does not run ({reason_of(error)})") from error
    version = re.search(r"Server (\d+)\.(\d+)", output)
    if version is None:
        raise UnusableError(f"{binary} --version prints no server version: {output!r}")
    if (int(version[1]), int(version[2])) < MINIMUM_SERVER_VERSION:
        raise UnusableError(f"{binary} is {output}, but server {minimum} or newer is needed")
    return binary


def _on_path(home: Path, print_line: PrintLine) -> Path:
    if path := shutil.which("temporal"):
        return Path(path)
    raise UnusableError("not found")


def _in_cache(home: Path, print_line: PrintLine) -> Path:
    binary = home / "temporal"
    if not binary.exists():
        raise UnusableError(f"nothing at {binary}")
    return binary


def _downloaded(home: Path, print_line: PrintLine) -> Path:
    """The SDK downloads the binary in its own process, which is stopped when no more bytes arrive."""
    print_line("looking for a Temporal server to download …")
    with tempfile.TemporaryDirectory(dir=home) as folder, Processes(home / "download") as processes:
        command = [sys.executable, "-m", "runtime.temporal_download", folder]
        child = processes.start("download", command, env={**os.environ, "PYTHONPATH": str(PROJECT)})
        _wait_while_growing(child, Path(folder))
        fetched = [file for file in Path(folder).iterdir() if os.access(file, os.X_OK)]
        if child.exit_code != 0 or not fetched:
            raise UnusableError(child.tail().splitlines()[-1])
        return _move_into_place(fetched[0], home)


def _wait_while_growing(child: Child, folder: Path) -> None:
    size = 0
    while not child.ends_within(DOWNLOAD_TIMEOUT_SECONDS):
        before, size = size, sum(file.stat().st_size for file in folder.iterdir())
        if size == before:
            raise UnusableError(f"no data within {DOWNLOAD_TIMEOUT_SECONDS:.0f} s (after {counted(size, 'byte')})")


def _built(home: Path, print_line: PrintLine) -> Path:
    """Built with Go. The build folder is kept until a build succeeds, so that a second attempt continues."""
    if not (go := shutil.which("go")):
        raise UnusableError("there is no `go` on the PATH")
    print_line("installing the Temporal server with Go, about 2 minutes …")
    work = home / "go"
    with Processes(home / "build") as processes:
        child = processes.start("go-install", [go, "install", *GO_FLAGS, CLI_MODULE], env=_go_environment(work))
        _wait_for_build(child, print_line)
        if child.exit_code != 0:
            raise UnusableError(f"{child.tail()} (whole log: {child.log})")
    binary = _move_into_place(work / "bin" / "temporal", home)
    shutil.rmtree(work)
    return binary


def _go_environment(work: Path) -> dict[str, str]:
    """-modcacherw, because Go's module cache is read-only otherwise and could not be deleted.

    The build needs no C compiler, and a fifth less time with a compiler that rarely collects its garbage.
    """
    ours = {
        "CGO_ENABLED": "0",
        "GOGC": "400",
        "GOPATH": str(work),
        "GOBIN": str(work / "bin"),
        "GOCACHE": str(work / "build"),
        "GOMODCACHE": str(work / "modules"),
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
    }
    return {**os.environ, **ours}


def _wait_for_build(child: Child, print_line: PrintLine) -> None:
    started = time.monotonic()
    while not child.ends_within(30):
        seconds = time.monotonic() - started
        if seconds > BUILD_TIMEOUT_SECONDS:
            raise UnusableError(f"not built after {seconds:.0f} s")
        print_line(f"still building the Temporal server, {seconds:.0f} s …")


def _move_into_place(binary: Path, home: Path) -> Path:
    """In one step, so that there is never half a binary."""
    return binary.replace(home / "temporal")


_WAYS: Mapping[str, Callable[[Path, PrintLine], Path]] = {
    "`temporal` on the PATH": _on_path,
    "the project's cache folder": _in_cache,
    "the download of the Temporal SDK": _downloaded,
    f"go install {CLI_MODULE}": _built,
}


def main() -> int:
    """Print the path of the binary, which is installed if needed; exit code 1 if there is none."""
    try:
        print(find_or_install_temporal(cache_folder(), partial(print, flush=True)))
    except NoTemporalServerError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
