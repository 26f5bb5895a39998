"""Creates the project's environment: `.venv` with exactly the packages of requirements.lock, hashes checked.

Needs Python 3.11 or newer and only the standard library. Safe to repeat: a stamp inside the environment names the lock
that it was created from. Safe to interrupt: an environment without its stamp may be incomplete and is created again
from the cache.
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
    """The environment could not be created; the text says what to do."""


@dataclass(frozen=True)
class Environment:
    """The environment of a project and its download cache."""

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
    """Changes with the locks and with the folder, because scripts in an environment contain their own path."""
    parts = (environment.lock.read_bytes(), environment.uv_lock.read_bytes(), bytes(environment.folder))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_ready(environment: Environment) -> bool:
    """Whether the environment is complete, was created from these locks, and its Python still exists."""
    stamp = environment.stamp
    return environment.python.exists() and stamp.is_file() and stamp.read_text() == fingerprint(environment)


def create_or_update(environment: Environment) -> bool:
    """Create the environment or bring it up to date; False if there was nothing to do."""
    environment.cache.mkdir(parents=True, exist_ok=True)
    with _file_lock(environment.cache / "bootstrap.lock"):
        if is_ready(environment):
            return False
        if not (environment.stamp.is_file() and _is_usable(environment.python)):
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


def _is_usable(python: Path) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"
    try:
        return subprocess.run([python, "-I", "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def _create(folder: Path) -> None:
    print(f"creating {folder} with Python {sys.version.split()[0]}", flush=True)
    venv.EnvBuilder(clear=True, symlinks=True).create(folder)


def _install(environment: Environment) -> None:
    uv, locks = _uv(environment)
    # Compiled once here, not at each start: where PYTHONDONTWRITEBYTECODE is set, a worker's imports took 10 seconds.
    sync: list[str | Path] = [uv, "pip", "sync", "--compile-bytecode", "--python", environment.python]
    _run([*sync, "--require-hashes", *locks], environment, "installing the packages of requirements.lock")


def _uv(environment: Environment) -> tuple[Path, list[Path]]:
    """uv and the locks to install; uv's own lock is among them if it lives there, or it would remove itself."""
    if uv := shutil.which("uv"):
        return Path(uv), [environment.lock]
    own = environment.folder / "bin" / "uv"
    if not own.exists():
        _run([environment.python, "-m", "ensurepip"], environment, "bootstrapping pip")
        pip: list[str | Path] = [environment.python, "-m", "pip", "install", "--quiet", "--require-hashes"]
        _run([*pip, "-r", environment.uv_lock], environment, "bootstrapping uv")
    return own, [environment.lock, environment.uv_lock]


def _run(command: list[str | Path], environment: Environment, purpose: str) -> None:
    print(purpose, flush=True)
    completed = subprocess.run(command, env=environment.variables(), cwd=environment.project)
    if completed.returncode != 0:
        raise BootstrapError(
            f"{purpose} failed with exit code {completed.returncode}; the output above says why. Fix the cause "
            "(no network? no disk space? on Debian and Ubuntu: apt install python3-venv) and run it again; "
            "it continues from here."
        )


def _write_stamp(environment: Environment) -> None:
    atomic_write(environment.stamp, fingerprint(environment).encode())


def main() -> int:
    """Exit code 0 if the environment is ready, 1 if it could not be created, 130 if interrupted."""
    started = time.monotonic()
    try:
        changed = create_or_update(Environment(PROJECT, cache_folder()))
    except (BootstrapError, OSError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; run it again to continue from here", file=sys.stderr)
        return 130
    if changed:
        print(f"environment ready after {time.monotonic() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
