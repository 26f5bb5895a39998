"""The drawing of mutants: what it changes, what it leaves alone, and that a seed repeats it."""

from __future__ import annotations

import ast
import io
import random
from fnmatch import fnmatch
from pathlib import Path
from textwrap import dedent

import pytest
import sqlglot
from rich.console import Console

from devtools.mutants import Mutant
from devtools.python_mutants import python_mutants
from devtools.random_mutations import (
    Area,
    EquivalentMutant,
    MutantResult,
    MutantRunner,
    Rules,
    Verdict,
    draw,
    list_drawn,
    load_rules,
    mutants_of,
    mutated_files,
    print_report,
)
from devtools.sql_mutants import sql_mutants
from runtime import PROJECT
from tipoff.errors import BadInputError, ConfigurationError

RULES = load_rules()
NOT_DRAWN = '''
    """A docstring of 3 words."""
    from __future__ import annotations
    __all__ = ["f", *sorted(names, key=1)]
    X: Literal[1, 2]
    @cached(maxsize=5)
    def f(a: Annotated[int, 1], b: "int | None") -> tuple[Literal[3], bool]:
        """Adds 1."""
        logger.warning("nothing", 1 + 2)
        print("x", 2 * 3, not a)
        console.print(4)
    if __name__ == "__main__":
        f(1, 2)
'''


def python_changes(text: str) -> set[tuple[str, str]]:
    return {(mutant.kind, mutant.after) for mutant in python_mutants("a.py", dedent(text).strip())}


def sql_changes(text: str) -> set[tuple[str, str]]:
    return {(mutant.kind, mutant.after) for mutant in sql_mutants("a.sql", text)}


@pytest.mark.parametrize(
    ("text", "kind", "after"),
    [
        ("x = a < b", "boundary", "x = (a <= b)"),
        ("x = a < b", "comparison", "x = (a >= b)"),
        ("x = a in b", "comparison", "x = (a not in b)"),
        ("x = not a", "negation dropped", "x = a"),
        ("x = a and b and c", "and/or", "x = (a or b or c)"),
        ("x = a and b", "condition dropped", "x = b"),
        ("x = a - b", "operator", "x = (a + b)"),
        ("x = 7", "constant", "x = 6"),
        ("x = 0", "constant", "x = (-1)"),
        ("x = 4000", "constant", "x = 8000"),
        ("x = True", "constant", "x = False"),
        ("f(a, 'b', key=c)", "arguments swapped", "f('b', a, key=c)"),
        ("if ready: go()", "condition negated", "if (not ready): go()"),
        ("x = [a for a in b if c]", "condition negated", "x = [a for a in b if (not c)]"),
        ("def f(): return a", "result dropped", "def f(): return None"),
        ("def f() -> bool: return g()", "result negated", "def f() -> bool: return not g()"),
        ("self.go()", "statement dropped", "pass"),
        ("raise Error(f'{a}') from b", "statement dropped", "pass"),
        ("self.count = 1", "statement dropped", "pass"),
        ("while a: break", "statement dropped", "while a: pass"),
        ("match a:\n    case 1 if b: go()", "condition negated", "case 1 if (not b): go()"),
    ],
)
def test_a_python_line_has_this_mutant(text: str, kind: str, after: str) -> None:
    assert (kind, after) in python_changes(text)


def test_nothing_is_drawn_that_no_test_could_notice() -> None:
    assert python_changes(NOT_DRAWN) == set()


@pytest.mark.parametrize("text", ["x = max(a, b)", "x = zip(a, strict=True)", "import a", "x: TypeAlias = A | B"])
def test_such_a_line_changes_nothing_that_a_test_could_notice(text: str) -> None:
    assert python_changes(text) <= {("arguments swapped", text)}


def test_messages_of_errors_and_texts_with_values_are_not_changed() -> None:
    assert python_changes("raise Error('a' if b else 'c', 1)") == {("statement dropped", "pass")}
    assert python_changes("x = f'{a + 1} ' + 'b'") == set()


def test_a_mutant_knows_its_line_and_scope_after_wide_characters() -> None:
    mutants = list(python_mutants("a.py", 'class A:\n    def f(self):\n        x = "→→"; y = 1\n'))
    assert {(mutant.line, mutant.scope, mutant.after) for mutant in mutants} == {
        (3, "A.f", 'x = "→→"; y = 2'),
        (3, "A.f", 'x = "→→"; y = 0'),
    }


@pytest.mark.parametrize(
    ("text", "kind", "after"),
    [
        ("SELECT a FROM b WHERE c <= @d", "boundary", "SELECT a FROM b WHERE c < @d"),
        ("SELECT a FROM b WHERE c = 'x'", "comparison", "SELECT a FROM b WHERE c != 'x'"),
        ("SELECT a FROM b WHERE c GROUP BY d", "clause dropped", "SELECT a FROM b GROUP BY d"),
        ("SELECT a FROM b WHERE c AND d GROUP BY e", "condition dropped", "SELECT a FROM b WHERE c GROUP BY e"),
        ("SELECT a FROM b WHERE c AND LEFT(d, 2) = e", "condition dropped", "SELECT a FROM b WHERE c"),
        ("SELECT a FROM b WHERE c AND d", "condition dropped", "SELECT a FROM b WHERE d"),
        ("SELECT a FROM b WHERE c AND d", "and/or", "SELECT a FROM b WHERE c OR d"),
        ("SELECT IF(a AND b, c, d) AS e", "condition dropped", "SELECT IF( b, c, d) AS e"),
        ("SELECT CASE WHEN a OR b THEN c END", "condition dropped", "SELECT CASE WHEN a THEN c END"),
        (
            "SELECT a FROM b WHERE c BETWEEN 1 AND d AND e",
            "condition dropped",
            "SELECT a FROM b WHERE c BETWEEN 1 AND d",
        ),
        ("SELECT a FROM b JOIN c USING (d)", "join", "SELECT a FROM b LEFT JOIN c USING (d)"),
        ("SELECT a FROM b INNER JOIN c USING (d)", "join", "SELECT a FROM b LEFT JOIN c USING (d)"),
        ("SELECT a FROM b LEFT JOIN c USING (d)", "join", "SELECT a FROM b JOIN c USING (d)"),
        ("SELECT IF(a, b, c)", "arguments swapped", "SELECT IF(a, c, b)"),
        ("SELECT COUNT(DISTINCT a)", "DISTINCT dropped", "SELECT COUNT( a)"),
        ("SELECT a IS NULL", "comparison", "SELECT a IS NOT NULL"),
        ("SELECT a NOT IN (1)", "negation dropped", "SELECT a IN (1)"),
        ("SELECT a - 2", "operator", "SELECT a + 2"),
        ("SELECT -a", "sign dropped", "SELECT a"),
        ("SELECT a * 0.5", "constant", "SELECT a * 1.5"),
    ],
)
def test_a_select_has_this_mutant(text: str, kind: str, after: str) -> None:
    assert (kind, after) in sql_changes(text)


def test_texts_comments_lists_of_columns_and_the_and_of_between_are_not_changed() -> None:
    assert sql_changes("SELECT * EXCEPT (a, b) FROM c JOIN d USING (e, f)") == {
        ("join", "SELECT * EXCEPT (a, b) FROM c LEFT JOIN d USING (e, f)")
    }
    assert sql_changes("-- a < b\nSELECT *, 'a < 1', COUNT(*) FROM b") == set()
    kinds = {kind for kind, _ in sql_changes("SELECT a FROM b WHERE TRUE QUALIFY c")}
    assert kinds == {"constant", "clause dropped"}
    assert ("clause dropped", "SELECT a FROM b WHERE TRUE") in sql_changes("SELECT a FROM b WHERE TRUE QUALIFY c")
    between = {kind for kind, _ in sql_changes("SELECT a BETWEEN @b AND @c")}
    assert between == set()


@pytest.mark.parametrize("file", mutated_files(["tipoff/sql"]))
def test_a_mutant_of_a_select_is_a_select(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    mutants = list(mutants_of(file))
    mutated = [mutant.applied_to(text) for mutant in random.Random(1).sample(mutants, min(25, len(mutants)))]
    assert mutated
    assert all(sqlglot.parse_one(each, read="bigquery") for each in mutated)
    assert text not in mutated


def test_mutants_of_the_code_compile_and_change_it() -> None:
    files = [file for file in mutated_files() if file.endswith(".py")]
    for file in random.Random(1).sample(files, 15):
        text = (PROJECT / file).read_text(encoding="utf-8")
        mutants = list(mutants_of(file))
        for mutant in random.Random(1).sample(mutants, min(10, len(mutants))):
            compile(mutant.applied_to(text), file, "exec")
            assert ast.dump(ast.parse(mutant.applied_to(text))) != ast.dump(ast.parse(text)), mutant


def test_a_seed_draws_the_same_mutants_again_and_another_seed_others() -> None:
    files = mutated_files(["activities", "tipoff/sql"])
    assert draw(20, 1, files, RULES) == draw(20, 1, files, RULES)
    assert draw(20, 1, files, RULES) != draw(20, 2, files, RULES)


def test_at_most_one_mutant_of_a_line_is_drawn() -> None:
    locations = [mutant.location for mutant in draw(10_000, 1, mutated_files(["activities"]), RULES)]
    assert len(set(locations)) == len(locations) > 100


def test_a_mutant_judged_equivalent_is_never_drawn() -> None:
    file = "tipoff/odds.py"
    known, *others = mutants_of(file)
    judged = EquivalentMutant(
        file=file, scope=known.scope, before=known.before, after=known.after, reason="for the test"
    )
    rules = Rules(area=RULES.area, equivalent=(judged,))
    drawn = {mutant for seed in range(100) for mutant in draw(10_000, seed, [file], rules)}
    assert drawn == set(others)


@pytest.mark.parametrize("known", RULES.equivalent, ids=lambda known: f"{known.file}: {known.after}")
def test_a_mutant_judged_equivalent_still_exists_and_has_a_reason(known: EquivalentMutant) -> None:
    assert [mutant for mutant in mutants_of(known.file) if known.describes(mutant)]
    assert known.reason


@pytest.mark.parametrize("area", [*RULES.area, *RULES.folder], ids=lambda area: area.files[0])
def test_an_area_has_files_and_tests_that_are_not_the_whole_suite(area: Area) -> None:
    assert [test for test in area.tests if not (PROJECT / test).exists()] == []
    assert not {"tests", "tests/unit", "tests/contract"} & set(area.tests)
    assert [file for file in mutated_files() if any(fnmatch(file, pattern) for pattern in area.files)]


@pytest.mark.parametrize("area", RULES.area, ids=lambda area: area.files[0])
def test_the_tests_of_an_area_run_for_each_file_that_it_names(area: Area) -> None:
    """Also where a pattern of an area above matches it."""
    named = [file for file in area.files if "*" not in file]
    assert [file for file in named if RULES.tests_of(file)[: len(area.tests)] != area.tests] == []


def test_every_file_has_an_area() -> None:
    patterns = [pattern for area in RULES.area for pattern in area.files]
    assert [file for file in mutated_files() if not any(fnmatch(file, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("path", ["nothere", "/etc", "tests/unit/cli", "cli/nothere.py"])
def test_a_path_without_mutants_is_named(path: str) -> None:
    with pytest.raises(BadInputError, match=f"{path}: no Python or SQL file"):
        mutated_files([path])


def test_a_file_without_an_area_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no area has new\.py"):
        Rules(area=()).tests_of("new.py")


@pytest.mark.parametrize(
    ("test", "verdict", "failed"),
    [
        ("def test_a(): assert gate.seconds < 1", Verdict.KILLED, "test_gate.py::test_a"),
        ("def test_a(): assert gate.seconds > 1", Verdict.UNPROVEN, "test_gate.py::test_a"),
        (
            "@pytest.mark.timeout(0.5)\ndef test_a(): time.sleep(20 * gate.seconds)",
            Verdict.TIMED_OUT,
            "test_gate.py::test_a",
        ),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Verdict) else "",
)
def test_a_mutant_is_killed_by_a_test_that_fails_only_with_it(
    tmp_path: Path, test: str, verdict: Verdict, failed: str
) -> None:
    text = "seconds = 0\n"
    (tmp_path / "gate.py").write_text(text)
    (tmp_path / "test_gate.py").write_text(f"import sys, time, pytest\nsys.path.insert(0, '.')\nimport gate\n{test}\n")
    result = MutantRunner(tmp_path).result(next(python_mutants("gate.py", text)), ["test_gate.py"])
    assert (result.verdict, result.failure) == (verdict, failed)
    assert (tmp_path / "gate.py").read_text() == text


def test_drawn_mutants_are_listed_without_running_a_test() -> None:
    printed = io.StringIO()
    assert list_drawn(3, 1, ["tipoff/odds.py"], Console(file=printed, width=300)) == 0
    drawn = draw(3, 1, ["tipoff/odds.py"], RULES)
    assert [line for line in printed.getvalue().splitlines() if line.startswith("drawn")] == [
        f"drawn: {mutant.location} {mutant.scope} ({mutant.kind})" for mutant in drawn
    ]


def result_of(mutant: Mutant, verdict: Verdict) -> MutantResult:
    return MutantResult(mutant, verdict, "", 1.5)


@pytest.mark.parametrize("verdict", [Verdict.SURVIVED, Verdict.UNPROVEN])
@pytest.mark.parametrize(("survivors", "code"), [(0, 0), (1, 0), (2, 1)])
def test_a_share_below_95_percent_fails_and_survivors_are_listed(survivors: int, code: int, verdict: Verdict) -> None:
    mutant = next(python_mutants("tipoff/odds.py", "x = a < b\n"))
    killed = [result_of(mutant, Verdict.TIMED_OUT), *[result_of(mutant, Verdict.KILLED)] * (19 - survivors)]
    results = [result_of(mutant, verdict)] * survivors + killed
    printed = io.StringIO()
    assert print_report(results, 7, Console(file=printed, width=200, soft_wrap=True)) == code
    text = printed.getvalue()
    assert f"SEED=7: {20 - survivors} of 20 mutants killed: {100 - 5 * survivors}.0%" in text
    assert text.count(f"{verdict}: tipoff/odds.py:1  (boundary)\n  - x = a < b\n  + x = (a <= b)") == survivors
