"""The process runtime: everything between a bare clone and running processes.

`bootstrap` creates the Python environment, `temporal_binary` and `temporal_server` provide a Temporal server,
`processes` starts and stops child processes, `workers` and `connection` set up workers and clients, and `replay` runs a
day against an upstream that answers as the providers did. The operator's commands are in `cli`, the developers' tools
in `devtools`.
"""

import os
import sys
from pathlib import Path

MINIMUM_PYTHON = (3, 11)

if sys.version_info < MINIMUM_PYTHON:
    sys.exit(
        "tipoff needs Python {}.{} or newer; {} is Python {}.{}. Install a newer one (for example from "
        "python.org, with Homebrew, apt or uv) and run make again, or name it: make PYTHON=/path/to/python3".format(
            *MINIMUM_PYTHON, sys.executable, *sys.version_info[:2]
        )
    )

PROJECT = Path(__file__).resolve().parents[1]


def cache_folder() -> Path:
    """The folder for all downloads: $TIPOFF_CACHE, or else .cache in the project."""
    return Path(os.environ.get("TIPOFF_CACHE") or PROJECT / ".cache").expanduser().resolve()
