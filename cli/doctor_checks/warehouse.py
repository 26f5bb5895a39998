"""The warehouse: whether its file can be written. Checks the file's lock only, because only the worker may open it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cli.doctor_checks.base import CheckResult, DoctorCheck, nearest_existing, needs_settings
from cli.warehouse_file import warehouse_file
from tipoff.settings import Settings


def check(settings: Settings) -> CheckResult:
    """OK if a worker has the file open, or if it could be opened or created."""
    file = warehouse_file(settings.warehouse)
    if file is None:
        return CheckResult(ok=False, summary=f"{settings.warehouse}: this version supports only duckdb:///PATH")
    if not file.exists():
        return _missing_file(file)
    if not os.access(file, os.R_OK | os.W_OK):
        return CheckResult(
            ok=False,
            summary=f"{file} cannot be written by this user",
            fix=f"change the owner or the permissions of {file}",
        )
    if is_open_elsewhere(file):
        return CheckResult(ok=True, summary=f"{file} is open in the worker")
    return CheckResult(ok=True, summary=f"{file}, {file.stat().st_size / 1e6:,.1f} MB, free for a worker to open")


def _missing_file(file: Path) -> CheckResult:
    folder = nearest_existing(file.parent)
    if os.access(folder, os.W_OK) and folder.is_dir():
        return CheckResult(ok=True, summary=f"{file} does not exist yet: the worker creates it")
    return CheckResult(ok=False, summary=f"{file} cannot be created in {folder}", fix=f"make {folder} writable")


def is_open_elsewhere(file: Path) -> bool:
    """Whether another process has the file open for writing, because DuckDB locks it then."""
    with file.open("rb") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.lockf(handle, fcntl.LOCK_UN)
    return False


CHECK = DoctorCheck("warehouse", needs_settings(check))
