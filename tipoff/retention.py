"""Removes files that nothing reads any more: old landed responses, and working files of ended runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from tipoff.errors import StorageError
from tipoff.landing.expiry import EXPIRY_DAYS
from tipoff.vocabulary import date_named

WORK_DAYS: Final = 14
"""A run has ended the day after its date, or minutes after it was started; a re-run writes its working files again."""


class Removed(NamedTuple):
    """How many files or folders were removed, and their size."""

    number: int = 0
    bytes: int = 0


def remove_expired_responses(landing: Path, now: datetime) -> Removed:
    """Remove what a bucket's own rules would remove: see `tipoff.landing.expiry`. Raises StorageError."""
    sizes = []
    for prefix, days in EXPIRY_DAYS.items():
        for file in _files(landing / prefix):
            if _is_older(file, now, days):
                sizes.append(file.stat().st_size)
                with _named_errors(file):
                    file.unlink()
    return Removed(len(sizes), sum(sizes))


def remove_working_files(work: Path, now: datetime) -> Removed:
    """Remove the folders of dates whose files are all older than WORK_DAYS. Raises StorageError."""
    sizes = []
    for folder in _date_folders(work):
        files = _files(folder)
        if files and all(_is_older(file, now, WORK_DAYS) for file in files):
            sizes.append(sum(file.stat().st_size for file in files))
            with _named_errors(folder):
                shutil.rmtree(folder)
    return Removed(len(sizes), sum(sizes))


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _is_older(file: Path, now: datetime, days: int) -> bool:
    return file.stat().st_mtime < (now - timedelta(days=days)).timestamp()


def _date_folders(work: Path) -> Iterator[Path]:
    return (folder for folder in work.glob("*") if folder.is_dir() and date_named(folder.name))


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} cannot be removed: {error.strerror}; make its folder writable") from error
