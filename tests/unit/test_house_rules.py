"""Rules for all code and texts of the project: standard words, small classes and functions."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

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
    for word in words:
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


def python_trees() -> Iterator[tuple[str, ast.Module]]:
    for file in project_files():
        if file.endswith(".py"):
            yield file, ast.parse((PROJECT / file).read_text(encoding="utf-8"))


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
