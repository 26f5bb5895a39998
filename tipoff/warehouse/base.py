"""The warehouse protocol, independent of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Final, Protocol

import polars as pl

from tipoff.errors import BadInputError
from tipoff.vocabulary import Frozen

SqlValue = str | int | float | bool | date | datetime
Parameters = Mapping[str, SqlValue | list[str]]


def parameter_type(value: SqlValue | list[str]) -> str:
    """Return the BigQuery type of a parameter. Raises BadInputError for a value that has none."""
    match value:
        case bool():
            return "BOOL"
        case int():
            return "INT64"
        case float():
            return "FLOAT64"
        case str():
            return "STRING"
        case list():
            return "ARRAY<STRING>"
        case datetime() if value.tzinfo is not None:
            return "TIMESTAMP"
        case date() if not isinstance(value, datetime):
            return "DATE"
    raise BadInputError(f"{value!r} cannot be a parameter: use text, a number, a date or a time with its zone")


class DateRange(Frozen):
    """Dates from `first` to `last`, both inclusive."""

    first: date
    last: date


ALL_DATES: Final = DateRange(first=date(1946, 11, 1), last=date(2199, 12, 31))
"""The dates of all rows: the league's first game was on the first one."""

Slice = Mapping[str, SqlValue | list[str] | DateRange]
"""The rows of a table that a write replaces: column -> value, list of values, or date range; empty: the whole table."""


class CheckWarning(Frozen):
    """Rows that were written although they violate a check of severity "warn"."""

    text: str
    rows: int


class WriteResult(Frozen):
    """Result of a write."""

    rows: int
    changed: bool
    """False if the slice already held exactly these rows, so nothing was written."""
    warnings: tuple[CheckWarning, ...] = ()
    """Checks of severity "warn" that the rows violate; a second write of the same rows reports them again."""


class Warehouse(Protocol):
    """Stores the tables of `tipoff.warehouse.tables`. Every write is atomic and idempotent.

    Before it changes anything, a write runs `check_rows.checks_sql` over the incoming rows. It raises ChecksFailedError
    for a violated check of severity "error".
    """

    def migrate(self) -> None:
        """Create missing tables and add missing columns. Raises StorageError for a difference that it cannot remove."""

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        """Replace the content of a slice with `rows`, in one transaction.

        Raises BadInputError, and changes nothing, for unknown or missing columns, a NULL in a non-nullable column,
        a duplicate natural key, or a row outside the slice.
        """

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        """Add the rows whose natural key is new; existing rows stay as they are.

        Exception: a NULL in a `filled_later` column takes the value of the incoming row with the same key.
        """

    def transform(self, name: str, parameters: Parameters, where: Slice) -> WriteResult:
        """Run `tipoff/sql/**/name.sql` and replace the slice of the table `name` with its result."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make the writes of a block atomic: all or none. Its queries see its own writes.

        Other writers wait, or raise StorageError and change nothing.
        """

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        """Run one GoogleSQL SELECT with named parameters."""

    def stored_columns(self) -> Mapping[str, Mapping[str, str]]:
        """Return table -> column -> BigQuery type of the tables that exist, also of undeclared ones; no views."""

    def close(self) -> None:
        """Release the file or the connections."""
