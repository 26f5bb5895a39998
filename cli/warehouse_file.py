"""The file of the configured warehouse."""

from __future__ import annotations

from pathlib import Path

from cli.exit_codes import CommandError, ExitCode


def warehouse_file(url: str) -> Path | None:
    """The file of `duckdb:///PATH`; None for a warehouse that is not a file on this machine."""
    kind, _, path = url.partition(":///")
    return Path(path) if kind == "duckdb" else None


def existing_warehouse(url: str) -> Path:
    """The file of a warehouse. Raises CommandError USAGE if it is no file, UNKNOWN if there is none yet."""
    file = warehouse_file(url)
    if file is None:
        text = f"the warehouse {url} is no file on this machine; this command needs duckdb:///PATH"
        raise CommandError(ExitCode.USAGE, text)
    if not file.exists():
        raise CommandError(ExitCode.UNKNOWN, f"there is no warehouse at {url} yet: the worker creates it")
    return file
