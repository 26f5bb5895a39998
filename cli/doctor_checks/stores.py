"""The stores of raw responses, exports, models and work files: whether they can be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cli.doctor_checks.base import CheckResult, DoctorCheck, nearest_existing, needs_settings
from tipoff.errors import TipoffError
from tipoff.settings import Settings, folder_of
from tipoff.storage.open import open_store

STORES = ("landing", "exports", "models", "work")
_PROBE = "doctor.txt"


def check(settings: Settings) -> CheckResult:
    """OK if a file can be written to each, or its folder can be created."""
    problems = {name: problem for name in STORES if (problem := _problem(str(getattr(settings, name))))}
    if problems:
        return CheckResult(
            ok=False,
            summary=f"cannot write: {', '.join(problems)}",
            details=tuple(f"{name}: {problem}" for name, problem in problems.items()),
            fix="make them writable, or name others in tipoff.toml",
        )
    return CheckResult(
        ok=True,
        summary=f"{', '.join(STORES)} can be written",
        details=tuple(f"{name}: {_location(getattr(settings, name))}" for name in STORES),
    )


def _location(url: str) -> str:
    return str(folder_of(url).absolute()) if url.startswith("file://") else url


def _problem(url: str) -> str:
    """Why a store cannot be written; empty if it can."""
    if not url.startswith("file://"):
        return _cannot_store(url)
    folder = folder_of(url)
    return _cannot_write(folder) if folder.is_dir() else _cannot_create(folder)


def _cannot_store(url: str) -> str:
    """Store, replace and list an object in a bucket, which needs each right that the worker needs."""
    try:
        store = open_store(url)
        for _ in range(2):  # the second one replaces the object, which needs a right of its own
            store.update(_PROBE, lambda present: b"written by starter.py doctor\n")
        store.names(_PROBE)
    except TipoffError as error:
        return str(error)
    return ""


def _cannot_write(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"doctor")
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def _cannot_create(folder: Path) -> str:
    existing = nearest_existing(folder)
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return ""
    return f"{folder} cannot be created in {existing}"


CHECK = DoctorCheck("stores", needs_settings(check))
