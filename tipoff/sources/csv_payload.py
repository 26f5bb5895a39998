"""Strict reading of a CSV payload: a missing or invalid cell raises an error with its line and column."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

from tipoff.errors import ContractError
from tipoff.foreign_text import plain_text
from tipoff.sources.json_payload import require_int64


class CsvPayload:
    """The rows of a CSV file with a header.

    Raises ContractError for a body that is not CSV, cut short, ragged, or without a needed column.
    """

    def __init__(self, source: str, body: bytes, needed: frozenset[str]) -> None:
        header, lines = _parsed(source, body)
        self._columns = tuple(header)
        self._needed = needed
        for name in sorted(needed - set(header)):
            raise ContractError(source, "$.header", f"{name} is missing")
        self.rows = [_line(source, header, number, cells) for number, cells in enumerate(lines, start=2)]

    def unknown(self, ignored: frozenset[str]) -> tuple[str, ...]:
        """Columns neither needed nor ignored."""
        return tuple(sorted(set(self._columns) - self._needed - ignored))


class CsvRow(NamedTuple):
    """One row by column. Every method raises ContractError with line and column."""

    source: str
    path: str
    cells: dict[str, str]

    def text(self, name: str) -> str:
        """The cell, which may be empty."""
        return self.cells[name].strip()

    def integer(self, name: str) -> int:
        try:
            number = int(self.text(name))
        except ValueError as error:
            raise self.problem(name, "not a whole number") from error
        return require_int64(number, self.source, f"{self.path}.{name}")

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


def _parsed(source: str, body: bytes) -> tuple[list[str], list[list[str]]]:
    try:
        text = body.decode("utf-8-sig")
        reader = csv.reader(StringIO(text, newline=""), strict=True)
        rows = [list(map(plain_text, cells)) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ContractError(source, "$", f"is not CSV: {error}"[:200]) from error
    if not text.endswith("\n"):
        raise ContractError(source, "$", "was cut short: the last line does not end")
    return rows[0], [row for row in rows[1:] if row]


def _line(source: str, header: Sequence[str], number: int, cells: Sequence[str]) -> CsvRow:
    path = f"$.line[{number}]"
    if len(cells) != len(header):
        raise ContractError(source, path, f"has {len(cells)} cells, the header has {len(header)}")
    return CsvRow(source, path, dict(zip(header, cells, strict=True)))
