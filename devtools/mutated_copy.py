"""Runs tests in a copy of the project in which one file is changed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from devtools.checks import IN_MAKE_TEST, clean_environment
from runtime import PROJECT
from tipoff.errors import TipoffError

TEST_SECONDS = 900
TIMED_OUT = -1
"""Returned instead of pytest's exit code when the time limit ended it."""
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".cache", "var", ".*_cache", "__pycache__", ".hypothesis")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+\.py(?:::\S+)?)(.*)", re.MULTILINE)

_TEST_TIMED_OUT = "from pytest-timeout"
_WIDTH = 500
"""Columns that show the message of a failed test whole."""


class PytestExit(IntEnum):
    """pytest's exit codes: https://docs.pytest.org/en/stable/reference/exit-codes.html"""

    PASSED = 0
    FAILED = 1


class FirstFailure(NamedTuple):
    """How tests ended that stop at the first failure."""

    code: int
    """pytest's exit code, or TIMED_OUT."""
    test: str
    """The test that failed, or the end of the output."""
    is_time_out: bool = False
    """Whether the test, or all of them together, reached its time limit."""
    function: str = ""
    """Selects the test with all its parameters; empty if none is known."""


class InvalidMutationError(TipoffError):
    """A mutation could not be applied or its tests did not run."""


def copied_project(folder: Path) -> Path:
    """Copy the project without caches and outputs into a folder, with the real data of ../shared beside it, if any."""
    copy = Path(shutil.copytree(PROJECT, folder / PROJECT.name, ignore=_NOT_COPIED))
    if (shared := PROJECT.parent / "shared").is_dir():
        (folder / shared.name).symlink_to(shared.resolve(), target_is_directory=True)
    return copy


@contextmanager
def replaced_text(file: Path, text: str) -> Iterator[None]:
    """Give a file another text, and restore it."""
    original = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(original, encoding="utf-8")


def first_failure(copy: Path, selection: Sequence[str], within_seconds: float = TEST_SECONDS) -> FirstFailure:
    """Run tests until one fails."""
    code, output = _run_tests(copy, ["-x", *selection], within_seconds)
    failed = _FAILED.search(output)
    if not failed:
        return FirstFailure(code, "" if code == PytestExit.PASSED else output[-2000:], is_time_out=code == TIMED_OUT)
    test, message = failed.groups()
    return FirstFailure(code, test, is_time_out=_TEST_TIMED_OUT in message, function=test.partition("[")[0])


def require_passing(copy: Path, selection: Sequence[str], processes: int) -> None:
    """Raises InvalidMutationError when the tests fail without a mutation."""
    code, output = _run_tests(copy, ["-x", "-n", str(processes), *selection], within_seconds=None)
    if code != PytestExit.PASSED:
        raise InvalidMutationError(f"the tests fail without a mutation:\n{output[-2000:]}")


def _run_tests(copy: Path, arguments: Sequence[str], within_seconds: float | None) -> tuple[int, str]:
    # -B: Python would not notice that a file changed twice within one second, and would run stale bytecode.
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-m", IN_MAKE_TEST, "-p", "no:cacheprovider"]
    command += ["--no-header", "--tb=no"]
    # A process that outlives its test would keep a pipe open, so the output goes to a file.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        subprocess.Popen(
            [*command, *arguments],
            cwd=copy,
            env={**clean_environment(), "COLUMNS": str(_WIDTH)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            code = process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            return TIMED_OUT, f"timed out after {within_seconds:g} s"
        finally:
            _kill_group(process.pid)
        output.seek(0)
        return code, output.read()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
