"""Strict reading of a CSV payload: a missing or invalid cell raises an error with its line and column."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

from tipoff.errors import ContractError
from tipoff.foreign_text import plain_text
from tipoff.sources.json_payload import require_int64
from tipoff.vocabulary import counted

_INTEGER = re.compile(r"([+-]?[0-9]{1,300})(?:\.0*)?")


class CsvPayload:
    """The rows of a CSV file with a header.

    A ragged line raises ContractError when a cell of it is read. Raises ContractError for a body that is not CSV, cut
    short, or without a needed column.
    """

    def __init__(self, source: str, body: bytes, needed: frozenset[str]) -> None:
        header, lines = _parsed(source, body)
        self._columns = tuple(header)
        self._needed = needed
        for name in sorted(needed - set(header)):
            raise ContractError(source, "$.header", f"{name} is missing")
        self.rows = [_line(source, header, number, cells) for number, cells in lines]

    def unknown(self, ignored: frozenset[str]) -> tuple[str, ...]:
        """Columns neither needed nor ignored."""
        return tuple(sorted(set(self._columns) - self._needed - ignored))


class CsvRow(NamedTuple):
    """One row by column. Every method raises ContractError with line and column."""

    source: str
    path: str
    cells: dict[str, str]
    damage: str = ""
    """Why the line has no cells."""

    def text(self, name: str) -> str:
        """The cell, which may be empty."""
        if self.damage:
            raise ContractError(self.source, self.path, self.damage)
        return self.cells[name].strip()

    def integer(self, name: str) -> int:
        """A whole number; "7.0" is 7."""
        match = _INTEGER.fullmatch(self.text(name))
        if match is None:
            raise self.problem(name, "not a whole number")
        return require_int64(int(match[1]), self.source, f"{self.path}.{name}")

    def number_or_none(self, name: str) -> float | None:
        """None for an empty cell."""
        try:
            number = float(self.text(name) or "nan")
        except ValueError as error:
            raise self.problem(name, "not a number") from error
        return number if math.isfinite(number) else None

    def problem(self, name: str, problem: str) -> ContractError:
        """The error for a cell with an invalid value."""
        return ContractError(self.source, f"{self.path}.{name}", f"{self.cells[name][:40]!r} is {problem}")


def _parsed(source: str, body: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The cells of the header, and number and cells of each line that is not blank.

    A line with a broken quote has one cell.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(source, "$", f"is not CSV: {error}"[:200]) from error
    if not text.endswith("\n"):
        raise ContractError(source, "$", "was cut short: the last line does not end")
    rows = _rows(text) or [row for line in text.split("\n")[:-1] for row in _rows(line) or [[line] if line else []]]
    return rows[0], [(number, cells) for number, cells in enumerate(rows[1:], start=2) if cells]


def _rows(text: str) -> list[list[str]]:
    """The cells of each line; none for a text with a broken quote, which may extend over several lines."""
    try:
        return [list(map(plain_text, cells)) for cells in csv.reader(StringIO(text, newline=""), strict=True)]
    except csv.Error:
        return []


def _line(source: str, header: Sequence[str], number: int, cells: Sequence[str]) -> CsvRow:
    path = f"$.line[{number}]"
    if len(cells) != len(header):
        return CsvRow(source, path, {}, f"has {counted(len(cells), 'cell')}, the header has {len(header)}")
    return CsvRow(source, path, dict(zip(header, cells, strict=True)))
