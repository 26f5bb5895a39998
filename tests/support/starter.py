"""Runs the real `starter.py` in its own process, without the user's configuration."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.forked_starter import run_forked

PROJECT = Path(__file__).parents[2]
NOWHERE = "127.0.0.1:9"
"""The discard port: nothing listens there."""


@dataclass(frozen=True)
class Ended:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """The output on one line."""
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        """The last line of output, as JSON."""
        return json.loads(self.out.splitlines()[-1])


@dataclass(frozen=True)
class Starter:
    """`starter.py` as typed in a folder, with these variables."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        users_own = ("TEMPORAL_", "TIPOFF_", "COLUMNS")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(users_own)}
        return {**inherited, "TEMPORAL_ADDRESS": NOWHERE, "HOME": str(self.folder), **self.variables}

    def __call__(self, typed: str) -> Ended:
        return self.call(typed.split())

    def call(self, words: Sequence[str]) -> Ended:
        """Run a command line and wait for it."""
        if "PYTHONPATH" in self.variables:  # other modules than those that are imported already
            command = [sys.executable, str(PROJECT / "starter.py"), *words]
            done = subprocess.run(
                command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
            )
            return Ended(done.returncode, done.stdout, done.stderr)
        return Ended(*run_forked(words, self.folder, self.environment, timeout=120))

    async def run(self, typed: str) -> Ended:
        """Run a command line in a thread."""
        return await self.run_words(typed.split())

    async def run_words(self, words: Sequence[str]) -> Ended:
        """Run a command line, given as words, in a thread."""
        return await asyncio.to_thread(self.call, words)

    async def begin(self, typed: str) -> asyncio.subprocess.Process:
        """Start a command line without waiting for it."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(PROJECT / "starter.py"), *typed.split()),
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
