"""The shell commands in the documentation, as lists of arguments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime import PROJECT

DOCUMENTS = (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_VARIABLE = re.compile(r"[A-Z_]+=")
_STARTERS = (
    ["starter.py"],
    [".venv/bin/python", "starter.py"],
    ["docker", "compose", "exec", "worker", "python", "starter.py"],
)
_COMMAND_START = re.compile(r"(starter\.py|make|\.venv/bin/python|worker\.py) ")


@dataclass(frozen=True)
class DocumentedCommand:
    """One command line of a document, without its comment and its environment variables."""

    document: Path
    text: str
    words: tuple[str, ...]
    is_in_block: bool
    """Whether it stands in a code block, rather than inside a sentence."""

    @property
    def starter_arguments(self) -> list[str] | None:
        """The arguments of `starter.py`; None for another program."""
        for start in _STARTERS:
            if list(self.words[: len(start)]) == start:
                return list(self.words[len(start) :])
        return None

    def starter_arguments_for(self, game_date: str, step: str = "grade", host: str = "cdn.nba.com") -> list[str]:
        """The arguments of `starter.py`, with its dates and placeholders replaced."""
        placeholders = {"STEP": step, "HOST": host, "NAME": "nbac_schedule", "SYSTEM": "catboost_v8"}
        words = [_DATE.sub(game_date, word) for word in self.starter_arguments or []]
        return [placeholders.get(word, word) for word in words]

    def __str__(self) -> str:
        return f"{self.document.name}: {self.text}"


def blocks(document: Path) -> list[tuple[str, str]]:
    """The language and text of each code block of a document."""
    return _BLOCK.findall(document.read_text(encoding="utf-8"))


def documented_commands() -> list[DocumentedCommand]:
    """The commands of all shell blocks, and those inside sentences."""
    return [command for document in DOCUMENTS for command in _commands_of(document)]


def _commands_of(document: Path) -> Iterator[DocumentedCommand]:
    for language, text in blocks(document):
        if language == "sh":
            yield from (_parsed(document, line, is_in_block=True) for line in text.splitlines() if line.strip())
    prose = _BLOCK.sub("", document.read_text(encoding="utf-8"))
    for code in _INLINE.findall(prose):
        if _COMMAND_START.match(code):
            yield _parsed(document, code, is_in_block=False)


def _parsed(document: Path, line: str, *, is_in_block: bool) -> DocumentedCommand:
    words = shlex.split(line, comments=True)
    while words and _VARIABLE.match(words[0]):
        words.pop(0)
    return DocumentedCommand(document, line.strip(), tuple(words), is_in_block)
