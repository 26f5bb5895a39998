"""Typed taking of fields out of a provider's JSON: what is missing or retyped is said by path, what is new is named.

Objects are read through `Fields`, tables of stats.nba.com (headers and rows) through `ResultSet`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from tipoff.errors import ContractError

_NAMES: Mapping[type, str] = {
    str: "text",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}
_YEARS = range(1900, 2200)
_BITS = 63
"""Of an INT64 besides its sign."""
LONGEST_TEXT = 200
"""Characters of a single field; what is longer is no id, name or word that a provider means."""
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape that stands for half a character."""
_WHOLE = "!"
"""Marks a path below which nothing is unknown."""


def parsed(body: bytes) -> Any:
    """What a JSON text in UTF-8 holds, with "?" for half a character: JSON can escape that, and no table can hold it.

    Raises ValueError or RecursionError for what is no JSON.
    """
    text = body.decode("utf-8-sig")
    content = json.loads(text)
    if not _MAY_BE_HALF.search(text):
        return content
    return json.loads(json.dumps(content, ensure_ascii=False).encode(errors="replace"))


def fits_a_column(value: int, source: str, path: str) -> int:
    """The integer. Raises ContractError for one that no column of a table holds."""
    if value.bit_length() > _BITS:
        raise ContractError(source, path, f"is an integer of {value.bit_length()} bits, wanted at most {_BITS}")
    return value


def names(text: str) -> frozenset[str]:
    """The words of a text, for the fields a source ignores."""
    return frozenset(text.split())


class JsonPayload:
    """One parsed answer of a source, which remembers what was taken from it. Raises ContractError for no JSON."""

    def __init__(self, source: str, body: bytes) -> None:
        self.source = source
        self._taken: set[str] = set()
        try:
            self._content = parsed(body)
        except (ValueError, RecursionError) as error:
            raise ContractError(source, "$", f"is no JSON: {error}"[:200]) from error

    def top(self) -> Fields:
        """The answer as an object."""
        return Fields(self.source, self._taken, "$", "$", _object(self.source, "$", self._content))

    def each(self) -> list[Fields]:
        """The answer as a list of objects."""
        content = _typed(self.source, "$", self._content, list)
        return _objects(self.source, self._taken, "$", "$", content)

    def is_list(self) -> bool:
        """Whether the answer is a list, for providers that wrap it at other times."""
        return isinstance(self._content, list)

    def unknown(self, ignored: frozenset[str]) -> tuple[str, ...]:
        """Paths of fields neither taken nor ignored by name, each once; call it when all is read."""
        return tuple(sorted(set(self._unknown(self._content, "$", ignored))))

    def _unknown(self, value: Any, path: str, ignored: frozenset[str]) -> Iterator[str]:
        if isinstance(value, list):
            for item in value:
                yield from self._unknown(item, f"{path}[]", ignored)
        elif isinstance(value, dict):
            for name in value.keys() - ignored:
                inner = f"{path}.{name}"
                if inner not in self._taken:
                    yield inner
                elif f"{inner}{_WHOLE}" not in self._taken:
                    yield from self._unknown(value[name], inner, ignored)


class Fields:
    """One object of an answer. Every method takes a field by name and raises ContractError with its path."""

    __slots__ = ("_content", "_pattern", "_taken", "path", "source")

    def __init__(self, source: str, taken: set[str], path: str, pattern: str, content: Mapping[str, Any]) -> None:
        self.source = source
        self.path = path
        self._taken = taken
        self._pattern = pattern  # the path without places in lists
        self._content = content

    def text(self, name: str) -> str:
        value: str = self._take(name, str)
        return value

    def prose(self, name: str) -> str:
        """What people wrote, which may be long: its beginning."""
        value: str = self._typed(name, str)
        return value[:LONGEST_TEXT]

    def integer(self, name: str) -> int:
        value: int = self._take(name, int)
        return fits_a_column(value, self.source, f"{self.path}.{name}")

    def number(self, name: str) -> float:
        return _finite(self._take(name, int, float), self.source, f"{self.path}.{name}")

    def boolean(self, name: str) -> bool:
        value: bool = self._take(name, bool)
        return value

    def identifier(self, name: str) -> str:
        """An id as text, however the provider types it."""
        return str(self._take(name, str, int))

    def moment(self, name: str) -> datetime:
        """An ISO 8601 moment; one without a zone is refused."""
        return _moment(self.text(name), self.source, f"{self.path}.{name}")

    def moment_in_utc(self, name: str) -> datetime:
        """A moment of a provider that means UTC and does not say so: "2021-10-21 23:30:00"."""
        text = self.text(name)
        return _moment(text if _ZONED.search(text) else f"{text}Z", self.source, f"{self.path}.{name}")

    def fields(self, name: str) -> Fields:
        """The object under a name."""
        content = self._take(name, dict)
        return Fields(self.source, self._taken, f"{self.path}.{name}", f"{self._pattern}.{name}", content)

    def each(self, name: str) -> list[Fields]:
        """The objects of the list under a name."""
        path, pattern = f"{self.path}.{name}", f"{self._pattern}.{name}"
        return _objects(self.source, self._taken, path, pattern, self._take(name, list))

    def values(self, name: str) -> list[Any]:
        """The list under a name, of anything; whatever is in it counts as taken."""
        self._taken.add(f"{self._pattern}.{name}{_WHOLE}")
        value: list[Any] = self._take(name, list)
        return value

    def has(self, name: str) -> bool:
        """Whether the field is there and not null; for fields that a provider may leave out."""
        self._taken.add(f"{self._pattern}.{name}")
        return self._content.get(name) is not None

    def ignore(self, name: str) -> None:
        """Call the field known and not wanted, here and with all that is in it."""
        self._taken.update((f"{self._pattern}.{name}", f"{self._pattern}.{name}{_WHOLE}"))

    def problem(self, name: str, problem: str) -> ContractError:
        """The error for a field whose value can not be used."""
        return ContractError(self.source, f"{self.path}.{name}", problem)

    def _take(self, name: str, *kinds: type) -> Any:
        value = self._typed(name, *kinds)
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise self.problem(name, f"is a text of {len(value)} characters, wanted at most {LONGEST_TEXT}")
        return value

    def _typed(self, name: str, *kinds: type) -> Any:
        self._taken.add(f"{self._pattern}.{name}")
        if name not in self._content:
            raise self.problem(name, "is missing")
        return _typed(self.source, f"{self.path}.{name}", self._content[name], *kinds)


class ResultSet:
    """One table of stats.nba.com, taken by column. Raises ContractError for ragged rows."""

    def __init__(self, fields: Fields) -> None:
        self._source = fields.source
        self._path = fields.path
        self._headers = [str(header) for header in fields.values("headers")]
        self._rows: list[list[Any]] = fields.values("rowSet")
        self._taken: set[str] = set()
        for place, row in enumerate(self._rows):
            if not isinstance(row, list) or len(row) != len(self._headers):
                raise ContractError(self._source, f"{self._path}.rowSet[{place}]", "is no row as long as the headers")

    def __len__(self) -> int:
        return len(self._rows)

    def texts(self, header: str) -> list[str]:
        return self._column(header, str)

    def texts_or_none(self, header: str) -> list[str | None]:
        return self._column(header, str, type(None))

    def integers(self, header: str) -> list[int]:
        cells = self._column(header, int)
        for row in (row for row, cell in enumerate(cells) if cell.bit_length() > _BITS):
            fits_a_column(cells[row], self._source, self._place(header, row))
        return cells

    def numbers(self, header: str) -> list[float]:
        return [self._number(header, row, cell) for row, cell in enumerate(self._column(header, int, float))]

    def numbers_or_none(self, header: str) -> list[float | None]:
        cells = self._column(header, int, float, type(None))
        return [cell if cell is None else self._number(header, row, cell) for row, cell in enumerate(cells)]

    def identifiers(self, header: str) -> list[str]:
        return [str(value) for value in self._column(header, str, int)]

    def identifiers_or_none(self, header: str) -> list[str | None]:
        return [value if value is None else str(value) for value in self._column(header, str, int, type(None))]

    def unknown(self, ignored: frozenset[str]) -> tuple[str, ...]:
        """Headers neither taken nor ignored."""
        return tuple(sorted(set(self._headers) - self._taken - ignored))

    def problem(self, header: str, place: int, problem: str) -> ContractError:
        """The error for a cell whose value can not be used."""
        return ContractError(self._source, self._place(header, place), problem)

    def _place(self, header: str, row: int) -> str:
        return f"{self._path}.rowSet[{row}].{header}"

    def _number(self, header: str, row: int, cell: float) -> float:
        return _finite(cell, self._source, self._place(header, row))

    def _column(self, header: str, *kinds: type) -> list[Any]:
        self._taken.add(header)
        if header not in self._headers:
            raise ContractError(self._source, f"{self._path}.headers", f"{header} is missing")
        place = self._headers.index(header)
        values = list(map(itemgetter(place), self._rows))
        if not set(map(type, values)) <= set(kinds):
            self._refuse(header, values, kinds)
        return values

    def _refuse(self, header: str, values: list[Any], kinds: tuple[type, ...]) -> None:
        for row, value in enumerate(values):
            _typed(self._source, self._place(header, row), value, *kinds)


def _objects(source: str, taken: set[str], path: str, pattern: str, items: Sequence[Any]) -> list[Fields]:
    inner = f"{pattern}[]"
    return [
        Fields(source, taken, f"{path}[{place}]", inner, _object(source, f"{path}[{place}]", item))
        for place, item in enumerate(items)
    ]


def _object(source: str, path: str, value: Any) -> dict[str, Any]:
    content: dict[str, Any] = _typed(source, path, value, dict)
    return content


def _typed(source: str, path: str, value: Any, *kinds: type) -> Any:
    # By exact type: to Python, true is an integer.
    if type(value) in kinds:
        return value
    wanted = " or ".join(_NAMES[kind] for kind in kinds)
    raise ContractError(source, path, f"is {_NAMES.get(type(value), 'strange')}, wanted {wanted}")


def _moment(text: str, source: str, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ContractError(source, path, f"{text!r} is no ISO 8601 moment") from error
    if moment.tzinfo is None:
        raise ContractError(source, path, f"{text!r} has no time zone")
    if moment.year not in _YEARS:
        raise ContractError(source, path, f"{text!r} is no moment of our time")
    return moment


def _finite(value: float, source: str, path: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ContractError(source, path, "is no finite number")
    return number
