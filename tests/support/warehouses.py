"""Fills a warehouse with a few rows of every stored table on several dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from tests.support.rows import rows_of
from tests.support.violations import CHECKED, valid_rows
from tipoff.warehouse.base import ALL_DATES, Warehouse
from tipoff.warehouse.copying import STORED_TABLES
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES

SPECIAL_TEXT = 'Dončić, "Luka"\n\'; --'


def rows_of_date(table: str, day: date, count: int = 3) -> pl.DataFrame:
    """Return valid rows of one date."""
    if table in CHECKED:
        return valid_rows(table, day)
    keys = [column for column in TABLES[table].columns if column.name in TABLES[table].natural_key]
    rows = []
    for number in range(count):
        differs = {"STRING": f"{SPECIAL_TEXT} {day} {number}", "INT64": number}
        rows.append({key.name: differs[key.type] for key in keys if key.type in differs} | {"game_date": day})
    return rows_of(table, rows)


def fill(warehouse: Warehouse, days: Sequence[date], *tables: str) -> None:
    """Write rows on the dates; without names of tables, into every stored table."""
    for table in [TABLES[name] for name in tables] or STORED_TABLES:
        for day in days:
            rows = rows_of_date(table.name, day)
            if table.append_only:
                warehouse.append(table.name, rows)
            else:
                warehouse.replace(table.name, rows, {"game_date": day})


def contents(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of every stored table, in order."""
    return {
        table.name: sorted(warehouse.query(*rows_of_slice(table, {"game_date": ALL_DATES})).rows(), key=repr)
        for table in STORED_TABLES
    }
