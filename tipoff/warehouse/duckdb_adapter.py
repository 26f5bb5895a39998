"""The warehouse in one DuckDB file, for one process; the only module that knows DuckDB."""

# ruff: noqa: S608 (names in statements are those of declared tables and columns; values are bound)

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tipoff.errors import BadInputError, StorageError, WarehouseLockedError
from tipoff.warehouse.base import DateRange, Parameters, Slice, Value, WriteResult
from tipoff.warehouse.dialect import to_duckdb
from tipoff.warehouse.schema import duckdb_ddl, duckdb_type, table_named
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer, Table
from tipoff.warehouse.validation import conform, require_inside

_INCOMING = "incoming_rows"

_SETTINGS = (
    "LOAD icu",
    "SET GLOBAL TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
)


class DuckDbWarehouse:
    """A `tipoff.warehouse.base.Warehouse` on one file. Threads may call it at once; writes take turns."""

    def __init__(self, path: Path, *, threads: int = 2, memory_limit_mb: int = 400) -> None:
        """Open or create the file.

        Raises WarehouseLockedError while another process has it open, StorageError when it cannot be read.
        """
        self._path = path
        self._connection = _connect(path, {"threads": threads, "memory_limit": f"{memory_limit_mb}MB"})
        self._one_writer = threading.Lock()

    def migrate(self) -> None:
        """Create missing tables and add missing columns. Raises StorageError on a column of another type."""
        with self._transaction() as cursor:
            for table in TABLES.values():
                _migrate(cursor, table)

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        """Make `rows` the content of a slice; see `tipoff.warehouse.base.Warehouse`."""
        declared = table_named(table)
        if declared.append_only:
            raise BadInputError(f"{table} only ever grows: append to it")
        frame = conform(declared, rows)
        require_inside(declared, frame, where)
        with self._transaction() as cursor:
            return _write_slice(cursor, declared, frame, where)

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        """Add the rows whose natural key is not there yet, and fill what may be filled later in those that are."""
        declared = table_named(table)
        frame = conform(declared, rows)
        with self._transaction() as cursor:
            _offer(cursor, frame)
            keys = ", ".join(declared.natural_key)
            added = _insert(cursor, declared, f"SELECT * FROM {_INCOMING} ANTI JOIN {table} USING ({keys})")
            filled = sum(_fill(cursor, declared, column) for column in declared.filled_later)
        return WriteResult(rows=added + filled, changed=added + filled > 0)

    def transform(self, name: str, parameters: Parameters, where: Slice) -> WriteResult:
        """Run the transform of that name and make its result the slice of its table, in one transaction."""
        declared = table_named(name)
        sql = sql_text(name)
        with self._transaction() as cursor:
            frame = conform(declared, _select(cursor, sql, parameters))
            require_inside(declared, frame, where)
            return _write_slice(cursor, declared, frame, where)

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        """Rows of one GoogleSQL SELECT; a sum of integers is an integer, times are UTC."""
        with self._cursor() as cursor:
            return _select(cursor, sql, parameters or {})

    def close(self) -> None:
        """Write everything into the file and let others open it."""
        self._connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of this call's own, as DuckDB wants it for threads."""
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except duckdb.ProgrammingError as error:
            raise BadInputError(f"the warehouse cannot answer this: {error}") from error
        except duckdb.Error as error:
            raise _storage_error(self._path, error) from error

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._one_writer, self._cursor() as cursor:
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()


def _connect(path: Path, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path), config=config)
        for setting in _SETTINGS:
            connection.execute(setting)
    except (duckdb.Error, OSError) as error:
        raise _storage_error(path, error) from error
    return connection


def _storage_error(path: Path, error: Exception) -> StorageError:
    text = str(error)
    if "Could not set lock" in text:
        holder = re.search(r"PID (\d+)", text)
        who = f"process {holder[1]}" if holder else "another process"
        return WarehouseLockedError(
            f"the warehouse {path} is open in {who}; stop that worker first, or ask it through Temporal"
        )
    if re.search(r"not a valid DuckDB|Could not read enough bytes|[Cc]orrupt|[Cc]hecksum|serializ", text):
        return StorageError(
            f"the warehouse {path} is damaged: {text.splitlines()[0]} Move the file away and put back a"
            " copy: landed answers alone do not bring back which games and predictions a day had"
        )
    return StorageError(f"the warehouse {path} refused: {text}. What stood before still stands")


def _migrate(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    if table.layer is Layer.VIEW:
        cursor.execute(f"CREATE OR REPLACE VIEW {table.name} AS {to_duckdb(sql_text(table.name), {}).sql}")
        return
    cursor.execute(duckdb_ddl(table))
    there = {row[0]: row[1] for row in cursor.execute(f"DESCRIBE {table.name}").fetchall()}
    for column in table.columns:
        wanted = duckdb_type(column.type)
        if column.name not in there:
            _add_column(cursor, table, column.name, wanted, nullable=column.nullable)
        elif there[column.name] != wanted:
            raise StorageError(
                f"{table.name}.{column.name} is {there[column.name]} in the warehouse, {wanted} in the declaration;"
                " a column never changes its type: name the new one otherwise, or re-process into a new file"
            )


def _add_column(cursor: duckdb.DuckDBPyConnection, table: Table, name: str, type_: str, *, nullable: bool) -> None:
    cursor.execute(f"ALTER TABLE {table.name} ADD COLUMN {name} {type_}")
    if nullable:
        return
    if cursor.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
        raise StorageError(
            f"{table.name}.{name} may not be NULL and the rows that stand there have no value for it;"
            " declare it nullable, or re-process into a new file"
        )
    cursor.execute(f"ALTER TABLE {table.name} ALTER COLUMN {name} SET NOT NULL")


def _select(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pl.DataFrame:
    types = {name: _type_of(value) for name, value in parameters.items()}
    statement = to_duckdb(sql, types)
    wanted = {name: parameters[name] for name in statement.parameters}
    return _in_google_types(cursor.execute(statement.sql, wanted).pl())


def _type_of(value: Value | list[str]) -> str:
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
    raise BadInputError(f"{value!r} cannot be a parameter: give text, a number, a date or a moment with its zone")


def _in_google_types(frame: pl.DataFrame) -> pl.DataFrame:
    """DuckDB's narrow and huge integers as the one integer GoogleSQL has, its decimals as FLOAT64."""
    return frame.with_columns(
        [pl.col(name).cast(_google_dtype(dtype)) for name, dtype in frame.schema.items()],
    )


def _google_dtype(dtype: pl.DataType) -> pl.DataType:
    match dtype:
        case pl.Decimal(scale=0):
            return pl.Int64()
        case pl.Decimal() | pl.Float32():
            return pl.Float64()
        case pl.Datetime():
            return pl.Datetime("us", "UTC")
    return pl.Int64() if dtype.is_integer() else dtype


def _write_slice(cursor: duckdb.DuckDBPyConnection, table: Table, frame: pl.DataFrame, where: Slice) -> WriteResult:
    condition, values = _condition(where)
    _offer(cursor, frame)
    if _same(cursor, table, frame.height, condition, values):
        return WriteResult(rows=frame.height, changed=False)
    cursor.execute(f"DELETE FROM {table.name} WHERE {condition}", values)
    _require_new_keys(cursor, table)
    _insert(cursor, table, f"SELECT * FROM {_INCOMING}")
    return WriteResult(rows=frame.height, changed=True)


def _offer(cursor: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> None:
    cursor.register(_INCOMING, frame.to_arrow())


def _insert(cursor: duckdb.DuckDBPyConnection, table: Table, rows: str) -> int:
    """Rows inserted."""
    return _count(cursor.execute(f"INSERT INTO {table.name} BY NAME {rows}"))


def _fill(cursor: duckdb.DuckDBPyConnection, table: Table, column: str) -> int:
    """Rows whose NULL was filled from the incoming row of the same key."""
    keys = ", ".join(table.natural_key)
    same_key = " AND ".join(f"standing.{name} = known.{name}" for name in table.natural_key)
    # Materialised, lest the join's bounds be pushed into the Arrow scan: for moments that wants pytz.
    return _count(
        cursor.execute(
            f"WITH known AS MATERIALIZED (SELECT {keys}, {column} FROM {_INCOMING} WHERE {column} IS NOT NULL)"
            f" UPDATE {table.name} AS standing SET {column} = known.{column} FROM known"
            f" WHERE {same_key} AND standing.{column} IS NULL"
        )
    )


def _count(written: duckdb.DuckDBPyConnection) -> int:
    counted = written.fetchone()
    return int(counted[0]) if counted else 0


def _same(
    cursor: duckdb.DuckDBPyConnection, table: Table, height: int, condition: str, values: dict[str, Value]
) -> bool:
    columns = ", ".join(table.column_names)
    standing = f"SELECT {columns} FROM {table.name} WHERE {condition}"
    counted = cursor.execute(f"SELECT COUNT(*) FROM ({standing})", values).fetchone()
    if counted != (height,):
        return False
    other = f"SELECT 1 FROM (SELECT {columns} FROM {_INCOMING} EXCEPT ALL ({standing})) LIMIT 1"
    return cursor.execute(other, values).fetchone() is None


def _require_new_keys(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Raises BadInputError when a row outside the slice has the key of an incoming one."""
    keys = ", ".join(table.natural_key)
    clash = f"SELECT {keys} FROM {_INCOMING} SEMI JOIN {table.name} USING ({keys}) LIMIT 1"
    double = cursor.execute(clash).pl().rows()
    if double:
        raise BadInputError(
            f"{table.name}: outside the slice stands a row with the key ({keys}) = {double[0]}; nothing was written"
        )


def _condition(where: Slice) -> tuple[str, dict[str, Any]]:
    """The slice as SQL and the values it asks for."""
    terms: list[str] = []
    values: Mapping[str, Any] = {}
    for name, wanted in where.items():
        term, given = _term(name, wanted)
        terms.append(term)
        values = {**values, **given}
    return " AND ".join(terms) or "TRUE", dict(values)


def _term(name: str, wanted: Value | list[str] | DateRange) -> tuple[str, dict[str, Any]]:
    match wanted:
        case DateRange(first=first, last=last):
            return f"{name} BETWEEN ${name}_1 AND ${name}_2", {f"{name}_1": first, f"{name}_2": last}
        case list():
            return f"list_contains(CAST(${name} AS VARCHAR[]), {name})", {name: wanted}
        case _:
            return f"{name} = ${name}", {name: wanted}
