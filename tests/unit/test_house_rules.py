"""Rules for all code and texts of the project: standard words, small classes and functions."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from runtime import PROJECT
from tipoff.vocabulary import Frozen, step_names

WORDS_FILE = Path(__file__).with_name("private_words.toml")
TEXT_SUFFIXES = {"", ".csv", ".example", ".j2", ".md", ".py", ".sql", ".toml", ".yml"}
CODE_PATTERNS = {
    ".sql": re.compile(r"^(?:(?!--).)*"),
    ".j2": re.compile(r"\{[{%].*?[}%]\}"),
    ".md": re.compile(r"`[^`]*`"),
}
"""Where a line has code: before a comment, in braces, or in backticks."""
COUNTED_NOUN = re.compile(r" (?:(?!(?:of|or|and|to|as) )[a-z-]+ )?(?P<noun>[a-z-]*[a-rt-z]s)\b")
"""What may follow a number: an adjective, and a noun that a single thing would not have."""
NOT_NOUNS = {
    *("as", "belongs", "contains", "does", "exists", "fails", "has", "holds", "is", "lacks", "minus", "needs", "opens"),
    *("prints", "sends", "takes", "this", "waits", "was"),
}
TEMPLATE_NUMBER = re.compile(r"\{\{(?P<number>[^}]*)\}\}(?P<after> [a-z -]+)")
MAX_CLASS_LINES = 300
MAX_COMPLEXITY = 15


class PrivateWord(Frozen):
    """A word that is not used, and the standard term for it."""

    word: str
    use: str
    where: Literal["text", "identifier"]

    def pattern(self) -> re.Pattern[str]:
        """Matches the whole word."""
        name = re.escape(self.word).replace(r"\*", r"\w*")
        return re.compile(rf"(?<![\w-]){name}(?![\w-])")

    @property
    def beginning(self) -> str:
        """The letters that every use has."""
        return self.word.partition("*")[0]


class UseException(Frozen):
    """A correct use of such a word."""

    word: str
    file: str
    reason: str


class Use(NamedTuple):
    """A private word in a file."""

    file: str
    line: int
    word: str
    use: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: “{self.word}”: {self.use}"


@cache
def private_words() -> tuple[PrivateWord, ...]:
    return tuple(PrivateWord.model_validate(item) for item in tomllib.loads(WORDS_FILE.read_text())["word"])


@cache
def use_exceptions() -> tuple[UseException, ...]:
    return tuple(
        UseException.model_validate(item) for item in tomllib.loads(WORDS_FILE.read_text()).get("exception", ())
    )


@cache
def project_files() -> tuple[str, ...]:
    """The text files of the project, without generated data."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    written = (name for name in listed if Path(name).suffix in TEXT_SUFFIXES and not name.startswith("sample/"))
    return tuple(name for name in written if (PROJECT / name).is_file() and PROJECT / name != WORDS_FILE)


def identifiers(file: str, text: str) -> Iterator[tuple[int, str]]:
    """Line and name of everything a file names: itself, and its Python, SQL, template or quoted names."""
    yield 0, Path(file).stem
    if file.endswith(".py"):
        yield from _python_names(ast.parse(text))
    else:
        code = CODE_PATTERNS.get(Path(file).suffix, CODE_PATTERNS[".md"])
        for number, line in enumerate(text.splitlines(), 1):
            for part in code.findall(line):
                yield from ((number, name) for name in re.findall(r"\w+", part))


def _python_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield node.lineno, name
            case ast.alias(name=name) if name.isidentifier():
                yield node.lineno, name
            case ast.Constant(value=str(name)) if name.isidentifier():
                yield node.lineno, name


def uses_in(file: str, text: str, words: Iterable[PrivateWord]) -> Iterator[Use]:
    """Private words in a file, without exceptions."""
    lines, names = [file, *text.splitlines()], sorted(set(identifiers(file, text)))
    for word in (word for word in words if word.beginning in file or word.beginning in text):
        pattern = word.pattern()
        if word.where == "text":
            numbers = [number for number, line in enumerate(lines) if pattern.search(line)]
        else:
            numbers = [number for number, name in names if pattern.fullmatch(name)]
        yield from (Use(file, number, word.word, word.use) for number in numbers)


@cache
def uses_in_project() -> tuple[Use, ...]:
    """Private words in all files, without exceptions."""
    return tuple(
        use
        for file in project_files()
        for use in uses_in(file, (PROJECT / file).read_text(encoding="utf-8"), private_words())
    )


def is_excepted(use: Use) -> bool:
    return any(item.word == use.word and fnmatch(use.file, item.file) for item in use_exceptions())


def test_no_private_words_in_code_docs_and_user_texts() -> None:
    uses = [use for use in uses_in_project() if not is_excepted(use)]
    assert not uses, f"{len(uses)} private words:\n" + "\n".join(map(str, uses))


def test_exceptions_of_private_words_are_used() -> None:
    """An exception whose use is gone is removed."""
    unused = [
        item
        for item in use_exceptions()
        if not any(item.word == use.word and fnmatch(use.file, item.file) for use in uses_in_project())
    ]
    assert unused == []


@cache
def python_trees() -> tuple[tuple[str, ast.Module], ...]:
    python = (file for file in project_files() if file.endswith(".py"))
    return tuple((file, ast.parse((PROJECT / file).read_text(encoding="utf-8"))) for file in python)


def test_no_class_is_longer_than_300_lines() -> None:
    classes = (
        (file, node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for file, tree in python_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )
    assert [(file, name, lines) for file, name, lines in classes if lines > MAX_CLASS_LINES] == []


def complexity(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Cyclomatic complexity: decisions, parts of boolean expressions and of comprehensions, plus one.

    Counts as `radon` does, except that an assertion of a test is no decision; ruff's C901 counts statements only.
    """
    count = 1
    for node in (node for statement in function.body for node in ast.walk(statement)):
        match node:
            case ast.If() | ast.IfExp() | ast.match_case() | ast.ExceptHandler() | ast.Lambda():
                count += 1
            case ast.For() | ast.AsyncFor() | ast.While():
                count += 1 + bool(node.orelse)
            case ast.BoolOp(values=values):
                count += len(values) - 1
            case ast.comprehension(ifs=conditions):
                count += 1 + len(conditions)
    return count


def test_no_function_has_a_complexity_over_15() -> None:
    functions = (
        (file, node.name, complexity(node))
        for file, tree in python_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert [(file, name, count) for file, name, count in functions if count > MAX_COMPLEXITY] == []


def test_the_day_names_steps_by_constants() -> None:
    names = {value for name, value in vars(step_names).items() if name.isupper() and value != step_names.GRADE}
    literals = [
        (file, node.lineno, node.value)
        for file, tree in python_trees()
        if file.startswith(("workflows/", "activities/")) or file == "tipoff/plan.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert literals == []


def plurals_in_python(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and noun of each f-string that puts a number before a plural."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for number, text in pairwise(node.values):
                if isinstance(number, ast.FormattedValue) and isinstance(text, ast.Constant) and may_be_one(number):
                    yield from plurals_after(number.lineno, str(text.value))


def plurals_in_template(text: str) -> Iterator[tuple[int, str]]:
    """Line and noun of each placeholder of a template that is before a plural."""
    for line, content in enumerate(text.splitlines(), 1):
        for match in TEMPLATE_NUMBER.finditer(content):
            if "counted(" not in match["number"]:
                yield from plurals_after(line, match["after"])


def plurals_after(line: int, text: str) -> Iterator[tuple[int, str]]:
    match = COUNTED_NOUN.match(text)
    if match and match["noun"] not in NOT_NOUNS:
        yield line, match["noun"]


def may_be_one(number: ast.FormattedValue) -> bool:
    """Not a constant, not a number with decimals or in per cent, and not `counted` already."""
    names = {node.id for node in ast.walk(number.value) if isinstance(node, ast.Name)} - {"len"}
    has_unit = number.format_spec is not None and ast.unparse(number.format_spec).rstrip("'\"").endswith(("f", "%"))
    return "counted" not in names and not has_unit and not all(name.isupper() for name in names)


def test_numbers_before_plurals_are_written_by_counted() -> None:
    """`f"{rows} rows"` says "1 rows" some day; `counted(rows, "row")` does not."""
    plurals = [
        *((file, *plural) for file, tree in python_trees() if is_product(file) for plural in plurals_in_python(tree)),
        *(
            (file, *plural)
            for file in project_files()
            if file.endswith(".j2")
            for plural in plurals_in_template((PROJECT / file).read_text(encoding="utf-8"))
        ),
    ]
    assert plurals == []


def is_product(file: str) -> bool:
    return not file.startswith("tests/")


@pytest.mark.parametrize("text", ["{n} rows", "{len(a):,} new rows", "of {n} games, all late", "({n} bytes)"])
def test_a_number_before_a_plural_is_detected(text: str) -> None:
    assert list(plurals_in_python(ast.parse(f"f{text!r}")))


@pytest.mark.parametrize(
    "text", ["{counted(n, 'row')} of games", "{mae:.2f} points", "{LIMIT} bytes", "{file} holds it", "{n} of the games"]
)
def test_a_text_without_a_number_before_a_plural_is_accepted(text: str) -> None:
    assert not list(plurals_in_python(ast.parse(f"f{text!r}")))


def test_a_number_before_a_plural_is_detected_in_a_template() -> None:
    assert list(plurals_in_template("<p>{{ games | length }} games to grade</p>")) == [(1, "games")]
    assert list(plurals_in_template("<p>{{ games | length | counted('game') }} of these days</p>")) == []


RAW_TEXTS = {
    *("Exception", "OSError", "KeyError", "TypeError", "EOFError", "RequestException", "TransportError"),
    *("GoogleAuthError", "GoogleAPIError", "SqlglotError", "PolarsError"),
}
"""Errors whose `str` is not for people: it has error numbers or class names, or is empty."""
WITHOUT_PACKAGES = {"tipoff/sources/pdf_process.py", "runtime/bootstrap.py"}
"""Files that run without the project's packages, so that they import nothing of it."""


def raw_texts_of_errors(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and code of each place that puts the class, the `repr` or the raw text of a caught error into a text."""
    for handler in ast.walk(tree):
        match handler:
            case ast.ExceptHandler(name=str(error), type=ast.expr() as types):
                names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(types)}
                shown_raw = not names.isdisjoint(RAW_TEXTS)
                for node in ast.walk(handler):
                    if is_class_or_repr(node, error) or (shown_raw and is_raw_text(node, error)):
                        yield handler.lineno, ast.unparse(node)


def is_class_or_repr(node: ast.AST, error: str) -> bool:
    match node:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="type"), args=[ast.Name(id=name)]), attr="__name__"):
            return name == error
        case ast.FormattedValue(value=ast.Name(id=name), conversion=conversion):
            return name == error and conversion == ord("r")
        case ast.Call(func=ast.Name(id="repr"), args=[ast.Name(id=name)]):
            return name == error
    return False


def is_raw_text(node: ast.AST, error: str) -> bool:
    match node:
        case ast.FormattedValue(value=ast.Name(id=name)) | ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return name == error
    return False


def test_errors_are_shown_in_words() -> None:
    """`tipoff.vocabulary.reason_of` makes the text: people do not read class names, error numbers and objects."""
    texts = [
        (file, *text)
        for file, tree in python_trees()
        if is_product(file) and file not in WITHOUT_PACKAGES
        for text in raw_texts_of_errors(tree)
    ]
    assert texts == []


@pytest.mark.parametrize("text", ["{error!r}", "{type(error).__name__}", "{error}", "{str(error)}", "{repr(error)}"])
def test_a_raw_text_of_an_error_is_detected(text: str) -> None:
    code = f"try:\n    act()\nexcept OSError as error:\n    print(f'{text}')\n"
    assert list(raw_texts_of_errors(ast.parse(code)))
    assert not list(raw_texts_of_errors(ast.parse(code.replace(text, "{reason_of(error)}"))))
