"""The process of one command that `tests.support.forked_starter` runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runtime.process_exit import exit_now


def run_command(words: list[str], folder: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    """Run a command line in a folder; its output goes to two files."""
    for descriptor, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["starter.py", *words]
    from starter import main  # imported by the server process

    exit_now(main(words))
