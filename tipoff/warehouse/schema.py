"""Derives from the declared tables: DDL for both engines, and the catalogue for SQL checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tipoff.errors import BadInputError
from tipoff.warehouse.tables import TABLES, Column, Layer, Table

PARAMETERS: Final = {
    "first_date": "DATE",
    "last_date": "DATE",
    "season": "STRING",
    "game_ids": "ARRAY<STRING>",
    "as_of": "TIMESTAMP",
    "training": "BOOL",
    "reports_until_minutes": "INT64",
}
"""Parameters of a transform: its dates, the season of the last one, game ids (empty: all), and the as-of time."""

NOT_SET: Final = "NULL"
"""The value of an option of a BigQuery table without it."""

_DUCKDB_TYPES: Final = {
    "STRING": "VARCHAR",
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "BOOL": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}


def table_named(name: str) -> Table:
    """Return the declaration of a table. Raises BadInputError for an undeclared name."""
    if name not in TABLES:
        raise BadInputError(f"unknown table {name!r}; declared tables: {', '.join(sorted(TABLES))}")
    return TABLES[name]


def element_type(type_: str) -> str | None:
    """Return X of ARRAY<X>, None for any other type."""
    match = re.fullmatch(r"ARRAY<(.+)>", type_)
    return match[1] if match else None


def duckdb_type(type_: str) -> str:
    """Return the DuckDB type of a BigQuery type."""
    element = element_type(type_)
    return f"{_DUCKDB_TYPES[element]}[]" if element else _DUCKDB_TYPES[type_]


def bigquery_type(type_: str) -> str:
    """Return the BigQuery type of a DuckDB type; a type that no column is declared with stays as it is."""
    names = {duckdb: bigquery for bigquery, duckdb in _DUCKDB_TYPES.items()}
    element = type_.removesuffix("[]")
    name = names.get(element, element)
    return f"ARRAY<{name}>" if type_ != element else name


def duckdb_ddl(table: Table) -> str:
    """Return CREATE TABLE for DuckDB, without keys: the adapter checks them and can name the duplicate row."""
    columns = ",\n".join(
        f"    {column.name} {duckdb_type(column.type)}{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {table.name} (\n{columns}\n)"


def bigquery_ddl(table: Table, dataset: str, *, on_emulator: bool = False) -> str:
    """Return CREATE TABLE for BigQuery, partitioned by game_date and clustered; BigQuery arrays are never NULL.

    `on_emulator`: without options of partitions, because it refuses a MERGE with a required filter, and replays past
    dates.
    """
    options = {**({} if on_emulator else partition_options(table)), "description": _quoted(table.description)}
    listed = ", ".join(f"{name}={value}" for name, value in options.items() if value != NOT_SET)
    columns = ",\n".join(f"    {bigquery_column(column)}" for column in table.columns)
    return (
        f"CREATE TABLE IF NOT EXISTS `{dataset}.{table.name}` (\n{columns}\n)\n"
        f"PARTITION BY game_date\nCLUSTER BY {', '.join(table.cluster_by)}\n"
        f"OPTIONS ({listed})"
    )


def partition_options(table: Table) -> dict[str, str]:
    """Return the options of a table's partitions in BigQuery: the required filter, and the age at which they expire."""
    expiry = str(table.expires_after_days or NOT_SET)
    return {"require_partition_filter": "true", "partition_expiration_days": expiry}


def bigquery_column(column: Column) -> str:
    """Return the definition of a column for BigQuery."""
    return f"`{column.name}` {column.type}{_bigquery_suffix(column)}"


def _bigquery_suffix(column: Column) -> str:
    not_null = "" if column.nullable or element_type(column.type) else " NOT NULL"
    return f"{not_null} OPTIONS (description={_quoted(column.description)})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class SchemaDifferences(NamedTuple):
    """How the tables of a warehouse differ from the declared ones."""

    undeclared_tables: tuple[str, ...]
    missing_tables: tuple[str, ...]
    columns: tuple[str, ...]
    """One text for each column that is missing, not declared, or of another type."""


def schema_differences(stored: Mapping[str, Mapping[str, str]]) -> SchemaDifferences:
    """Compare the declared tables with stored ones; `stored` maps table -> column -> BigQuery type."""
    declared = {table: columns for table, columns in catalogue().items() if TABLES[table].layer is not Layer.VIEW}
    return SchemaDifferences(
        undeclared_tables=tuple(sorted(stored.keys() - declared.keys())),
        missing_tables=tuple(sorted(declared.keys() - stored.keys())),
        columns=tuple(
            f"{table}.{column} is {given}"
            for table in sorted(declared.keys() & stored.keys())
            for column, given in _column_differences(declared[table], stored[table])
        ),
    )


def _column_differences(declared: Mapping[str, str], stored: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for column in sorted(declared.keys() | stored.keys()):
        if column not in stored:
            yield column, "missing"
        elif column not in declared:
            yield column, "not declared"
        elif stored[column] != declared[column]:
            yield column, f"{stored[column]} and declared {declared[column]}"


def catalogue() -> dict[str, dict[str, str]]:
    """Return table -> column -> BigQuery type, the form that the SQL checks use."""
    return {table.name: {column.name: column.type for column in table.columns} for table in TABLES.values()}
