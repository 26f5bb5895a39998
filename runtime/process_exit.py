"""Ends a process that used the Temporal SDK."""

import contextlib
import os
import sys
from typing import NoReturn


def exit_now(code: int) -> NoReturn:
    """Flush the output and end at once: the SDK's threads can crash Python while it shuts down (exit code 134)."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):
            stream.flush()
    os._exit(code)
