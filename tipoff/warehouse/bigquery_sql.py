"""Statements in GoogleSQL that write a slice of any declared table of BigQuery.

New rows stand in a table of their own, which the statements call `incoming`; the table's rows are called `stored`.
"""

# ruff: noqa: S608 (statements contain only names of declared tables and columns; values are parameters)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tipoff.warehouse.base import ALL_DATES, DateRange, Slice, SqlValue
from tipoff.warehouse.schema import element_type
from tipoff.warehouse.tables import Column, Table

TypedParameters = Mapping[str, tuple[str, SqlValue | list[str]]]
"""Name -> BigQuery type and value."""
ABANDONED_MINUTES: Final = 15
"""A session without a statement for so long belongs to a killed worker: a statement ends within 10 minutes."""


WRITE_LOCK: Final = "write_lock"
"""The table with one row, which a write that may only add rows updates in its transaction.

Of two transactions that change rows of a table at a time BigQuery stops one, but not if they only add rows, such as the
first ones of the same slice: each row would be stored twice.
"""


class Statement(NamedTuple):
    """A statement and its parameters."""

    sql: str
    parameters: TypedParameters


def write_lock() -> Statement:
    """Return the UPDATE that lets only one of several transactions that add rows succeed."""
    return Statement(f"UPDATE `{WRITE_LOCK}` SET writes = writes + 1 WHERE TRUE", {})


def abandoned_sessions(region: str) -> Statement:
    """Return a SELECT of this account's sessions that are open, but not used any more."""
    return Statement(
        f"SELECT session_id FROM `region-{region.lower()}`.INFORMATION_SCHEMA.SESSIONS_BY_USER WHERE is_active"
        f" AND last_modified_time < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {ABANDONED_MINUTES} MINUTE)",
        {},
    )


def temporary_table(table: Table, name: str, *, exists: bool) -> str:
    """Return the statement that creates a temporary table of @rows, or adds them if it exists."""
    columns = ", ".join(f"given.`{column}` AS `{column}`" for column in table.column_names)
    start = f"INSERT INTO `{name}`" if exists else f"CREATE TEMP TABLE `{name}` AS"
    return f"{start} SELECT {columns} FROM UNNEST(@rows) AS given"


def comparison(table: Table, incoming: str, where: Slice) -> Statement:
    """Return a SELECT that counts the stored rows of a slice, those equal to an incoming row, and clashes.

    A clash is a row outside the slice with the key of an incoming row.
    """
    condition, parameters = _condition(table, where, "stored")
    equal = " AND ".join(_equal(column) for column in table.columns)
    return Statement(
        f"SELECT"
        f" (SELECT COUNT(*) FROM `{table.name}` AS stored WHERE {condition}) AS stored_rows,"
        f" (SELECT COUNT(*) FROM `{table.name}` AS stored JOIN `{incoming}` AS incoming ON {equal}"
        f" WHERE {condition}) AS equal_rows,"
        f" {_clashes(table, incoming, where, condition)} AS clashes",
        parameters,
    )


def replacement(table: Table, incoming: str, where: Slice) -> Statement:
    """Return the MERGE that replaces a slice; its condition applies to the deleted and to the incoming rows."""
    condition, parameters = _condition(table, where, "stored")
    condition_of_incoming, _ = _condition(table, where, "incoming")
    return Statement(
        f"MERGE `{table.name}` AS stored"
        f" USING (SELECT * FROM `{incoming}` AS incoming WHERE {condition_of_incoming}) AS incoming"
        f" ON FALSE"
        f" WHEN NOT MATCHED BY SOURCE AND {condition} THEN DELETE"
        f" WHEN NOT MATCHED BY TARGET THEN {_insert(table)}",
        parameters,
    )


def deletion(table: Table, where: Slice) -> Statement:
    """Return the DELETE that empties a slice."""
    condition, parameters = _condition(table, where, "stored")
    return Statement(f"DELETE FROM `{table.name}` AS stored WHERE {condition}", parameters)


def addition(table: Table, incoming: str, dates: DateRange) -> Statement:
    """Return the MERGE that adds the rows with a new key, and fills NULLs of `filled_later` columns.

    `dates`: those of the incoming rows.
    """
    condition, parameters = _condition(table, {"game_date": dates}, "stored")
    return Statement(
        f"MERGE `{table.name}` AS stored"
        f" USING `{incoming}` AS incoming"
        f" ON {condition} AND {_same_key(table)}"
        f"{_fill(table.filled_later)}"
        f" WHEN NOT MATCHED BY TARGET THEN {_insert(table)}",
        parameters,
    )


def _condition(table: Table, where: Slice, alias: str) -> tuple[str, TypedParameters]:
    """Return the condition of a slice, with a filter on the partition, and its parameters."""
    types = {column.name: column.type for column in table.columns}
    terms: list[str] = []
    parameters: dict[str, tuple[str, SqlValue | list[str]]] = {}
    for name, wanted in {"game_date": ALL_DATES, **where}.items():
        column, type_ = f"{alias}.`{name}`", types[name]
        match wanted:
            case DateRange(first=first, last=last):
                terms.append(f"{column} BETWEEN @first_{name} AND @last_{name}")
                parameters |= {f"first_{name}": (type_, first), f"last_{name}": (type_, last)}
            case list():
                terms.append(f"{column} IN UNNEST(@{name})")
                parameters[name] = (f"ARRAY<{type_}>", wanted)
            case _:
                terms.append(f"{column} = @{name}")
                parameters[name] = (type_, wanted)
    return " AND ".join(terms), parameters


def _clashes(table: Table, incoming: str, where: Slice, condition: str) -> str:
    if set(where) <= set(table.natural_key) and where:
        return "0"  # rows outside the slice have other keys
    keyed_by_date = "game_date" in table.natural_key
    first, last = (f"SELECT {function}(game_date) FROM `{incoming}`" for function in ("MIN", "MAX"))
    dates = f" AND stored.game_date BETWEEN ({first}) AND ({last})" if keyed_by_date else ""
    return (
        f"(SELECT COUNT(*) FROM `{table.name}` AS stored JOIN `{incoming}` AS incoming ON {_same_key(table)}"
        f" WHERE stored.game_date BETWEEN DATE '{ALL_DATES.first}' AND DATE '{ALL_DATES.last}'{dates}"
        f" AND NOT COALESCE({condition}, FALSE))"
    )


def _same_key(table: Table) -> str:
    return " AND ".join(f"stored.`{name}` = incoming.`{name}`" for name in table.natural_key)


def _equal(column: Column) -> str:
    if element_type(column.type):  # BigQuery compares no arrays
        return f"TO_JSON_STRING(stored.`{column.name}`) = TO_JSON_STRING(incoming.`{column.name}`)"
    operator = "IS NOT DISTINCT FROM" if column.nullable else "="
    return f"stored.`{column.name}` {operator} incoming.`{column.name}`"


def _insert(table: Table) -> str:
    columns = ", ".join(f"`{name}`" for name in table.column_names)
    return f"INSERT ({columns}) VALUES ({columns})"


def _fill(columns: Iterable[str]) -> str:
    condition = " OR ".join(f"(stored.`{name}` IS NULL AND incoming.`{name}` IS NOT NULL)" for name in columns)
    values = ", ".join(f"`{name}` = COALESCE(stored.`{name}`, incoming.`{name}`)" for name in columns)
    return f" WHEN MATCHED AND ({condition}) THEN UPDATE SET {values}" if columns else ""
