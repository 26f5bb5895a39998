"""`make mutations RANDOM=100`: draws mutants of the code at random; the tests of their area must fail for them.

`random_mutations.toml` beside this file lists the tests of each area, and the mutants that change nothing.
A mutant is killed only if the failing test passes without it, so that a busy machine kills none.
"""

from __future__ import annotations

import random
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from fnmatch import fnmatch
from itertools import chain, groupby
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from devtools.mutants import Mutant
from devtools.mutated_copy import (
    TEST_SECONDS,
    TIMED_OUT,
    FirstFailure,
    PytestExit,
    copied_project,
    first_failure,
    replaced_text,
)
from devtools.python_mutants import python_mutants
from devtools.sql_mutants import sql_mutants
from runtime import PROJECT
from runtime.stage_timer import StageTimer
from tipoff.errors import BadInputError, ConfigurationError
from tipoff.vocabulary import Frozen, counted, shortened

FILE = Path(__file__).with_suffix(".toml")
MUTATED = ("activities", "cli", "runtime", "tipoff", "workflows", "starter.py", "worker.py")
REQUIRED_SHARE = 0.95
_FINDERS = {".py": python_mutants, ".sql": sql_mutants}
_SHOWN = 90
"""The longest change that a table shows whole."""


class Area(Frozen):
    """Files, as patterns, and the tests that must fail when one of them is mutated: the fastest first."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


class EquivalentMutant(Frozen):
    """A mutant that no test can notice, and why."""

    file: str
    scope: str = ""
    before: str
    after: str
    reason: str

    def describes(self, mutant: Mutant) -> bool:
        """Whether a mutant is this one."""
        described = (self.file, self.scope, self.before, self.after)
        return described == (mutant.file, mutant.scope, mutant.before, mutant.after)


class Rules(Frozen):
    """The content of `random_mutations.toml`."""

    area: tuple[Area, ...]
    folder: tuple[Area, ...] = ()
    """Tests of the folder, which run after those of the area."""
    equivalent: tuple[EquivalentMutant, ...] = ()

    def tests_of(self, file: str) -> tuple[str, ...]:
        """The tests of the area that names it or first matches it, and of its folder. Raises ConfigurationError."""
        tests = _first_tests(self.area, file)
        if not tests:
            raise ConfigurationError(f"{FILE.name}: no area has {file}; add its tests")
        return (*tests, *_first_tests(self.folder, file))

    def is_equivalent(self, mutant: Mutant) -> bool:
        """Whether a mutant was judged to change nothing."""
        return any(known.describes(mutant) for known in self.equivalent)


def _first_tests(areas: Sequence[Area], file: str) -> tuple[str, ...]:
    named = (area.tests for area in areas if file in area.files)
    matching = (area.tests for area in areas if any(fnmatch(file, pattern) for pattern in area.files))
    return next(chain(named, matching), ())


class Verdict(StrEnum):
    """What the tests of a mutant's area did."""

    KILLED = "killed"
    TIMED_OUT = "killed by a time-out"
    UNPROVEN = "unproven, as the test fails without the mutant too"
    SURVIVED = "survived"

    @property
    def is_killed(self) -> bool:
        """Whether the tests noticed the mutant."""
        return self in {Verdict.KILLED, Verdict.TIMED_OUT}


class MutantResult(NamedTuple):
    """A mutant, and how its tests ended."""

    mutant: Mutant
    verdict: Verdict
    failure: str
    """The first test that failed."""
    seconds: float

    @property
    def package(self) -> str:
        """The folder of the mutated file."""
        return Path(self.mutant.file).parent.as_posix()


def load_rules(file: Path = FILE) -> Rules:
    """Read the areas and the equivalent mutants. Raises ConfigurationError naming the entry."""
    try:
        return Rules.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {error}") from error


def mutated_files(paths: Sequence[str] = MUTATED) -> list[str]:
    """The files below these paths that have mutants. Raises BadInputError for a path without any."""
    files = set()
    for path in paths:
        is_mutated = Path(path).parts[:1] in {(each,) for each in MUTATED}
        below = [PROJECT / path, *(PROJECT / path).rglob("*")] if is_mutated else []
        sources = {file.relative_to(PROJECT).as_posix() for file in below if file.is_file() and file.suffix in _FINDERS}
        if not sources:
            raise BadInputError(f"{path}: no Python or SQL file; use some of {', '.join(MUTATED)} or paths below")
        files |= sources
    return sorted(files)


def mutants_of(file: str) -> Iterator[Mutant]:
    """All mutants of a file."""
    return _FINDERS[Path(file).suffix](file, (PROJECT / file).read_text(encoding="utf-8"))


def draw(number: int, seed: int, files: Sequence[str], rules: Rules) -> list[Mutant]:
    """Draw lines, then one mutant of each, as a line with many would be drawn too often; in the order of the files."""
    mutants = (mutant for file in files for mutant in mutants_of(file) if not rules.is_equivalent(mutant))
    by_location = sorted(mutants, key=lambda mutant: (mutant.file, mutant.line))
    lines = [list(group) for _, group in groupby(by_location, key=lambda mutant: mutant.location)]
    chance = random.Random(seed)  # noqa: S311
    return [
        chance.choice(lines[index])
        for index in sorted(chance.sample(range(len(lines)), min(max(number, 0), len(lines))))
    ]


def list_drawn(number: int, seed: int, paths: Sequence[str], console: Console) -> int:
    """Print the mutants of a draw, and run no test; exit code 0."""
    for mutant in draw(number, seed, mutated_files(paths), load_rules()):
        _print_change(mutant, "drawn", console)
    return 0


def run_random(number: int, seed: int, paths: Sequence[str], console: Console) -> int:
    """Try drawn mutants one at a time; exit code 0 when enough were killed, 1 when not.

    Raises BadInputError when there is none to try.
    """
    stages, rules = StageTimer(console.print), load_rules()
    with stages.stage(f"draw with SEED={seed}"):
        drawn = draw(number, seed, mutated_files(paths), rules)
    if not drawn:
        raise BadInputError("no mutant was drawn: draw at least one (RANDOM=100), from files that have some")
    with tempfile.TemporaryDirectory(prefix="tipoff-mutations-") as folder, stages.stage("mutants"):
        runner = MutantRunner(copied_project(Path(folder)))
        results: list[MutantResult] = []
        for mutant in drawn:
            results.append(runner.result(mutant, rules.tests_of(mutant.file)))
            console.print(f"  {mutant.location}: {results[-1].verdict} {results[-1].failure}", markup=False)
    console.print(stages.table())
    return print_report(results, seed, console)


class MutantRunner:
    """Runs tests with mutants in a copy of the project."""

    def __init__(self, copy: Path, within_seconds: float = TEST_SECONDS) -> None:
        self._copy = copy
        self._within_seconds = within_seconds
        self._passing: set[str] = set()

    def result(self, mutant: Mutant, tests: Sequence[str]) -> MutantResult:
        """Run tests with a mutant, and the one that failed without it."""
        started = time.monotonic()
        file = self._copy / mutant.file
        with replaced_text(file, mutant.applied_to(file.read_text(encoding="utf-8"))):
            failure = first_failure(self._copy, tests, self._within_seconds)
        return MutantResult(mutant, self._verdict(failure, tests), failure.test, time.monotonic() - started)

    def _verdict(self, failure: FirstFailure, tests: Sequence[str]) -> Verdict:
        if failure.code == PytestExit.PASSED:
            return Verdict.SURVIVED
        if failure.function:
            tests = [failure.function]
        elif failure.code != TIMED_OUT:  # pytest did not start
            tests = tests[:1]
        if not self._pass_without_mutant(tests, again=failure.is_time_out):
            return Verdict.UNPROVEN
        return Verdict.TIMED_OUT if failure.is_time_out else Verdict.KILLED

    def _pass_without_mutant(self, tests: Sequence[str], *, again: bool) -> bool:
        """Whether tests pass now; `again`: even if they did before, as the machine may have become busy."""
        if again or not self._passing.issuperset(tests):
            if first_failure(self._copy, tests, self._within_seconds).code != PytestExit.PASSED:
                return False
            self._passing.update(tests)
        return True


def print_report(results: Sequence[MutantResult], seed: int, console: Console) -> int:
    """Print every mutant, the killed share of each package and the survivors; 0 when enough were killed, else 1."""
    table = Table("location", "mutation", "verdict", "seconds")
    for each in results:
        mutant = each.mutant
        change = shortened(f"{mutant.kind}: {mutant.old} → {mutant.replacement}", _SHOWN)
        table.add_row(mutant.location, Text(change), each.verdict, f"{each.seconds:.0f}")
    console.print(table)
    survivors = [each for each in results if not each.verdict.is_killed]
    drawn = Counter(each.package for each in results)
    survived = Counter(each.package for each in survivors)
    shares = Table("package", "killed", "drawn", "share")
    for package, count in sorted(drawn.items()):
        killed = count - survived[package]
        shares.add_row(package, str(killed), str(count), f"{killed / count:.0%}")
    console.print(shares)
    for each in survivors:
        _print_change(each.mutant, each.verdict, console)
    share = 1 - len(survivors) / len(results) if results else 1.0
    killed_of_all = f"{len(results) - len(survivors)} of {counted(len(results), 'mutant')} killed"
    console.print(f"SEED={seed}: {killed_of_all}: {share:.1%}")
    return 0 if share >= REQUIRED_SHARE else 1


def _print_change(mutant: Mutant, verdict: str, console: Console) -> None:
    console.print(f"{verdict}: {mutant.location} {mutant.scope} ({mutant.kind})", markup=False)
    console.print(f"  - {mutant.before}\n  + {mutant.after}", markup=False)
