"""The stores: raw answers, exports, models and work files can be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cli.doctor_checks.base import Check, Finding, nearest, settled
from tipoff.settings import Settings, folder_of

STORES = ("landing", "exports", "models", "work")


def poll(settings: Settings) -> Finding:
    """Well when a file could be written to each, or the folder could be made."""
    problems = {name: problem for name in STORES if (problem := _problem(str(getattr(settings, name))))}
    if problems:
        return Finding(
            ok=False,
            says=f"cannot write: {', '.join(problems)}",
            details=tuple(f"{name}: {problem}" for name, problem in problems.items()),
            fix="make the folders writable, or name others in tipoff.toml",
        )
    return Finding(
        ok=True,
        says=f"{', '.join(STORES)} can be written",
        details=tuple(f"{name}: {folder_of(getattr(settings, name)).absolute()}" for name in STORES),
    )


def _problem(url: str) -> str:
    """What keeps a store from being written; empty when nothing does."""
    if not url.startswith("file://"):
        return f"{url}: only file://PATH is served by this version"
    folder = folder_of(url)
    return _cannot_write(folder) if folder.is_dir() else _cannot_make(folder)


def _cannot_write(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"doctor")
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return ""


def _cannot_make(folder: Path) -> str:
    there = nearest(folder)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return ""
    return f"{folder} cannot be made in {there}"


CHECK = Check("stores", settled(poll))
