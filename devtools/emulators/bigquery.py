"""Installs and starts local-bigquery, an emulator of BigQuery on DuckDB.

It needs Python 3.13 and other versions of our libraries, so it has an environment of its own in the cache folder, with
exactly the packages of bigquery.lock, hashes checked. `bigquery_server` runs in that environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from runtime import cache_folder
from runtime.processes import Child, Processes
from runtime.temporal_server import free_port
from tipoff.atomic_write import atomic_write
from tipoff.errors import TipoffError

PROJECT: Final = "emulated"
"""The project of its datasets."""
_FOLDER: Final = Path(__file__).parent
_LOCK: Final = _FOLDER / "bigquery.lock"
_PYTHON: Final = os.environ.get("UV_PYTHON") or "3.13"
_EXTENSIONS: Final = ("icu", "ducklake", "spatial")
"""The extensions of DuckDB that packages bring; they are copied below the home folder."""
_ADD_EXTENSIONS: Final = f"from duckdb_extensions import import_extension as add; [add(name) for name in {_EXTENSIONS}]"
_READY_SECONDS: Final = 60.0


class EmulatorError(TipoffError):
    """The emulator could not be installed or started; the text says what to do."""


def find_or_install(cache: Path) -> Path:
    """Return the emulator's home folder, with its environment below it. Raises EmulatorError."""
    home = cache / "local-bigquery"
    home.mkdir(parents=True, exist_ok=True)
    stamp = home / "environment" / "made-from.lock"
    with FileLock(home / "lock"):
        if not (stamp.is_file() and stamp.read_bytes() == _LOCK.read_bytes() and _python(home).exists()):
            stamp.unlink(missing_ok=True)
            _install(home, cache)
            atomic_write(stamp, _LOCK.read_bytes())
    return home


def _install(home: Path, cache: Path) -> None:
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    variables = {**os.environ, "UV_CACHE_DIR": str(cache / "uv"), "UV_PYTHON_INSTALL_DIR": str(cache / "python")}
    if not _python(home).exists():
        _run([uv, "venv", "--clear", "--python", _PYTHON, home / "environment"], variables)
    sync: tuple[str | Path, ...] = (uv, "pip", "sync", "--compile-bytecode", "--require-hashes")
    _run([*sync, "--python", _python(home), _LOCK], variables)
    _run([_python(home), "-c", _ADD_EXTENSIONS], _variables(home))


def _run(command: list[str | Path], variables: Mapping[str, str]) -> None:
    print(f"installing the BigQuery emulator: {Path(command[0]).name} {command[1]}", flush=True)
    completed = subprocess.run(command, env=variables)
    if completed.returncode != 0:
        raise EmulatorError(
            "the BigQuery emulator could not be installed; the output above says why. It needs uv, and Python"
            f" {_PYTHON}, which uv downloads if it is missing; then run this again"
        )


def _python(home: Path) -> Path:
    return home / "environment" / "bin" / "python"


def _variables(home: Path) -> dict[str, str]:
    """DuckDB looks for extensions below HOME."""
    return {"HOME": str(home), "PATH": os.environ.get("PATH", "")}


@contextmanager
def bigquery_emulator(folder: Path) -> Iterator[str]:
    """Run an empty emulator with its files in a folder, and yield its URL. Raises EmulatorError."""
    home = find_or_install(cache_folder())
    with Processes(folder / "processes") as processes:
        port = free_port()
        command: list[str | Path] = [_python(home), "-P", _FOLDER / "bigquery_server.py", "--project", PROJECT]
        command += ["--port", str(port), "--data", folder / "data"]
        child = processes.start("bigquery", command, env=_variables(home))
        _wait_until_listening(child, port)
        yield f"http://127.0.0.1:{port}"


def _wait_until_listening(child: Child, port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not child.listens_on(port):
        child.check()
        if time.monotonic() > deadline:
            raise EmulatorError(
                f"the BigQuery emulator is not ready after {_READY_SECONDS:g} s; its log:\n{child.tail()}"
            )
        time.sleep(0.1)


def main() -> int:
    """Install the emulator if needed, and print its folder; exit code 1 if it cannot be installed."""
    try:
        print(find_or_install(cache_folder()))
    except EmulatorError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
