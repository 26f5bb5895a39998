"""Derives from the declared tables: DDL for both engines, the catalogue for SQL checks, the data dictionary.

`python -m tipoff.warehouse.schema` writes the data dictionary to standard output.
"""

from __future__ import annotations

import re
import sys
from itertools import groupby
from typing import Final

from tipoff.errors import BadInputError
from tipoff.warehouse.checks import CheckSeverity
from tipoff.warehouse.tables import TABLES, Column, Layer, Table

PARAMETERS: Final = {
    "first_date": "DATE",
    "last_date": "DATE",
    "season": "STRING",
    "game_ids": "ARRAY<STRING>",
    "as_of": "TIMESTAMP",
    "training": "BOOL",
}
"""Parameters of a transform: its dates, the season of the last one, game ids (empty: all), and the as-of time."""

_DUCKDB_TYPES: Final = {
    "STRING": "VARCHAR",
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "BOOL": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}

_LAYER_TITLES: Final = {
    Layer.RAW: "Raw: rows read from the responses of providers",
    Layer.VIEW: "Views: computed from raw tables when queried",
    Layer.ANALYTICS: "Analytics",
    Layer.PRECOMPUTE: "Precompute",
    Layer.FEATURES: "Features",
    Layer.PREDICTIONS: "Predictions",
    Layer.GRADING: "Grading",
    Layer.OPERATIONS: "Operations",
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


def duckdb_ddl(table: Table) -> str:
    """Return CREATE TABLE for DuckDB, without keys: the adapter checks them and can name the duplicate row."""
    columns = ",\n".join(
        f"    {column.name} {duckdb_type(column.type)}{'' if column.nullable else ' NOT NULL'}"
        for column in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {table.name} (\n{columns}\n)"


def bigquery_ddl(table: Table, dataset: str) -> str:
    """Return CREATE TABLE for BigQuery, partitioned by game_date and clustered; BigQuery arrays are never NULL."""
    columns = ",\n".join(f"    `{column.name}` {column.type}{_bigquery_suffix(column)}" for column in table.columns)
    return (
        f"CREATE TABLE IF NOT EXISTS `{dataset}.{table.name}` (\n{columns}\n)\n"
        f"PARTITION BY game_date\nCLUSTER BY {', '.join(table.cluster_by)}\n"
        f"OPTIONS (description={_quoted(table.description)})"
    )


def _bigquery_suffix(column: Column) -> str:
    not_null = "" if column.nullable or element_type(column.type) else " NOT NULL"
    return f"{not_null} OPTIONS (description={_quoted(column.description)})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def catalogue() -> dict[str, dict[str, str]]:
    """Return table -> column -> BigQuery type, the form that the SQL checks use."""
    return {table.name: {column.name: column.type for column in table.columns} for table in TABLES.values()}


def data_dictionary() -> str:
    """Return the data dictionary of all tables as Markdown."""
    head = (
        "# Data dictionary\n\n"
        "Generated from `tipoff/warehouse/tables.py` by `python -m tipoff.warehouse.schema`; do not edit by hand.\n\n"
        "Times are UTC. `game_date` is the Eastern date of tip-off. Ids are text. A write with a value outside its"
        " range is refused: the earlier rows stay, and the step is parked."
    )
    layers = groupby(TABLES.values(), key=lambda table: table.layer)
    sections = ("\n\n".join([f"## {_LAYER_TITLES[layer]}", *map(_table_section, tables)]) for layer, tables in layers)
    return "\n\n".join([head, *sections]) + "\n"


def _write_rule(table: Table) -> str:
    if table.layer is Layer.VIEW:
        return "It is never written."
    if not table.append_only:
        return "A write replaces a slice."
    filled = ", ".join(f"`{name}`" for name in table.filled_later)
    return "It is append-only" + (f"; a NULL in {filled} may be filled later." if filled else ".")


def _table_section(table: Table) -> str:
    rule = _write_rule(table)
    head = (
        f"### {table.name}\n\n{table.description} {rule}\n\n"
        f"One row per {', '.join(f'`{name}`' for name in table.natural_key)}.\n\n"
        "| column | type | may be NULL | range | meaning |\n|---|---|---|---|---|"
    )
    rows = (
        f"| `{column.name}` | {column.type} | {'yes' if column.nullable else 'no'} | {_range(column)} |"
        f" {column.description} |"
        for column in table.columns
    )
    return "\n".join([head, *rows, *_rules(table)])


def _range(column: Column) -> str:
    return ", ".join(check.bounds for check in column.checks)


def _rules(table: Table) -> tuple[str, ...]:
    """The checks of more than one column, after the table of the columns; none for a view."""
    if not (table.rules and table.checks):
        return ()
    effects = {CheckSeverity.ERROR: "other rows are refused", CheckSeverity.WARN: "other rows are reported"}
    lines = (f"- {check.name}: {check.bounds}; {effects[check.severity]}" for check in table.rules)
    return ("", "Checks of a write:", "", *lines)


if __name__ == "__main__":
    sys.stdout.write(data_dictionary())
