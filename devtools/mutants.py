"""A mutant: one small change to a file, found by `python_mutants` or `sql_mutants`."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple


class Mutant(NamedTuple):
    """One change to a file: `replacement` takes the place of the text from `start` to `end`, which is `old`."""

    file: str
    scope: str
    """The class and function around the change, such as `Fetcher.fetch`; empty in SQL and at module level."""
    line: int
    kind: str
    start: int
    end: int
    old: str
    replacement: str
    before: str
    """The lines of the change as they are, in one line."""
    after: str
    """The same lines with the change."""

    @property
    def location(self) -> str:
        """File and line, as editors open them."""
        return f"{self.file}:{self.line}"

    def applied_to(self, text: str) -> str:
        """The text of the file with the change."""
        return f"{text[: self.start]}{self.replacement}{text[self.end :]}"


class SourceText:
    """The text of a file, in which mutants replace spans."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset at which each line starts."""
        return [0, *accumulate(len(line) for line in self.text.splitlines(keepends=True))]

    def mutant(self, start: int, end: int, replacement: str, kind: str, scope: str = "") -> Mutant:
        """The mutant that has `replacement` instead of the span."""
        first = bisect_right(self.line_starts, start) - 1
        line_start, line_end = self.line_starts[first], self.text.find("\n", end)
        line_end = len(self.text) if line_end < 0 else line_end
        after = f"{self.text[line_start:start]}{replacement}{self.text[end:line_end]}"
        return Mutant(
            file=self.file,
            scope=scope,
            line=first + 1,
            kind=kind,
            start=start,
            end=end,
            old=_one_line(self.text[start:end]),
            replacement=replacement,
            before=_one_line(self.text[line_start:line_end]),
            after=_one_line(after),
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())
