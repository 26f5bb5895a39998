"""`make breakages`: breaks a copy of the project in named ways, one at a time; the tests must turn red for each.

What is broken, and which tests are to notice, stands in `breakages.toml` beside this file.
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
AT_ONCE = 2
TEST_SECONDS = 300
TIMED_OUT = -1
"""In the place of pytest's exit code, when it had to be ended."""
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".cache", "var", ".*_cache", "__pycache__", ".hypothesis")
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?([^/\s]+\.py::\S+)", re.MULTILINE)


class PytestExit(IntEnum):
    """What pytest's exit codes say: https://docs.pytest.org/en/stable/reference/exit-codes.html"""

    PASSED = 0
    FAILED = 1


class Mutation(Frozen):
    """One way to break the project: a text of a file replaced, and the tests that are to notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


class NotBrokenError(TipoffError):
    """A breakage could not be carried out, so it shows nothing."""


def load(file: Path = FILE) -> tuple[Mutation, ...]:
    """The breakages of a file. Raises ConfigurationError naming the entry."""
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["mutation"]
    try:
        return tuple(Mutation.model_validate(entry) for entry in entries)
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {error}") from error


@contextmanager
def broken(copy: Path, mutation: Mutation) -> Iterator[None]:
    """The copy with the breakage in it. Raises NotBrokenError unless the text stands in the file exactly once."""
    file = copy / mutation.file
    whole = file.read_text(encoding="utf-8")
    found = whole.count(mutation.old)
    if found != 1:
        raise NotBrokenError(
            f"“{mutation.name}”: {mutation.file} holds the text to replace {found} times, not once; mend {FILE.name}"
        )
    file.write_text(whole.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(whole, encoding="utf-8")


def caught_by(copy: Path, mutation: Mutation, within_seconds: float = TEST_SECONDS) -> str | None:
    """The first test that notices, or that they hang; None when none does.

    Raises NotBrokenError when the tests did not run at all.
    """
    with broken(copy, mutation):
        code, output = _tests(copy, mutation.tests, within_seconds)
    if code == PytestExit.PASSED:
        return None
    if code == TIMED_OUT:
        return output
    noticed = _FAILED.search(output)
    if code != PytestExit.FAILED or noticed is None:
        raise NotBrokenError(f"“{mutation.name}”: its tests did not run (pytest ended with {code}):\n{output[-2000:]}")
    return noticed[1]


def _tests(copy: Path, selection: Sequence[str], within_seconds: float = TEST_SECONDS) -> tuple[int, str]:
    # No written bytecode: a file broken and mended within a second may look unchanged to Python.
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
    try:
        done = subprocess.run(
            [*command, *selection], cwd=copy, capture_output=True, text=True, timeout=within_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return TIMED_OUT, f"timed out after {within_seconds:g} s"
    return done.returncode, done.stdout + done.stderr


def try_all(mutations: Sequence[Mutation], stages: StageTimer, console: Console) -> dict[str, str | None]:
    """Name of each breakage -> the test that noticed; a few at a time, each in a copy of its own.

    Raises NotBrokenError when the tests are red already, before anything is broken.
    """
    with tempfile.TemporaryDirectory(prefix="tipoff-breakages-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        with stages.stage("copies"):
            for number in range(AT_ONCE):
                copies.put(_copied(Path(folder) / str(number)))
        with stages.stage("the same tests on an unbroken copy"):
            _require_green(copies, mutations)

        def try_one(mutation: Mutation) -> str | None:
            copy = copies.get()
            try:
                noticed = caught_by(copy, mutation)
            finally:
                copies.put(copy)
            console.print(f"  {mutation.name}: {noticed or 'NOT NOTICED'}", markup=False, soft_wrap=True)
            return noticed

        with stages.stage("mutations"), ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip((item.name for item in mutations), pool.map(try_one, mutations), strict=True))


def _copied(folder: Path) -> Path:
    """The project as it is now, with nothing that tools or runs left in it."""
    return Path(shutil.copytree(PROJECT, folder / PROJECT.name, ignore=_LEFT_OUT))


def _require_green(copies: SimpleQueue[Path], mutations: Sequence[Mutation]) -> None:
    copy = copies.get()
    selection = sorted({test for mutation in mutations for test in mutation.tests})
    code, output = _tests(copy, ["-n", str(AT_ONCE), *selection])
    copies.put(copy)
    if code != PytestExit.PASSED:
        raise NotBrokenError(f"the tests are red before anything is broken:\n{output[-2000:]}")


def main() -> int:
    """0 when every breakage was noticed, 1 when one survived or could not be tried, 130 after Ctrl-C."""
    console = Console(highlight=False)
    stages = StageTimer(console.print)
    try:
        noticed = try_all(load(), stages, console)
    except TipoffError as error:
        print(f"breakages: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    table = Table("mutation", "caught by")
    for name, test in noticed.items():
        table.add_row(name, test or "[bold red]nobody[/]")
    console.print(table)
    console.print(stages.table())
    survivors = [name for name, test in noticed.items() if test is None]
    console.print(f"{len(noticed) - len(survivors)} of {len(noticed)} breakages were caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
