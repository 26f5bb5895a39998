"""`make mutations`: change copies of the project in named ways, one at a time; the tests must fail for each.

`mutations.toml` beside this file lists the mutations and the tests that must fail. With `--random N`, mutants are drawn
at random instead: see `random_mutations.py`.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from devtools.mutated_copy import (
    TEST_SECONDS,
    TIMED_OUT,
    InvalidMutationError,
    PytestExit,
    copied_project,
    first_failure,
    replaced_text,
    require_passing,
)
from devtools.random_mutations import MUTATED, list_drawn, run_random
from runtime.stage_timer import StageTimer
from tipoff.errors import ConfigurationError, TipoffError
from tipoff.vocabulary import Frozen, counted

FILE = Path(__file__).with_suffix(".toml")
PARALLEL = 2


class Mutation(Frozen):
    """One change to the code: `old` becomes `new` in `file`, and one of `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def load(file: Path = FILE) -> tuple[Mutation, ...]:
    """Read the mutations of a file. Raises ConfigurationError naming the entry."""
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["mutation"]
    try:
        return tuple(Mutation.model_validate(entry) for entry in entries)
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {error}") from error


def mutated_text(copy: Path, mutation: Mutation) -> str:
    """The file with a mutation. Raises InvalidMutationError unless `old` occurs exactly once."""
    original = (copy / mutation.file).read_text(encoding="utf-8")
    count = original.count(mutation.old)
    if count != 1:
        occurrences = f"{mutation.file} contains the text to replace {counted(count, 'time')}, not once"
        raise InvalidMutationError(f"“{mutation.name}”: {occurrences}; fix {FILE.name}")
    return original.replace(mutation.old, mutation.new)


def caught_by(copy: Path, mutation: Mutation, within_seconds: float = TEST_SECONDS) -> str | None:
    """The first test that fails, or that the tests timed out; None when all pass.

    Raises InvalidMutationError when the tests did not run.
    """
    with replaced_text(copy / mutation.file, mutated_text(copy, mutation)):
        failure = first_failure(copy, mutation.tests, within_seconds)
    if failure.code == PytestExit.PASSED:
        return None
    if failure.code not in {PytestExit.FAILED, TIMED_OUT}:
        problem = f"its tests did not run (pytest exited with {failure.code})"
        raise InvalidMutationError(f"“{mutation.name}”: {problem}:\n{failure.test}")
    return failure.test


def run_all(mutations: Sequence[Mutation], stages: StageTimer, console: Console) -> dict[str, str | None]:
    """Map the name of each mutation to the test that failed, or to None; each runs in its own copy.

    Raises InvalidMutationError when the tests fail without a mutation.
    """
    with tempfile.TemporaryDirectory(prefix="tipoff-mutations-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        with stages.stage("copies"):
            for number in range(PARALLEL):
                copies.put(copied_project(Path(folder) / str(number)))
        with stages.stage("the tests without a mutation"):
            copy = copies.get()
            require_passing(copy, sorted({test for mutation in mutations for test in mutation.tests}), PARALLEL)
            copies.put(copy)

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


def run_named(console: Console) -> int:
    """Apply every mutation of the list; exit code 0 when every one was caught, 1 when one survived."""
    stages = StageTimer(console.print)
    caught = run_all(load(), stages, console)
    table = Table("mutation", "caught by")
    for name, test in caught.items():
        table.add_row(name, test or "[bold red]no test[/]")
    console.print(table)
    console.print(stages.table())
    survivors = [name for name, test in caught.items() if test is None]
    console.print(f"{len(caught) - len(survivors)} of {counted(len(caught), 'mutation')} caught")
    return 1 if survivors else 0


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when enough mutations were caught, 1 when not or when one was invalid, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="mutations", description="Break copies of the code: the tests must fail.")
    parser.add_argument("--random", type=int, metavar="N", help="draw so many mutants instead of applying the list")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="draws the same mutants again")
    parser.add_argument("--paths", nargs="*", default=MUTATED, help="files and folders to draw from")
    parser.add_argument("--list", action="store_true", help="print the drawn mutants, and run no test")
    options = parser.parse_args(arguments)
    if options.list and options.random is None:
        parser.error("--list needs --random N: make mutations RANDOM=100 LIST=1")
    console = Console(highlight=False, soft_wrap=True)
    try:
        if options.random is None:
            return run_named(console)
        run = list_drawn if options.list else run_random
        return run(options.random, options.seed, options.paths, console)
    except TipoffError as error:
        print(f"mutations: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
