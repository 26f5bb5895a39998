"""What a warehouse can do, whichever engine stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

import polars as pl

from tipoff.vocabulary import Frozen

Value = str | int | float | bool | date | datetime
Parameters = Mapping[str, Value | list[str]]


class DateRange(Frozen):
    """Dates from `first` to `last`, both included."""

    first: date
    last: date


Slice = Mapping[str, Value | list[str] | DateRange]
"""Which rows of a table a write owns: column -> equal to, one of, or between. Empty means the whole table."""


class WriteResult(Frozen):
    """What a write did."""

    rows: int
    changed: bool
    """False when the slice already held exactly these rows and nothing was written."""


class Warehouse(Protocol):
    """Tables of `tipoff.warehouse.tables`; every write is atomic and has the same result when run again."""

    def migrate(self) -> None:
        """Create missing tables and add missing columns. Raises StorageError on a retyped column."""

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        """Make `rows` the content of a slice, in one transaction.

        Rows are validated against the declaration: unknown or missing columns, a NULL where none may be, a
        natural key twice, or a row outside the slice raise BadInputError and change nothing.
        """

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        """Add the rows whose natural key is not there yet; what is there stays as it is.

        Only where the table's `filled_later` columns hold NULL, the value of the row offered again is taken.
        """

    def transform(self, name: str, parameters: Parameters, where: Slice) -> WriteResult:
        """Run `tipoff/sql/**/name.sql` and make its result the slice of the table of that name."""

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        """Rows of one GoogleSQL SELECT with named parameters."""

    def close(self) -> None:
        """Give the storage back."""
