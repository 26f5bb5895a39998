"""Builds rows of declared tables from the columns that a test sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from tipoff.warehouse.schema import table_named
from tipoff.warehouse.tables import Column
from tipoff.warehouse.validation import schema_of

_DEFAULTS: Final[Mapping[str, Any]] = {
    "STRING": "default",
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
    """Return the rows with `common` in each; a column not given is NULL if nullable, else a default of its type."""
    declared = table_named(table)
    complete = [{column.name: _default(column) for column in declared.columns} | common | dict(row) for row in rows]
    return pl.DataFrame(complete, schema=schema_of(declared))


def _default(column: Column) -> Any:
    return None if column.nullable else _DEFAULTS[column.type]
