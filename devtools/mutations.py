"""`make mutations`: change copies of the project in named ways, one at a time; the tests must fail for each.

`mutations.toml` beside this file lists the mutations and the tests that must fail.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from queue import SimpleQueue

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from runtime import PROJECT
from runtime.stage_timer import StageTimer
from tipoff.errors import ConfigurationError, TipoffError
from tipoff.vocabulary import Frozen

FILE = Path(__file__).with_suffix(".toml")
PARALLEL = 2
TEST_SECONDS = 300
TIMED_OUT = -1
"""Returned instead of pytest's exit code when the time limit ended it."""
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".cache", "var", ".*_cache", "__pycache__", ".hypothesis")
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?([^/\s]+\.py::\S+)", re.MULTILINE)


class PytestExit(IntEnum):
    """pytest's exit codes: https://docs.pytest.org/en/stable/reference/exit-codes.html"""

    PASSED = 0
    FAILED = 1


class Mutation(Frozen):
    """One change to the code: `old` becomes `new` in `file`, and one of `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


class InvalidMutationError(TipoffError):
    """A mutation could not be applied or its tests did not run."""


def load(file: Path = FILE) -> tuple[Mutation, ...]:
    """Read the mutations of a file. Raises ConfigurationError naming the entry."""
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["mutation"]
    try:
        return tuple(Mutation.model_validate(entry) for entry in entries)
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {error}") from error


@contextmanager
def mutated(copy: Path, mutation: Mutation) -> Iterator[None]:
    """Apply a mutation to a copy, and undo it. Raises InvalidMutationError unless `old` occurs exactly once."""
    file = copy / mutation.file
    original = file.read_text(encoding="utf-8")
    count = original.count(mutation.old)
    if count != 1:
        raise InvalidMutationError(
            f"“{mutation.name}”: {mutation.file} contains the text to replace {count} times, not once; fix {FILE.name}"
        )
    file.write_text(original.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(original, encoding="utf-8")


def caught_by(copy: Path, mutation: Mutation, within_seconds: float = TEST_SECONDS) -> str | None:
    """The first test that fails, or that the tests timed out; None when all pass.

    Raises InvalidMutationError when the tests did not run.
    """
    with mutated(copy, mutation):
        code, output = _tests(copy, mutation.tests, within_seconds)
    if code == PytestExit.PASSED:
        return None
    if code == TIMED_OUT:
        return output
    failed = _FAILED.search(output)
    if code != PytestExit.FAILED or failed is None:
        raise InvalidMutationError(
            f"“{mutation.name}”: its tests did not run (pytest exited with {code}):\n{output[-2000:]}"
        )
    return failed[1]


def _tests(copy: Path, selection: Sequence[str], within_seconds: float = TEST_SECONDS) -> tuple[int, str]:
    # -B: Python would not notice that a file changed twice within one second, and would run stale bytecode.
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
    try:
        done = subprocess.run(
            [*command, *selection], cwd=copy, capture_output=True, text=True, timeout=within_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return TIMED_OUT, f"timed out after {within_seconds:g} s"
    return done.returncode, done.stdout + done.stderr


def run_all(mutations: Sequence[Mutation], stages: StageTimer, console: Console) -> dict[str, str | None]:
    """Map the name of each mutation to the test that failed, or to None; each runs in its own copy.

    Raises InvalidMutationError when the tests fail without a mutation.
    """
    with tempfile.TemporaryDirectory(prefix="tipoff-mutations-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        with stages.stage("copies"):
            for number in range(PARALLEL):
                copies.put(_copied(Path(folder) / str(number)))
        with stages.stage("the tests without a mutation"):
            _require_passing(copies, mutations)

        def run_one(mutation: Mutation) -> str | None:
            copy = copies.get()
            try:
                test = caught_by(copy, mutation)
            finally:
                copies.put(copy)
            console.print(f"  {mutation.name}: {test or 'NOT CAUGHT'}", markup=False, soft_wrap=True)
            return test

        with stages.stage("mutations"), ThreadPoolExecutor(PARALLEL) as pool:
            return dict(zip((item.name for item in mutations), pool.map(run_one, mutations), strict=True))


def _copied(folder: Path) -> Path:
    """A copy of the project without caches and outputs."""
    return Path(shutil.copytree(PROJECT, folder / PROJECT.name, ignore=_NOT_COPIED))


def _require_passing(copies: SimpleQueue[Path], mutations: Sequence[Mutation]) -> None:
    copy = copies.get()
    selection = sorted({test for mutation in mutations for test in mutation.tests})
    code, output = _tests(copy, ["-n", str(PARALLEL), *selection])
    copies.put(copy)
    if code != PytestExit.PASSED:
        raise InvalidMutationError(f"the tests fail without a mutation:\n{output[-2000:]}")


def main() -> int:
    """Exit code 0 when every mutation was caught, 1 when one survived or was invalid, 130 after Ctrl-C."""
    console = Console(highlight=False)
    stages = StageTimer(console.print)
    try:
        caught = run_all(load(), stages, console)
    except TipoffError as error:
        print(f"mutations: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    table = Table("mutation", "caught by")
    for name, test in caught.items():
        table.add_row(name, test or "[bold red]no test[/]")
    console.print(table)
    console.print(stages.table())
    survivors = [name for name, test in caught.items() if test is None]
    console.print(f"{len(caught) - len(survivors)} of {len(caught)} mutations were caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
