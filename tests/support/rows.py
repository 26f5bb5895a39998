"""Rows of declared tables from only the columns a test speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from tipoff.warehouse.schema import table_named
from tipoff.warehouse.tables import Column
from tipoff.warehouse.validation import schema_of

_UNSAID: Final[Mapping[str, Any]] = {
    "STRING": "unsaid",
    "INT64": 0,
    "FLOAT64": 0.0,
    "BOOL": False,
    "ARRAY<STRING>": [],
    "ARRAY<INT64>": [],
    "ARRAY<FLOAT64>": [],
    "DATE": date(2024, 3, 29),
    "TIMESTAMP": datetime(2024, 3, 29, 13, 0, tzinfo=UTC),
}


def rows_of(table: str, rows: Iterable[Mapping[str, Any]], **common: Any) -> pl.DataFrame:
    """The rows with `common` in each; what is not said is NULL where that may be, else some value of its type."""
    declared = table_named(table)
    whole = [{column.name: _unsaid(column) for column in declared.columns} | common | dict(row) for row in rows]
    return pl.DataFrame(whole, schema=schema_of(declared))


def _unsaid(column: Column) -> Any:
    return None if column.nullable else _UNSAID[column.type]
