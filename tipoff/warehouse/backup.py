"""Copies a warehouse that another process may have open, for readers and backups."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Final

from tipoff.errors import BadInputError, StorageError
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.duckdb_log import log_of
from tipoff.warehouse.generated_sql import row_count
from tipoff.warehouse.tables import TABLES, Layer

COPY_ATTEMPTS: Final = 20
ATTEMPT_SECONDS: Final = 0.5
_HEADERS: Final = 3 * 4096
"""The start of a file: it changes with every checkpoint, and only then are blocks that it refers to overwritten."""


def copy_warehouse(file: Path, to: Path) -> None:
    """Copy the file and its log from between two checkpoints: all that is committed when the copy ends.

    Raises StorageError if a checkpoint came between in every attempt.
    """
    for _ in range(COPY_ATTEMPTS):
        before = _headers(file)
        shutil.copyfile(file, to)
        if log_of(file).exists():
            shutil.copyfile(log_of(file), log_of(to))
        if _headers(file) == before and _headers(to) == before:
            return
        log_of(to).unlink(missing_ok=True)
        time.sleep(ATTEMPT_SECONDS)
    raise StorageError(f"{file} is being written; run the command again in a minute")


def back_up(file: Path, to: Path) -> dict[str, int]:
    """Write a copy without a log, and return the number of rows of each table; `to` is complete or absent.

    Raises BadInputError if `to` exists, StorageError if the copy cannot be made or read.
    """
    if to.exists() or log_of(to).exists():
        raise BadInputError(f"{to} exists already; name a new file")
    partial = to.with_name(f".{to.name}.partial")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        copy_warehouse(file, partial)
        rows = _rows(partial)
        partial.rename(to)
    except OSError as error:
        raise StorageError(
            f"cannot copy {file} to {to}: {error.strerror}; free space or check the permissions, then run it again"
        ) from error
    finally:
        partial.unlink(missing_ok=True)
        log_of(partial).unlink(missing_ok=True)
    return rows


def _headers(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_HEADERS)


def _rows(file: Path) -> dict[str, int]:
    """The number of rows of each table; opening the file applies its log, closing it removes the log."""
    warehouse = DuckDbWarehouse(file)
    try:
        warehouse.migrate()
        tables = [table for table in TABLES.values() if table.layer is not Layer.VIEW]
        return {table.name: int(warehouse.query(row_count(table))["n"][0]) for table in tables}
    finally:
        warehouse.close()
