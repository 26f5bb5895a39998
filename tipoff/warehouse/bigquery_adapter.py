"""A warehouse in two BigQuery datasets, shared by any number of processes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import BadInputError, ConfigurationError, StorageError
from tipoff.vocabulary import counted
from tipoff.warehouse.base import CheckWarning, DateRange, Parameters, Slice, WriteResult, parameter_type
from tipoff.warehouse.bigquery_jobs import BigQueryJobs, Location
from tipoff.warehouse.bigquery_sql import WRITE_LOCK, Statement, addition, comparison, deletion, replacement, write_lock
from tipoff.warehouse.check_rows import checks_sql, judge
from tipoff.warehouse.dialect import parameters_of, to_bigquery
from tipoff.warehouse.migrations import SchemaChange, changes_of_incoming, schema_changes
from tipoff.warehouse.partitions import unfiltered_tables, with_views
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import Table
from tipoff.warehouse.validation import conform, conform_slice

_URL: Final = re.compile(r"bigquery://(?P<project>[a-z][a-z0-9.:-]+)/(?P<dataset>[A-Za-z0-9_]{1,1000})")


class BigQueryWarehouse:
    """A `tipoff.warehouse.base.Warehouse` in the datasets PREFIX and, for loaded rows, PREFIX_incoming."""

    def __init__(self, url: str, *, region: str, maximum_gigabytes: int) -> None:
        """Raises ConfigurationError for another URL than bigquery://PROJECT/PREFIX, or without credentials."""
        match = _URL.fullmatch(url)
        if not match:
            raise ConfigurationError(f"warehouse {url!r} is not a URL like bigquery://my-project/tipoff")
        self._jobs = BigQueryJobs(Location(match["project"], match["dataset"], region), maximum_gigabytes)
        self._one_transaction = threading.RLock()
        self._open = threading.local()
        """Its `session` is that of the thread's transaction; `is_locked`: whether that has the write lock."""

    def schema_changes(self) -> tuple[SchemaChange, ...]:
        """Return what `migrate` would change or refuse. Raises ConfigurationError for a dataset in another region."""
        location = self._jobs.location
        region = self._jobs.region_of_dataset()
        if region and region.lower() != location.region.lower():
            raise ConfigurationError(
                f"{location} is in {region}: set bigquery_location to {region} in tipoff.toml, or name a new dataset"
            )
        changes = schema_changes(
            self._jobs.tables() if region else {},
            f"{location.project}.{location.dataset}",
            on_emulator=self._jobs.on_emulator,
        )
        if region and not self._jobs.on_emulator:
            changes += changes_of_incoming(self._jobs.incoming_expiry(), location.project, location.incoming)
        return changes

    def migrate(self) -> None:
        """Create what is missing, and add missing columns that may be NULL.

        Raises StorageError, and changes nothing, if there is any other difference.
        """
        changes = self.schema_changes()
        if refused := [change for change in changes if not change.automatic]:
            listed = "; ".join(f"{change.table} {change.summary}: run {change.statement}" for change in refused)
            raise StorageError(f"{self._jobs.location}: nothing was changed, because the operator decides: {listed}")
        self._jobs.create_datasets()
        for change in changes:
            self._jobs.define(change.statement)

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        """Replace the content of a slice by one statement; see `tipoff.warehouse.base.Warehouse`."""
        declared = table_named(table)
        frame = conform_slice(declared, rows, where)
        return self._write_slice(declared, frame, where)

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        """Add the rows whose natural key is new; fill NULLs in the `filled_later` columns of existing rows."""
        declared = table_named(table)
        frame = conform(declared, rows)
        if frame.is_empty():
            return WriteResult(rows=0, changed=False)
        dates = DateRange(first=frame["game_date"].min(), last=frame["game_date"].max())
        incoming, warnings = self._incoming(declared, frame)
        changed = self._write_new(addition(declared, incoming, dates))
        return WriteResult(rows=changed, changed=changed > 0, warnings=warnings)

    def transform(self, name: str, parameters: Parameters, where: Slice) -> WriteResult:
        """Run a transform and replace the slice of its table with the result by one statement."""
        declared = table_named(name)
        frame = conform_slice(declared, self.query(sql_text(name), parameters), where)
        return self._write_slice(declared, frame, where)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes of a block atomic; see `tipoff.warehouse.base.Warehouse`.

        Of two at a time that change the same table, or that add rows, BigQuery stops one, so those of a process wait
        for each other.
        """
        if self._session is not None:
            yield
            return
        with self._one_transaction:
            session = self._open.session = self._jobs.begin()
            self._open.is_locked = False
            try:
                yield
            except BaseException:
                self._jobs.end(session, commit=False)
                raise
            else:
                self._jobs.end(session, commit=True)
            finally:
                self._open.session = None

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        """Run one GoogleSQL SELECT. Raises BadInputError if a table is read without a filter on its game dates."""
        return self._jobs.select(_checked(sql, parameters or {}), self._session)

    def stored_columns(self) -> dict[str, dict[str, str]]:
        """Return the columns of the tables that exist; see `tipoff.warehouse.base.Warehouse`."""
        tables = self._jobs.tables() if self._jobs.region_of_dataset() else {}
        return {
            name: {column: of.type for column, of in table.columns.items()}
            for name, table in tables.items()
            if name != WRITE_LOCK
        }

    def close(self) -> None:
        """Close the connections."""
        self._jobs.close()

    @property
    def _session(self) -> str | None:
        return getattr(self._open, "session", None)

    def _incoming(self, table: Table, frame: pl.DataFrame) -> tuple[str, tuple[CheckWarning, ...]]:
        """Store new rows in a table of their own, and check them; return its name and the warnings."""
        session = self._session
        name = self._jobs.load(table, frame) if session is None else self._jobs.insert(table, frame, session)
        if not table.checks:
            return name, ()
        suspects = self._jobs.select(Statement(checks_sql(table.name, f"`{name}`"), {}), session)
        return name, judge(table, suspects, frame.height)

    def _write_new(self, statement: Statement) -> int:
        """Run a MERGE that may only add rows; return their number.

        BigQuery stops one of two writes that change the same rows, but not if both only add some, so this one holds
        the write lock.
        """
        with self.transaction():
            if not self._open.is_locked:
                self._take_write_lock()
                self._open.is_locked = True
            return self._jobs.write(statement, self._session)

    def _take_write_lock(self) -> None:
        if self._jobs.write(write_lock(), self._session) != 1:
            raise StorageError(
                f"{self._jobs.location}: {WRITE_LOCK} must have one row; drop it, then run `starter.py warehouse apply`"
            )

    def _write_slice(self, table: Table, frame: pl.DataFrame, where: Slice) -> WriteResult:
        if any(wanted == [] for wanted in where.values()):
            return WriteResult(rows=0, changed=False)
        if frame.is_empty():
            return WriteResult(rows=0, changed=self._jobs.write(deletion(table, where), self._session) > 0)
        incoming, warnings = self._incoming(table, frame)
        compared = _Comparison(*self._jobs.select(comparison(table, incoming, where), self._session).row(0))
        if compared.clashes:
            raise BadInputError(
                f"{table.name}: {counted(compared.clashes, 'row')} outside the slice with the key"
                f" ({', '.join(table.natural_key)}) of new rows; nothing was written"
            )
        changed = not compared.stored_rows == compared.equal_rows == frame.height
        statement = replacement(table, incoming, where)
        if changed and compared.stored_rows:
            self._jobs.write(statement, self._session)
        elif changed:
            self._write_new(statement)
        return WriteResult(rows=frame.height, changed=changed, warnings=warnings)


class _Comparison(NamedTuple):
    stored_rows: int
    equal_rows: int
    clashes: int


def _checked(sql: str, parameters: Parameters) -> Statement:
    names = parameters_of(sql, parameters.keys())
    if unfiltered := unfiltered_tables(sql):
        raise BadInputError(f"this SELECT reads {', '.join(unfiltered)} without a filter on game_date; add one")
    sent = to_bigquery(with_views(sql))
    return Statement(sent, {name: (parameter_type(parameters[name]), parameters[name]) for name in names})
