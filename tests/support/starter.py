"""The real `starter.py` in a process of its own, with nothing of this person's configuration."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
NOWHERE = "127.0.0.1:9"
"""The discard port: nobody listens there."""


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """What it said, as if on one line."""
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        """The last answer in JSON."""
        return json.loads(self.out.splitlines()[-1])


@dataclass(frozen=True)
class Starter:
    """`starter.py` as typed in a folder, talking to a server."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        foreign = ("TEMPORAL_", "TIPOFF_", "COLUMNS")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**ours, "TEMPORAL_ADDRESS": NOWHERE, "HOME": str(self.folder), **self.variables}

    def __call__(self, typed: str) -> Ended:
        done = subprocess.run(
            [sys.executable, PROJECT / "starter.py", *typed.split()],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    async def run(self, typed: str) -> Ended:
        """The same, while this process goes on with its own work."""
        return await asyncio.to_thread(self, typed)

    async def begin(self, typed: str) -> asyncio.subprocess.Process:
        """The same, not waited for."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(PROJECT / "starter.py"), *typed.split()),
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
