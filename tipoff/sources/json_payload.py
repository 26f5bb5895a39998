"""Strict reading of a JSON payload: a missing or retyped field raises an error with its path, new fields are listed.

Objects are read through `Fields`, the result sets of stats.nba.com (headers and rows) through `ResultSet`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from itertools import compress
from operator import itemgetter
from typing import Any, TypeVar

from tipoff.errors import ContractError
from tipoff.sources.base import Response
from tipoff.sources.dates import PLAUSIBLE_YEARS, date_of
from tipoff.sources.json_text import parse_json
from tipoff.vocabulary import counted, shortened

Value = TypeVar("Value")
_Argument = TypeVar("_Argument")

_TYPE_NAMES: Mapping[type, str] = {
    str: "text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}
_INT64_BITS = 63
"""Without the sign."""
MAX_TEXT_LENGTH = 200
"""Characters of a single field. A longer text is no id, name or word of a provider."""
_FLAGS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0", "0.0"), False),
    **dict.fromkeys(("", "null", "none"), None),
}
_NO_TIME = "0001-01-01"
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_WITH_CONTENT = "!"
"""Suffix of a path whose whole content counts as read."""


def require_int64(value: int, source: str, path: str) -> int:
    """The integer. Raises ContractError for one that an INT64 column cannot hold."""
    if value.bit_length() > _INT64_BITS:
        size = counted(value.bit_length(), "bit")
        raise ContractError(source, path, f"is an integer of {size}, expected at most {_INT64_BITS}")
    return value


_INDEX = re.compile(r"\[\d+\]")


def path_pattern(path: str) -> str:
    """A path without its indexes: "$.games[].homeTeam"."""
    return _INDEX.sub("[]", path)


def readable(read: Callable[[_Argument], Value], argument: _Argument) -> Value | None:
    """What is read of a damaged element; None when just this is damaged."""
    try:
        return read(argument)
    except ContractError:
        return None


def names(text: str) -> frozenset[str]:
    """The words of a text as a set of field names."""
    return frozenset(text.split())


class JsonPayload:
    """A JSON document that records which of its fields are read.

    `payload`: a body, or a response, whose document is parsed once however often it is read. Raises ContractError when
    it is not JSON.
    """

    def __init__(self, source: str, payload: bytes | Response) -> None:
        self.source = source
        self._read: set[str] = set()
        try:
            self._content = parse_json(payload) if isinstance(payload, bytes) else payload.json_document
        except (ValueError, RecursionError) as error:
            raise ContractError(source, "$", f"is not JSON: {error}"[:200]) from error

    def top(self) -> Fields:
        """The document as an object."""
        return Fields(self.source, self._read, "$", "$", _object(self.source, "$", self._content))

    def each(self) -> list[Fields]:
        """The document as a list of objects; an element that is no object raises when it is read."""
        content = _typed(self.source, "$", self._content, list)
        return _objects(self.source, self._read, "$", "$", content)

    def is_list(self) -> bool:
        """Whether the document is a list; some providers wrap the list in an object at times."""
        return isinstance(self._content, list)

    def unknown(self, ignored: frozenset[str]) -> tuple[str, ...]:
        """Paths of fields neither read nor ignored, each once. Call it after reading."""
        return tuple(sorted(set(self._unknown(self._content, "$", ignored))))

    def _unknown(self, value: Any, path: str, ignored: frozenset[str]) -> Iterator[str]:
        if isinstance(value, list):
            for item in value:
                yield from self._unknown(item, f"{path}[]", ignored)
        elif isinstance(value, dict):
            for name in value.keys() - ignored:
                inner = f"{path}.{name}"
                if inner not in self._read:
                    yield inner
                elif f"{inner}{_WITH_CONTENT}" not in self._read:
                    yield from self._unknown(value[name], inner, ignored)


class Fields:
    """One object of a payload. Every method reads a field by name and raises ContractError with its path."""

    __slots__ = ("_content", "_pattern", "_read", "path", "source")

    def __init__(self, source: str, read: set[str], path: str, pattern: str, content: Mapping[str, Any]) -> None:
        self.source = source
        self.path = path
        self._read = read
        self._pattern = pattern  # the path without list indexes
        self._content = content

    def text(self, name: str) -> str:
        value: str = self._read_value(name, str)
        return value

    def filled_text(self, name: str) -> str:
        """A text that is not blank."""
        value = self.text(name)
        if not value.strip():
            raise self.problem(name, "is blank")
        return value

    def prose(self, name: str) -> str:
        """The beginning of a free text, which may be long."""
        value: str = self._typed(name, str)
        return value[:MAX_TEXT_LENGTH]

    def integer(self, name: str) -> int:
        """A whole number; 7.0 is 7."""
        value = self._read_value(name, int, float)
        return _whole(value, self.source, f"{self.path}.{name}")

    def count(self, name: str) -> int:
        """An optional count, such as the points so far: 0 when it is absent or null."""
        return self.integer(name) if self.has(name) else 0

    def number(self, name: str) -> float:
        return _finite(self._read_value(name, int, float), self.source, f"{self.path}.{name}")

    def flag(self, name: str) -> bool:
        """A flag that is false unless stated."""
        return self.optional_flag(name) or False

    def optional_flag(self, name: str) -> bool | None:
        """A flag; None when it is absent, null or empty. Texts and numbers such as "true", "N" and 1 are read."""
        if not self.has(name):
            return None
        value = self._read_value(name, bool, int, float, str)
        word = str(value).strip().casefold()
        if word not in _FLAGS:
            raise self.problem(name, f"{value!r} is neither true nor false")
        return _FLAGS[word]

    def identifier(self, name: str) -> str:
        """An id as text, however the provider types it: 7.0 is "7"."""
        return _as_identifier(self._read_value(name, str, int, float), self.source, f"{self.path}.{name}")

    def time(self, name: str) -> datetime:
        """An ISO 8601 time with a time zone."""
        return _parse_time(self.text(name), self.source, f"{self.path}.{name}")

    def time_in_utc(self, name: str) -> datetime:
        """An ISO 8601 time; UTC when it names no time zone: "2021-10-21 23:30:00"."""
        text = self.text(name)
        return _parse_time(text if _ZONED.search(text) else f"{text}Z", self.source, f"{self.path}.{name}")

    def has_time(self, name: str) -> bool:
        """Whether the field has a time: absent, null, an empty text and the year 1 stand for "no time"."""
        return self.has(name) and not str(self._content[name] or _NO_TIME).startswith(_NO_TIME)

    def date(self, name: str) -> date:
        """A date; a time that follows it has no meaning."""
        try:
            return date_of(self.text(name))
        except ValueError as error:
            raise self.problem(name, str(error)) from error

    def fields(self, name: str) -> Fields:
        """The object under a name."""
        content = self._read_value(name, dict)
        return Fields(self.source, self._read, f"{self.path}.{name}", f"{self._pattern}.{name}", content)

    def each(self, name: str) -> list[Fields]:
        """The objects of the list under a name; an element that is no object raises ContractError when it is read."""
        path, pattern = f"{self.path}.{name}", f"{self._pattern}.{name}"
        return _objects(self.source, self._read, path, pattern, self._read_value(name, list))

    def values(self, name: str) -> list[Any]:
        """The list under a name, of any type; its content counts as read."""
        self._read.add(f"{self._pattern}.{name}{_WITH_CONTENT}")
        value: list[Any] = self._read_value(name, list)
        return value

    def has(self, name: str) -> bool:
        """Whether the field is present and not null, for optional fields."""
        self._read.add(f"{self._pattern}.{name}")
        return self._content.get(name) is not None

    def ignore(self, name: str) -> None:
        """Count the field and its content as read."""
        self._read.update((f"{self._pattern}.{name}", f"{self._pattern}.{name}{_WITH_CONTENT}"))

    def problem(self, name: str, problem: str) -> ContractError:
        """The error for a field with an invalid value."""
        return ContractError(self.source, f"{self.path}.{name}", problem)

    def _read_value(self, name: str, *kinds: type) -> Any:
        value = self._typed(name, *kinds)
        if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
            size = counted(len(value), "character")
            raise self.problem(name, f"is a text of {size}, expected at most {MAX_TEXT_LENGTH}")
        return value

    def _typed(self, name: str, *kinds: type) -> Any:
        self._read.add(f"{self._pattern}.{name}")
        if name not in self._content:
            raise self.problem(name, "is missing")
        return _typed(self.source, f"{self.path}.{name}", self._content[name], *kinds)


class ResultSet:
    """One result set of stats.nba.com, read by column: fast for a season's rows.

    A ragged row or an unreadable cell damages its row only: the row's cells are None in the columns, which `intact`
    leaves out. Raises ContractError for a missing header.
    """

    def __init__(self, fields: Fields) -> None:
        self.source = fields.source
        self.path = f"{fields.path}.rowSet"
        self.damage: dict[int, ContractError] = {}
        """Index of each damaged row -> its first error. Complete once all columns are read."""
        self._headers = [str(header) for header in fields.values("headers")]
        rows = fields.values("rowSet")
        self._rows: list[list[Any]] = [self._row(index, row) for index, row in enumerate(rows)]
        self._indexes: Sequence[int] = range(len(rows))
        self._read: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def with_value(self, header: str) -> ResultSet:
        """The rows that have a value under a header; the others are not read. Call it before reading columns."""
        cells = zip(self._indexes, self._cells(header), strict=True)
        present = [bool(cell) or index in self.damage for index, cell in cells]
        if all(present):
            return self
        part = copy(self)
        part._rows, part._indexes = list(compress(self._rows, present)), list(compress(self._indexes, present))
        return part

    def texts(self, header: str) -> list[str]:
        return self._column(header, str)

    def texts_or_none(self, header: str) -> list[str | None]:
        return self._column(header, str, type(None))

    def integers(self, header: str) -> list[int]:
        """Whole numbers; 7.0 is 7."""
        cells = self._column(header, int, convert=_as_integer)
        if all(cell.bit_length() <= _INT64_BITS for cell in cells if cell is not None):
            return cells
        return self._each(header, cells, _as_integer)

    def numbers(self, header: str) -> list[float]:
        return self._numbers(header, int, float)

    def numbers_or_none(self, header: str) -> list[float | None]:
        return self._numbers(header, int, float, type(None))

    def identifiers(self, header: str) -> list[str]:
        return _as_texts(self._column(header, str, int, convert=_as_identifier))

    def identifiers_or_none(self, header: str) -> list[str | None]:
        return _as_texts(self._column(header, str, int, type(None), convert=_as_identifier_or_none))

    def converted(self, header: str, cells: Sequence[str], convert: Callable[[str], Value]) -> list[Value]:
        """The cells of a column converted, each distinct cell once. `convert` raises ValueError or OverflowError."""
        known: dict[str | None, Any] = {}
        problems: dict[str, str] = {}
        for cell in set(cells) - {None}:
            try:
                known[cell] = convert(cell)
            except (ValueError, OverflowError) as error:
                problems[cell] = f"{shortened(cell, 40)!r} is invalid: {error}"
        for index, cell in zip(self._indexes, cells, strict=True):
            if cell in problems:
                error_of_cell = ContractError(self.source, f"{self.path}[{index}].{header}", problems[cell])
                self.damage.setdefault(index, error_of_cell)
        converted: list[Any] = [known.get(cell) for cell in cells]
        return converted

    def intact(self, *columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """The values of these columns, row by row, without damaged rows. Call it after reading all columns."""
        return self._rows_of(columns, damaged=False)

    def damaged(self, *columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        """The values of these columns in the damaged rows; None where they are unreadable."""
        return self._rows_of(columns, damaged=True)

    def _rows_of(self, columns: Sequence[Sequence[Any]], *, damaged: bool) -> Iterator[tuple[Any, ...]]:
        rows = zip(*columns, strict=True)
        if not self.damage:
            return iter(()) if damaged else rows
        return compress(rows, [(index in self.damage) is damaged for index in self._indexes])

    def require_intact(self) -> None:
        """Raise the first error of a row. Call it after reading all columns."""
        for error in self.damage.values():
            raise error

    def unknown(self, ignored: frozenset[str]) -> tuple[str, ...]:
        """Headers neither read nor ignored."""
        return tuple(sorted(set(self._headers) - self._read - ignored))

    def _row(self, index: int, row: Any) -> list[Any]:
        if isinstance(row, list) and len(row) == len(self._headers):
            return row
        self.damage[index] = ContractError(self.source, f"{self.path}[{index}]", "is not as long as the headers")
        return [None] * len(self._headers)

    def _cells(self, header: str) -> list[Any]:
        self._read.add(header)
        if header not in self._headers:
            raise ContractError(self.source, f"{self.path.removesuffix('.rowSet')}.headers", f"{header} is missing")
        return list(map(itemgetter(self._headers.index(header)), self._rows))

    def _column(self, header: str, *kinds: type, convert: _Convert | None = None) -> list[Any]:
        """The cells of a column; converted, by default only checked, when one is not of these types."""
        cells = self._cells(header)
        return cells if set(map(type, cells)) <= set(kinds) else self._each(header, cells, convert or _check(*kinds))

    def _numbers(self, header: str, *kinds: type) -> list[Any]:
        cells = self._column(header, *kinds)
        try:
            numbers = [cell if cell is None else float(cell) for cell in cells]
            are_finite = all(number is None or math.isfinite(number) for number in numbers)
        except OverflowError:
            are_finite = False
        return numbers if are_finite else self._each(header, cells, _as_number_or_none)

    def _each(self, header: str, cells: Sequence[Any], convert: _Convert) -> list[Any]:
        """Each cell converted; an error damages its row, whose first error stays."""
        converted: list[Any] = []
        for index, cell in zip(self._indexes, cells, strict=True):
            value = None
            try:
                value = convert(cell, self.source, f"{self.path}[{index}].{header}")
            except ContractError as error:
                self.damage.setdefault(index, error)
            converted.append(value)
        return converted


_Convert = Callable[[Any, str, str], Any]
"""Reads one cell, given its source and path. Raises ContractError."""


def _check(*kinds: type) -> _Convert:
    return lambda cell, source, path: _typed(source, path, cell, *kinds)


def _as_integer(cell: Any, source: str, path: str) -> int:
    return _whole(_typed(source, path, cell, int, float), source, path)


def _as_number_or_none(cell: Any, source: str, path: str) -> float | None:
    return None if cell is None else _finite(cell, source, path)


def _as_texts(cells: Sequence[Any]) -> list[Any]:
    return [cell if cell is None else str(cell) for cell in cells]


def _as_identifier_or_none(cell: Any, source: str, path: str) -> str | None:
    return None if cell is None else _as_identifier(cell, source, path)


def _as_identifier(cell: Any, source: str, path: str) -> str:
    """An id as text, however the provider types it."""
    known = _typed(source, path, cell, str, int, float)
    return str(_whole(known, source, path) if isinstance(known, float) else known)


def _objects(source: str, read: set[str], path: str, pattern: str, items: Sequence[Any]) -> list[Fields]:
    inner = f"{pattern}[]"
    return [
        Fields(source, read, f"{path}[{index}]", inner, _element(source, f"{path}[{index}]", item))
        for index, item in enumerate(items)
    ]


def _element(source: str, path: str, item: Any) -> Mapping[str, Any]:
    return item if type(item) is dict else _NoObject(source, path, item)


class _NoObject(Mapping[str, Any]):
    """An element of a list that is no object: to read a field of it raises ContractError."""

    def __init__(self, source: str, path: str, item: Any) -> None:
        self._parts = source, path, item

    def __getitem__(self, name: str) -> Any:
        source, path, item = self._parts
        return _object(source, path, item)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _object(source: str, path: str, value: Any) -> dict[str, Any]:
    content: dict[str, Any] = _typed(source, path, value, dict)
    return content


def _typed(source: str, path: str, value: Any, *kinds: type) -> Any:
    # By exact type: to Python, true is an integer.
    if type(value) in kinds:
        return value
    expected = " or ".join(_TYPE_NAMES[kind] for kind in kinds)
    raise ContractError(source, path, f"is {_TYPE_NAMES.get(type(value), 'strange')}, expected {expected}")


def _parse_time(text: str, source: str, path: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise ContractError(source, path, f"{text!r} is not an ISO 8601 time") from error
    if time.tzinfo is None:
        raise ContractError(source, path, f"{text!r} has no time zone")
    if time.year not in PLAUSIBLE_YEARS:
        raise ContractError(source, path, f"{text!r} is not a plausible year")
    return time


def _whole(value: float, source: str, path: str) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ContractError(source, path, f"is {value}, expected an integer")
    return require_int64(int(value), source, path)


def _finite(value: float, source: str, path: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ContractError(source, path, "is not a finite number")
    return number
