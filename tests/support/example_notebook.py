"""Runs the example notebook over the output of a replayed day, in a process of its own: the client leaves sockets open.

`python -m tests.support.example_notebook` runs it over `var/demo`, which `make demo` writes, and stores its outputs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from runtime import PROJECT

NOTEBOOK: Final = PROJECT / "docs" / "notebook.ipynb"
_CELL_SECONDS: Final = 120


def execute_in_a_process(folder: Path, to: Path) -> None:
    """Write the notebook with new outputs; `folder`: its working directory. Raises CalledProcessError."""
    command = [sys.executable, "-m", "tests.support.example_notebook", str(folder), str(to)]
    subprocess.run(command, cwd=PROJECT, check=True)


def _execute(folder: Path, to: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with TemporaryDirectory() as work:
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_name="python3", transport="ipc", connection_file=f"{work}/kernel.json"),
            timeout=_CELL_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        client.execute(env={**os.environ, "PYTHONPATH": str(PROJECT), "IPYTHONDIR": work})
    nbformat.write(notebook, to)


if __name__ == "__main__":
    _execute(*(map(Path, sys.argv[1:]) if sys.argv[1:] else (NOTEBOOK.parent, NOTEBOOK)))
