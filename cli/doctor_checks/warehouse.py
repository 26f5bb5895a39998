"""The warehouse: its file can be written. Told from file locks alone, as only the worker may open it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cli.doctor_checks.base import Check, Finding, nearest, settled, warehouse_file
from tipoff.settings import Settings


def poll(settings: Settings) -> Finding:
    """Well when a worker holds the file, or it could be opened or made."""
    file = warehouse_file(settings.warehouse)
    if file is None:
        return Finding(ok=False, says=f"{settings.warehouse}: only duckdb:///PATH is served by this version")
    if not file.exists():
        return _to_be_made(file)
    if not os.access(file, os.R_OK | os.W_OK):
        return Finding(ok=False, says=f"{file} may not be written by this user", fix=f"change who owns {file}")
    if is_held(file):
        return Finding(ok=True, says=f"{file} is held by the worker")
    return Finding(ok=True, says=f"{file}, {file.stat().st_size / 1e6:,.1f} MB, free for a worker to open")


def _to_be_made(file: Path) -> Finding:
    folder = nearest(file.parent)
    if os.access(folder, os.W_OK) and folder.is_dir():
        return Finding(ok=True, says=f"{file} is not there yet: the worker makes it")
    return Finding(ok=False, says=f"{file} cannot be made in {folder}", fix=f"make {folder} writable")


def is_held(file: Path) -> bool:
    """Whether another process has the file open for writing: DuckDB then holds a lock on it."""
    with file.open("rb") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.lockf(handle, fcntl.LOCK_UN)
    return False


CHECK = Check("warehouse", settled(poll))
