"""From a bare clone to running processes: environment, Temporal server, child processes, checks, demo."""

import os
import sys
from pathlib import Path

PYTHON_NEEDED = (3, 11)

if sys.version_info < PYTHON_NEEDED:
    sys.exit(
        "tipoff needs Python {}.{} or newer; {} is Python {}.{}. Install a newer one (for example from "
        "python.org, with Homebrew, apt or uv) and run make again, or name it: make PYTHON=/path/to/python3".format(
            *PYTHON_NEEDED, sys.executable, *sys.version_info[:2]
        )
    )

PROJECT = Path(__file__).resolve().parents[1]


def cache_folder() -> Path:
    """The one folder for everything that is fetched: $TIPOFF_CACHE, else .cache in the project."""
    return Path(os.environ.get("TIPOFF_CACHE") or PROJECT / ".cache").expanduser().resolve()
