"""A warehouse in one DuckDB file, opened by one process. Only this module imports duckdb."""

# ruff: noqa: S608 (statements contain only names of declared tables and columns; values are bound)

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tipoff.errors import BadInputError, StorageError, WarehouseLockedError
from tipoff.warehouse.base import CheckWarning, DateRange, Parameters, Slice, SqlValue, WriteResult, parameter_type
from tipoff.warehouse.check_rows import checks_sql, judge
from tipoff.warehouse.dialect import to_duckdb
from tipoff.warehouse.duckdb_log import STORAGE_VERSION, damage, log_of
from tipoff.warehouse.schema import bigquery_type, duckdb_ddl, duckdb_type, table_named
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer, Table
from tipoff.warehouse.validation import conform, conform_slice

_INCOMING = "incoming_rows"

_CONFIG = {
    "storage_compatibility_version": STORAGE_VERSION,
    # Of a new file. Until a checkpoint every column of a table with new rows has at least one block in memory: with
    # DuckDB's blocks of 256 KB a day had 220 MB of them.
    "default_block_size": str(64 * 1024),
    # Before the file is opened: DuckDB would download an extension for a foreign file, or for a name in a query.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_SETTINGS = (
    "LOAD icu",
    "SET GLOBAL TimeZone = 'UTC'",
    # Without them freed memory goes back to the system only when a later statement allocates some: 40 MB of a day.
    "SET GLOBAL allocator_background_threads = true",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
)
_STORED_COLUMNS = (
    "SELECT table_name, column_name, data_type FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (table_oid)"
)


class DuckDbWarehouse:
    """A `tipoff.warehouse.base.Warehouse` in one file. It is thread-safe; writes run one at a time."""

    def __init__(self, path: Path, *, threads: int = 2, memory_limit_mb: int = 400, read_only: bool = False) -> None:
        """Open or create the file.

        Raises WarehouseLockedError if another process has it open, StorageError if it cannot be read.
        """
        self._path = path
        access = {"access_mode": "READ_ONLY"} if read_only else {}
        self._config = {"threads": threads, "memory_limit": f"{memory_limit_mb}MB", **access}
        self._connection = _connect(path, self._config)
        self._is_invalid = False
        """DuckDB refuses every further statement after a checkpoint that failed, as on a full disk."""
        self._reopen_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._open = threading.local()
        """Its `cursor` is that of the thread's transaction."""

    def migrate(self) -> None:
        """Create missing tables and add missing columns. Raises StorageError if a column has another type."""
        with self._transaction() as cursor:
            for table in sorted(TABLES.values(), key=lambda table: table.layer is Layer.VIEW):  # views read the tables
                _migrate(cursor, table)

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        """Replace the content of a slice; see `tipoff.warehouse.base.Warehouse`."""
        declared = table_named(table)
        frame = conform_slice(declared, rows, where)
        with self._transaction() as cursor:
            return _write_slice(cursor, declared, frame, where)

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        """Add the rows whose natural key is new; fill NULLs in the `filled_later` columns of existing rows."""
        declared = table_named(table)
        frame = conform(declared, rows)
        with self._transaction() as cursor:
            _register_incoming(cursor, frame)
            warnings = _checked(cursor, declared, frame.height)
            keys = ", ".join(declared.natural_key)
            added = _insert(cursor, declared, f"SELECT * FROM {_INCOMING} ANTI JOIN {table} USING ({keys})")
            filled = sum(_fill(cursor, declared, column) for column in declared.filled_later)
        return WriteResult(rows=added + filled, changed=added + filled > 0, warnings=warnings)

    def transform(self, name: str, parameters: Parameters, where: Slice) -> WriteResult:
        """Run a transform and replace the slice of its table with the result, in one transaction."""
        declared = table_named(name)
        sql = sql_text(name)
        with self._transaction() as cursor:
            frame = conform_slice(declared, _select(cursor, sql, parameters), where)
            return _write_slice(cursor, declared, frame, where)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes of a block atomic; see `tipoff.warehouse.base.Warehouse`."""
        with self._transaction():
            yield

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        """Run one GoogleSQL SELECT. Sums of integers are integers, times are UTC."""
        with self._cursor() as cursor:
            return _select(cursor, sql, parameters or {})

    def stored_columns(self) -> dict[str, dict[str, str]]:
        """Return the columns of the tables that exist; see `tipoff.warehouse.base.Warehouse`."""
        with self._cursor() as cursor:
            listed = cursor.execute(_STORED_COLUMNS).fetchall()
        tables: dict[str, dict[str, str]] = {}
        for table, column, type_ in listed:
            tables.setdefault(table, {})[column] = bigquery_type(type_)
        return tables

    def close(self) -> None:
        """Flush to the file and release its lock."""
        self._connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield the cursor of the thread's transaction, or one of its own for each call, as DuckDB requires."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._open, "cursor", None)
        if cursor is not None:
            yield cursor
            return
        connection = self._usable_connection()
        try:
            with connection.cursor() as cursor:
                yield cursor
        except duckdb.FatalException as error:
            self._is_invalid = self._is_invalid or connection is self._connection
            raise _storage_error(self._path, error) from error
        except duckdb.ProgrammingError as error:
            raise BadInputError(f"the warehouse rejected the query: {error}") from error
        except duckdb.Error as error:
            raise _storage_error(self._path, error) from error

    def _usable_connection(self) -> duckdb.DuckDBPyConnection:
        """The connection; an invalid one is replaced. Raises StorageError as the constructor does."""
        with self._reopen_lock:
            if self._is_invalid:
                self._connection.close()
                self._connection = _connect(self._path, self._config)
                self._is_invalid = False
            return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if getattr(self._open, "cursor", None) is not None:
            with self._cursor() as cursor:
                yield cursor
            return
        with self._write_lock, self._cursor() as cursor:
            cursor.begin()
            self._open.cursor = cursor
            try:
                yield cursor
            except BaseException:
                cursor.rollback()
                raise
            finally:
                self._open.cursor = None
            cursor.commit()


def _connect(path: Path, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if problem := damage(path):
            raise StorageError(_damaged(path, problem))
        connection = duckdb.connect(str(path), config={**_CONFIG, **config})
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
            f"the warehouse {path} is open in {who}; stop that worker first, then run the command again"
        )
    if re.search(r"WAL|not a valid DuckDB|Could not read enough bytes|[Cc]orrupt|[Cc]hecksum|serializ", text):
        return StorageError(_damaged(path, text.splitlines()[0]))
    if "Could not write file" in text:
        reason = text.splitlines()[0].rpartition(": ")[2].rstrip('"')
        return StorageError(
            f"the warehouse {path} could not be written, and what it held is unchanged; no space left ({reason}): "
            "free some, then retry the step"
        )
    return StorageError(f"the warehouse {path} reported an error: {text}. The stored data is unchanged")


def _damaged(path: Path, problem: str) -> str:
    """What is damaged and what to do; nothing was changed."""
    return (
        f"the warehouse {path} is damaged: {problem}. Nothing was changed. Move the file and its log"
        f" ({log_of(path).name}) away together and restore a backup; a log that belongs to another file, put back where"
        " it came from. Landed responses alone do not restore the games and predictions of past days"
    )


def _migrate(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    if table.layer is Layer.VIEW:
        cursor.execute(f"CREATE OR REPLACE VIEW {table.name} AS {to_duckdb(sql_text(table.name), {}).sql}")
        return
    cursor.execute(duckdb_ddl(table))
    described = cursor.execute(f"DESCRIBE {table.name}").fetchall()
    existing = {row[0]: row[1] for row in described}
    not_null = {row[0] for row in described if row[2] == "NO"}
    for column in table.columns:
        declared = duckdb_type(column.type)
        if column.name not in existing:
            _add_column(cursor, table, column.name, declared, nullable=column.nullable)
        elif existing[column.name] != declared:
            raise StorageError(
                f"{table.name}.{column.name} is {existing[column.name]} in the warehouse,"
                f" {declared} in the declaration; a column cannot change its type:"
                " give the new column another name, or re-process into a new file"
            )
        elif column.nullable and column.name in not_null:
            cursor.execute(f"ALTER TABLE {table.name} ALTER COLUMN {column.name} DROP NOT NULL")


def _add_column(cursor: duckdb.DuckDBPyConnection, table: Table, name: str, type_: str, *, nullable: bool) -> None:
    if name in table.earlier_values:
        _add_filled_column(cursor, table.name, name, type_, table.earlier_values[name])
        return
    cursor.execute(f"ALTER TABLE {table.name} ADD COLUMN {name} {type_}")
    if nullable:
        return
    if cursor.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
        raise StorageError(
            f"{table.name}.{name} is declared NOT NULL, but existing rows have no value for it;"
            " declare it nullable, or re-process into a new file"
        )
    cursor.execute(f"ALTER TABLE {table.name} ALTER COLUMN {name} SET NOT NULL")


def _add_filled_column(cursor: duckdb.DuckDBPyConnection, table: str, name: str, type_: str, value: str) -> None:
    """Add a text column without NULLs; DuckDB sets NOT NULL only before an update, hence the default."""
    cursor.execute(f"ALTER TABLE {table} ADD COLUMN {name} {type_} DEFAULT ''")
    cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL")
    cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT")
    cursor.execute(f"UPDATE {table} SET {name} = {value}")


def _select(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters) -> pl.DataFrame:
    types = {name: parameter_type(value) for name, value in parameters.items()}
    statement = to_duckdb(sql, types)
    values = {name: parameters[name] for name in statement.parameters}
    return _in_google_types(cursor.execute(statement.sql, values).pl())


def _in_google_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Convert integers of every width to INT64 and decimals to FLOAT64, the types GoogleSQL has."""
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
    _register_incoming(cursor, frame)
    warnings = _checked(cursor, table, frame.height)
    if _is_unchanged(cursor, table, frame.height, condition, values):
        return WriteResult(rows=frame.height, changed=False, warnings=warnings)
    cursor.execute(f"DELETE FROM {table.name} WHERE {condition}", values)
    _require_new_keys(cursor, table)
    _insert(cursor, table, f"SELECT * FROM {_INCOMING}")
    return WriteResult(rows=frame.height, changed=True, warnings=warnings)


def _checked(cursor: duckdb.DuckDBPyConnection, table: Table, height: int) -> tuple[CheckWarning, ...]:
    """Run the checks of the table over the incoming rows. Raises ChecksFailedError."""
    sql = checks_sql(table.name, _INCOMING)
    return judge(table, _select(cursor, sql, {}), height) if sql and height else ()


def _register_incoming(cursor: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> None:
    cursor.register(_INCOMING, frame.to_arrow())


def _insert(cursor: duckdb.DuckDBPyConnection, table: Table, rows: str) -> int:
    """Insert rows and return their count."""
    return _count(cursor.execute(f"INSERT INTO {table.name} BY NAME {rows}"))


def _fill(cursor: duckdb.DuckDBPyConnection, table: Table, column: str) -> int:
    """Fill NULLs of one column from the incoming rows with the same keys and return their count."""
    keys = ", ".join(table.natural_key)
    same_key = " AND ".join(f"stored.{name} = known.{name}" for name in table.natural_key)
    # Materialized so that DuckDB does not push filters on timestamps into the Arrow scan, which would need pytz.
    return _count(
        cursor.execute(
            f"WITH known AS MATERIALIZED (SELECT {keys}, {column} FROM {_INCOMING} WHERE {column} IS NOT NULL)"
            f" UPDATE {table.name} AS stored SET {column} = known.{column} FROM known"
            f" WHERE {same_key} AND stored.{column} IS NULL"
        )
    )


def _count(written: duckdb.DuckDBPyConnection) -> int:
    row = written.fetchone()
    return int(row[0]) if row else 0


def _is_unchanged(
    cursor: duckdb.DuckDBPyConnection, table: Table, height: int, condition: str, values: dict[str, SqlValue]
) -> bool:
    stored = f"SELECT * FROM {table.name} WHERE {condition}"
    count = cursor.execute(f"SELECT COUNT(*) FROM ({stored})", values).fetchone()
    if count != (height,):
        return False
    equal = " AND ".join(f"stored.{name} IS NOT DISTINCT FROM {_INCOMING}.{name}" for name in table.column_names)
    # Keys are unique on both sides, so this equals EXCEPT ALL, which takes five times as long.
    difference = f"SELECT 1 FROM {_INCOMING} ANTI JOIN ({stored}) AS stored ON {equal} LIMIT 1"
    return cursor.execute(difference, values).fetchone() is None


def _require_new_keys(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Raises BadInputError if a row outside the slice has the key of an incoming row."""
    keys = ", ".join(table.natural_key)
    clash = f"SELECT {keys} FROM {_INCOMING} SEMI JOIN {table.name} USING ({keys}) LIMIT 1"
    duplicates = cursor.execute(clash).pl().rows()
    if duplicates:
        raise BadInputError(
            f"{table.name}: a row outside the slice has the key ({keys}) = {duplicates[0]}; nothing was written"
        )


def _condition(where: Slice) -> tuple[str, dict[str, Any]]:
    """Return the slice as a SQL condition and its parameter values."""
    terms: list[str] = []
    values: Mapping[str, Any] = {}
    for name, selected in where.items():
        term, given = _term(name, selected)
        terms.append(term)
        values = {**values, **given}
    return " AND ".join(terms) or "TRUE", dict(values)


def _term(name: str, selected: SqlValue | list[str] | DateRange) -> tuple[str, dict[str, Any]]:
    match selected:
        case DateRange(first=first, last=last):
            return f"{name} BETWEEN ${name}_1 AND ${name}_2", {f"{name}_1": first, f"{name}_2": last}
        case list():
            return f"list_contains(CAST(${name} AS VARCHAR[]), {name})", {name: selected}
        case _:
            return f"{name} = ${name}", {name: selected}
