"""The changes that bring the tables of a BigQuery dataset to their declarations.

Only a new table, a new column that may be NULL and an option of partitions are safe to apply: they change no row that
is still declared to be kept, and no statement that runs. For everything else there is a statement that the operator
runs, or not.
"""

# ruff: noqa: S608 (statements contain only names and expressions of declared tables)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tipoff.vocabulary import Frozen
from tipoff.warehouse.base import ALL_DATES
from tipoff.warehouse.bigquery_sql import WRITE_LOCK
from tipoff.warehouse.partitions import PARTITION
from tipoff.warehouse.schema import bigquery_column, bigquery_ddl, element_type, partition_options
from tipoff.warehouse.tables import TABLES, Column, Layer, Table

Columns = Mapping[str, Column]
INCOMING_DAYS: Final = 1
"""Days after which a table of loaded rows is removed."""
_ALL_ROWS: Final = f"game_date >= DATE '{ALL_DATES.first}'"


class StoredTable(NamedTuple):
    """A table as it is in the dataset."""

    columns: Columns
    partitioned_by: str
    """The column; empty without partitions by day."""
    cluster_by: tuple[str, ...]
    options: Mapping[str, str]
    """Those of `partition_options`."""


class SchemaChange(Frozen):
    """One difference between the declaration of a table and the dataset, and the statement that removes it."""

    table: str
    summary: str
    statement: str
    automatic: bool


def schema_changes(
    existing: Mapping[str, StoredTable], dataset: str, *, on_emulator: bool = False
) -> tuple[SchemaChange, ...]:
    """Return the differences of all declared tables; `existing` are the tables of the dataset by name."""
    stored = [table for table in TABLES.values() if table.layer is not Layer.VIEW]
    lock = () if WRITE_LOCK in existing else (_creation_of_lock(dataset),)
    return lock + tuple(
        change
        for table in stored
        for change in (
            _changes_of_table(table, existing[table.name], dataset, on_emulator=on_emulator)
            if table.name in existing
            else [_creation(table, dataset, on_emulator=on_emulator)]
        )
    )


def changes_of_incoming(expiry: str, project: str, dataset: str) -> tuple[SchemaChange, ...]:
    """Return the difference of the dataset of loaded rows: after how many days BigQuery removes its tables."""
    if expiry == str(INCOMING_DAYS):
        return ()
    option = f"default_table_expiration_days={INCOMING_DAYS}"
    return (
        SchemaChange(
            table=dataset,
            summary=f"option default_table_expiration_days is {expiry}, declared {INCOMING_DAYS}",
            statement=f"ALTER SCHEMA `{project}.{dataset}` SET OPTIONS ({option})",
            automatic=True,
        ),
    )


def _creation_of_lock(dataset: str) -> SchemaChange:
    statement = f"CREATE TABLE IF NOT EXISTS `{dataset}.{WRITE_LOCK}` AS SELECT 0 AS writes"
    return SchemaChange(table=WRITE_LOCK, summary="is missing", statement=statement, automatic=True)


def _creation(table: Table, dataset: str, *, on_emulator: bool) -> SchemaChange:
    statement = bigquery_ddl(table, dataset, on_emulator=on_emulator)
    return SchemaChange(table=table.name, summary="is missing", statement=statement, automatic=True)


def _changes_of_table(table: Table, stored: StoredTable, dataset: str, *, on_emulator: bool) -> Iterator[SchemaChange]:
    yield from _changes_of_columns(table, stored.columns, dataset)
    yield from _changes_of_layout(table, stored, dataset, on_emulator=on_emulator)
    if not on_emulator:
        yield from _changes_of_options(table, stored, f"`{dataset}.{table.name}`")


def _changes_of_layout(table: Table, stored: StoredTable, dataset: str, *, on_emulator: bool) -> Iterator[SchemaChange]:
    """The difference that needs a new table with the same rows: the column of the partitions, and the clustering."""
    layouts = (
        ("partitioned", tuple(filter(None, [stored.partitioned_by])), (PARTITION,)),
        ("clustered", stored.cluster_by, table.cluster_by),
    )
    differences = [
        f"is {how} by {', '.join(columns) or 'nothing'}, declared by {', '.join(declared)}"
        for how, columns, declared in layouts
        if columns != declared
    ]
    if differences:
        yield SchemaChange(
            table=table.name,
            summary=f"{', and '.join(differences)}; stop the workers first",
            statement=_copy(table, stored.columns, dataset, on_emulator=on_emulator),
            automatic=False,
        )


def _copy(table: Table, stored: Columns, dataset: str, *, on_emulator: bool) -> str:
    """Return the statements that put the rows of a table into a new one of its name, a missing column as NULL.

    The first two may be run again; after the DROP they would remove the only rows, so the others stand apart.
    """
    new = table.model_copy(update={"name": f"{table.name}_new"})
    creation = bigquery_ddl(new, dataset, on_emulator=on_emulator)
    columns = ", ".join(f"`{name}`" for name in table.column_names if name in stored)
    return (
        f"{creation.replace('CREATE TABLE IF NOT EXISTS', 'CREATE OR REPLACE TABLE', 1)};"
        f" INSERT INTO `{dataset}.{new.name}` ({columns}) SELECT {columns} FROM `{dataset}.{table.name}`"
        f" WHERE {_ALL_ROWS};\nthen, when both have the same number of rows:"
        f" DROP TABLE `{dataset}.{table.name}`; ALTER TABLE `{dataset}.{new.name}` RENAME TO `{table.name}`"
    )


def _changes_of_options(table: Table, stored: StoredTable, name: str) -> Iterator[SchemaChange]:
    for option, value in partition_options(table).items():
        if stored.options[option] != value:
            yield SchemaChange(
                table=table.name,
                summary=f"option {option} is {stored.options[option]}, declared {value}",
                statement=f"ALTER TABLE {name} SET OPTIONS ({option}={value})",
                automatic=True,
            )


def _changes_of_columns(table: Table, existing: Columns, dataset: str) -> Iterator[SchemaChange]:
    name = f"`{dataset}.{table.name}`"
    for column in table.columns:
        stored = existing.get(column.name)
        if stored is None:
            yield _addition(table, column, name)
        elif stored.type != column.type:
            yield SchemaChange(
                table=table.name,
                summary=f"column {column.name} is {stored.type}, declared {column.type}",
                statement=_conversion(column, stored, name),
                automatic=False,
            )
        elif column.nullable and not stored.nullable and not element_type(column.type):
            yield SchemaChange(
                table=table.name,
                summary=f"column {column.name} is NOT NULL, declared without",
                statement=f"ALTER TABLE {name} ALTER COLUMN `{column.name}` DROP NOT NULL",
                automatic=False,
            )
    for extra in sorted(existing.keys() - set(table.column_names)):
        yield SchemaChange(
            table=table.name,
            summary=f"column {extra} is not declared",
            statement=f"ALTER TABLE {name} DROP COLUMN `{extra}`",
            automatic=False,
        )


def _conversion(column: Column, stored: Column, name: str) -> str:
    """Return the statements that give a column another type and keep its values; those of an array are dropped."""
    if element_type(stored.type) or element_type(column.type):
        return f"ALTER TABLE {name} DROP COLUMN `{column.name}`"
    old = f"{column.name}_{stored.type.lower()}"
    return (
        f"ALTER TABLE {name} RENAME COLUMN `{column.name}` TO `{old}`; {_added(column, name)};"
        f" UPDATE {name} SET `{column.name}` = CAST(`{old}` AS {column.type}) WHERE {_ALL_ROWS};"
        f" ALTER TABLE {name} DROP COLUMN `{old}`"
    )


def _added(column: Column, name: str) -> str:
    """Return the statement that adds a column, which BigQuery allows only if it may be NULL."""
    return (
        f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {bigquery_column(column.model_copy(update={'nullable': True}))}"
    )


def _addition(table: Table, column: Column, name: str) -> SchemaChange:
    """A new column; one without NULLs needs a value in each stored row first."""
    added = _added(column, name)
    if column.nullable or element_type(column.type):
        return SchemaChange(
            table=table.name,
            summary=f"column {column.name} {column.type} is missing",
            statement=added,
            automatic=True,
        )
    value = table.earlier_values.get(column.name, f"<value of {column.name} in stored rows>")
    return SchemaChange(
        table=table.name,
        summary=f"column {column.name} {column.type} NOT NULL is missing, and stored rows need a value",
        statement=f"{added}; UPDATE {name} SET `{column.name}` = {value} WHERE {_ALL_ROWS}",
        automatic=False,
    )
