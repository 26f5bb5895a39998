"""Runs `starter.py` in a process of its own that has imported its modules already: importing takes a second of each.

A server process imports them once and forks for each command. Nothing of a command is left for the next one.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

from cli.commands import COMMANDS
from tests.support.forked_command import run_command

_IMPORTED_BEFORE = (
    *("starter", "rich.console", "rich.table", "temporalio.client", "httpx", "duckdb", "polars"),
    *(f"cli.{command.module}" for command in COMMANDS),
)
"""None of them starts a thread, which a fork would lose."""
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(_IMPORTED_BEFORE))
forkserver.ensure_running()  # now: its modules are found from the folder of the project


def run_forked(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> tuple[int, str, str]:
    """Exit code and output of a command line. Raises TimeoutExpired."""
    with TemporaryDirectory() as outputs:
        out, err = Path(outputs, "out"), Path(outputs, "err")
        process = _CONTEXT.Process(
            target=run_command, args=(list(words), folder, dict(environment), out, err), daemon=True
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise TimeoutExpired(list(words), timeout)
        return process.exitcode, out.read_text(), err.read_text()
