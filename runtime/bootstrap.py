"""Makes the project's environment: `.venv` with exactly what requirements.lock names, hashes checked.

Runs with any Python from 3.11 on and the standard library alone. Safe to repeat: a stamp inside the environment
says which lock it was made from. Safe to interrupt: an environment without its stamp may hold half a package and is
made anew, from the cache.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime import PROJECT, cache_folder
from tipoff.atomic_write import atomic_write


class BootstrapError(Exception):
    """The environment could not be made; the text says what to do."""


@dataclass(frozen=True)
class Environment:
    """Where the environment of a project lives, and the cache it is filled from."""

    project: Path
    cache: Path

    @property
    def folder(self) -> Path:
        return self.project / ".venv"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.folder / "made-from.sha256"

    @property
    def lock(self) -> Path:
        return self.project / "requirements.lock"

    @property
    def uv_lock(self) -> Path:
        return self.project / "runtime" / "uv.lock.txt"

    def variables(self) -> dict[str, str]:
        """Environment variables that keep all downloads below the cache folder."""
        ours = {
            "UV_CACHE_DIR": str(self.cache / "uv"),
            "PIP_CACHE_DIR": str(self.cache / "pip"),
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        return {**os.environ, **ours}


def fingerprint(environment: Environment) -> str:
    """Changes with the locks, and with the place: scripts in an environment name their own path."""
    parts = (environment.lock.read_bytes(), environment.uv_lock.read_bytes(), bytes(environment.folder))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_ready(environment: Environment) -> bool:
    """True when the environment was made to the end, from these locks, and its Python still exists."""
    stamp = environment.stamp
    return environment.python.exists() and stamp.is_file() and stamp.read_text() == fingerprint(environment)


def make(environment: Environment) -> bool:
    """Makes the environment or brings it up to date; False when there was nothing to do."""
    environment.cache.mkdir(parents=True, exist_ok=True)
    with _file_lock(environment.cache / "bootstrap.lock"):
        if is_ready(environment):
            return False
        if not (environment.stamp.is_file() and _works(environment.python)):
            _create(environment.folder)
        environment.stamp.unlink(missing_ok=True)
        _install(environment)
        _write_stamp(environment)
    return True


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    """Two installations take turns. The system releases the lock when its process ends (no `filelock` here yet)."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _works(python: Path) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"
    try:
        return subprocess.run([python, "-I", "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def _create(folder: Path) -> None:
    print(f"making {folder} with Python {sys.version.split()[0]}", flush=True)
    venv.EnvBuilder(clear=True, symlinks=True).create(folder)


def _install(environment: Environment) -> None:
    uv, locks = _uv(environment)
    # Compiled once here, not at each start: where PYTHONDONTWRITEBYTECODE is set, a worker's imports took 10 seconds.
    sync: list[str | Path] = [uv, "pip", "sync", "--compile-bytecode", "--python", environment.python]
    _run([*sync, "--require-hashes", *locks], environment, "installing what requirements.lock names")


def _uv(environment: Environment) -> tuple[Path, list[Path]]:
    """uv, and the locks to install with it: its own too when it lives in the environment, lest it removes itself."""
    if found := shutil.which("uv"):
        return Path(found), [environment.lock]
    own = environment.folder / "bin" / "uv"
    if not own.exists():
        _run([environment.python, "-m", "ensurepip"], environment, "bootstrapping pip")
        pip: list[str | Path] = [environment.python, "-m", "pip", "install", "--quiet", "--require-hashes"]
        _run([*pip, "-r", environment.uv_lock], environment, "bootstrapping uv")
    return own, [environment.lock, environment.uv_lock]


def _run(command: list[str | Path], environment: Environment, purpose: str) -> None:
    print(purpose, flush=True)
    done = subprocess.run(command, env=environment.variables(), cwd=environment.project)
    if done.returncode != 0:
        raise BootstrapError(
            f"{purpose} failed (exit code {done.returncode}; the reason stands above). "
            "Mend it (no network? no disk space? on Debian and Ubuntu: apt install python3-venv) and run it again: "
            "what is already there is kept."
        )


def _write_stamp(environment: Environment) -> None:
    atomic_write(environment.stamp, fingerprint(environment).encode())


def main() -> int:
    """Exit code 0 when the environment is there, 1 when it could not be made, 130 when interrupted."""
    started = time.monotonic()
    try:
        made = make(Environment(PROJECT, cache_folder()))
    except (BootstrapError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; run it again and it goes on from here", file=sys.stderr)
        return 130
    if made:
        print(f"environment made in {time.monotonic() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
