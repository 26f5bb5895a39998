"""The warehouse: whether its file can be written, or its BigQuery tables are complete.

Of a file it checks the lock only, because only the worker may open it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from cli.doctor_checks.base import CheckResult, DoctorCheck, nearest_existing, needs_settings
from cli.warehouse_file import warehouse_file
from tipoff.errors import TipoffError
from tipoff.settings import Settings
from tipoff.vocabulary import counted


def check(settings: Settings) -> CheckResult:
    """OK if a worker has the file open, or if it could be opened or created."""
    file = warehouse_file(settings.warehouse)
    if file is None:
        return _bigquery(settings)
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


def _bigquery(settings: Settings) -> CheckResult:
    """OK if the tables can be seen and have all declared columns."""
    from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse  # slow libraries

    try:
        warehouse = BigQueryWarehouse(
            settings.warehouse,
            region=settings.bigquery_location,
            maximum_gigabytes=settings.bigquery_maximum_gigabytes,
        )
        changes = warehouse.schema_changes()
        warehouse.close()
    except TipoffError as error:
        return CheckResult(ok=False, summary=str(error))
    if changes:
        return CheckResult(
            ok=False,
            summary=f"{settings.warehouse}: {counted(len(changes), 'difference')} from the declared tables",
            details=tuple(f"{change.table} {change.summary}" for change in changes),
            fix="run `starter.py warehouse apply`, first with --dry-run",
        )
    return CheckResult(ok=True, summary=f"{settings.warehouse} has all declared tables and columns")


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
