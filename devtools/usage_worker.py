"""A worker that logs what it reads and writes in its stores, for `python -m devtools.cloud_usage`.

python -m devtools.usage_worker FILE     FILE gets one `Use` a line
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import polars as pl

from activities.resources import Resources
from runtime.connection import connect
from runtime.process_exit import exit_now
from runtime.workers import build_workers, import_libraries, running
from tipoff.landing.landing import Landing
from tipoff.publishing.store import ExportStore
from tipoff.settings import load_settings
from tipoff.storage.base import Change, ObjectStore
from tipoff.storage.open import open_store
from tipoff.systems.model_store import ModelStore
from tipoff.vocabulary import Frozen
from tipoff.warehouse.base import DateRange, Parameters, Slice, WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.partitions import TableRead, table_reads, with_views
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES
from workflows.contracts import Queue

INCOMING: Final = "new rows"
"""The table of the rows on their way, which each write reads."""
ALL_DATES: Final = 0
"""Number of dates of a statement that reads every date."""


class Use(Frozen):
    """A table that a statement reads, or a request of an object store."""

    what: str
    """Table, or folder of a store."""
    how: str
    """read, write; class A, class B"""
    dates: int = 1
    """Number of game dates that are read; ALL_DATES: every date."""


class UsageLog:
    """A file with one `Use` a line. Threads may share it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def add(self, *uses: Use) -> None:
        """Append uses."""
        with self._lock, self._file.open("a", encoding="utf-8") as log:
            log.writelines(f"{use.model_dump_json()}\n" for use in uses)


class LoggingWarehouse(DuckDbWarehouse):
    """Logs the tables that BigQuery would read: those of each SELECT, and those of the statements of each write."""

    def __init__(self, path: Path, log: UsageLog) -> None:
        super().__init__(path)
        self._log = log

    def query(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        self._log.add(*reads_of(sql, parameters or {}))
        return super().query(sql, parameters)

    def transform(self, name: str, parameters: Parameters, where: Slice) -> WriteResult:
        self._log.add(*reads_of(sql_text(name), parameters))
        written = super().transform(name, parameters, where)
        self._log.add(*uses_of_replacement(name, where, written))
        return written

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        written = super().replace(table, rows, where)
        self._log.add(*uses_of_replacement(table, where, written))
        return written

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        written = super().append(table, rows)
        if not rows.is_empty():
            first, last = rows["game_date"].min(), rows["game_date"].max()
            assert isinstance(first, date)  # noqa: S101 - not empty
            assert isinstance(last, date)  # noqa: S101
            self._log.add(*_checks(table), *_statement(table, _days(first, last)), Use(what=table, how="write"))
        return written


def reads_of(sql: str, parameters: Parameters) -> Iterator[Use]:
    """The stored tables that a SELECT reads, each once, with the most dates that it reads of it."""
    dates: dict[str, int] = {}
    for read in _table_reads(sql):
        dates[read.name] = _most(_dates_of(read, parameters), dates.get(read.name, 1))
    yield from (Use(what=table, how="read", dates=of) for table, of in dates.items())


def _most(one: int, other: int) -> int:
    return ALL_DATES if ALL_DATES in (one, other) else max(one, other)


@cache
def _table_reads(sql: str) -> tuple[TableRead, ...]:
    return tuple(table_reads(with_views(sql)))


def _dates_of(read: TableRead, parameters: Parameters) -> int:
    first, last = (_date(text, parameters) for text in read.dates or ("", ""))
    return _days(first, last) if first and last else ALL_DATES


_DATE: Final = re.compile(r"(DATE_(?P<sign>SUB|ADD)\()?@(?P<name>\w+)(, INTERVAL '(?P<days>\d+)' DAY\))?")


def _date(text: str, parameters: Parameters) -> date | None:
    """The date of a bound that is a parameter, plus or minus days; None for a literal, which bounds nothing."""
    match = _DATE.fullmatch(text)
    value = parameters.get(match["name"]) if match else None
    if match is None or not isinstance(value, date):
        return None
    days = timedelta(days=int(match["days"] or 0))
    return value - days if match["sign"] == "SUB" else value + days


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def uses_of_replacement(table: str, where: Slice, written: WriteResult) -> Iterator[Use]:
    """The reads of the checks, of the comparison with the stored rows, and of the MERGE if they differ."""
    wanted = where.get("game_date")
    dates = _days(wanted.first, wanted.last) if isinstance(wanted, DateRange) else 1 if wanted else ALL_DATES
    yield from _checks(table)
    yield from _statement(table, dates)
    if written.changed:
        yield from _statement(table, dates)
        yield Use(what=table, how="write", dates=dates)


def _checks(table: str) -> list[Use]:
    return [Use(what=INCOMING, how="read")] if TABLES[table].checks else []


def _statement(table: str, dates: int) -> list[Use]:
    return [Use(what=table, how="read", dates=dates), Use(what=INCOMING, how="read")]


class LoggingStore:
    """An object store that logs the requests it would make in Cloud Storage."""

    def __init__(self, store: ObjectStore, name: str, log: UsageLog) -> None:
        self._store, self._name, self._log = store, name, log
        self.concurrency = store.concurrency

    def _add(self, *classes: str) -> None:
        self._log.add(*(Use(what=self._name, how=f"class {of}") for of in classes))

    def read(self, name: str) -> bytes | None:
        self._add("B")
        return self._store.read(name)

    def create(self, name: str, content: bytes) -> bool:
        self._add("A")
        return self._store.create(name, content)

    def update(self, name: str, change: Change) -> bool:
        updated = self._store.update(name, change)
        self._add("B", *("A" if updated else ""))
        return updated

    def names(self, prefix: str) -> list[str]:
        self._add("A")
        return self._store.names(prefix)

    def location(self, name: str) -> str:
        return self._store.location(name)


@dataclass(frozen=True)
class LoggingResources(Resources):
    """The stores of a worker, each with a log of its use."""

    log: UsageLog

    def _store(self, name: str) -> ObjectStore:
        return LoggingStore(open_store(getattr(self.settings, name)), name, self.log)

    @cached_property
    def warehouse(self) -> LoggingWarehouse:
        warehouse = LoggingWarehouse(Path(self.settings.warehouse.removeprefix("duckdb:///")), self.log)
        warehouse.migrate()
        return warehouse

    @cached_property
    def landing(self) -> Landing:
        return Landing(self._store("landing"))

    @cached_property
    def exports(self) -> ExportStore:
        return ExportStore(self._store("exports"))

    @cached_property
    def models(self) -> ModelStore:
        return ModelStore(self._store("models"))


async def serve(file: Path) -> None:
    """Serve all queues until the process is killed."""
    queues = tuple(Queue)
    resources = LoggingResources(load_settings(), lambda: datetime.now(UTC), UsageLog(file))
    async with running(await build_workers(await connect(), resources, queues)):
        print("serving", flush=True)
        await asyncio.to_thread(import_libraries, queues)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
    exit_now(0)
