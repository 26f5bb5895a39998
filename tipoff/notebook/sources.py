"""What the days of a notebook are read from: a warehouse, or Parquet exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import polars as pl

from tipoff.errors import BadInputError
from tipoff.publishing.frames import FRAMES, exported_dates, exported_frame, read_frame
from tipoff.publishing.store import ExportStore
from tipoff.warehouse.base import DateRange, Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice, rows_per_date
from tipoff.warehouse.open import open_warehouse
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.tables import TABLES


class Origin(NamedTuple):
    """Where the rows of a date come from."""

    game_date: date
    as_of: datetime
    """What was known then. Of a warehouse: the time of the call; of exports: that of their publication."""
    location: str
    """The warehouse, or the file of the export."""


class Source(Protocol):
    """What days are read from."""

    location: str

    def dates(self, frame: str) -> list[date]:
        """The dates of which it has rows, in order."""

    def read(self, frame: str, dates: Sequence[date]) -> Iterator[tuple[pl.DataFrame, Origin]]:
        """The rows of these dates, as far as it has them."""

    def table(self, name: str, dates: DateRange) -> pl.DataFrame:
        """The rows of a table."""


class StoredDays:
    """Days in a warehouse."""

    def __init__(self, location: str, opened: Callable[[], AbstractContextManager[Warehouse]]) -> None:
        self.location = f"warehouse {location}"
        self._opened = opened

    def dates(self, frame: str) -> list[date]:
        with self._opened() as warehouse:
            counts = warehouse.query(rows_per_date(TABLES[FRAMES[frame].table]))
        return sorted(counts["game_date"])

    def read(self, frame: str, dates: Sequence[date]) -> Iterator[tuple[pl.DataFrame, Origin]]:
        with self._opened() as warehouse:
            for game_date in dates:
                as_of = datetime.now(UTC)
                rows = read_frame(warehouse, frame, game_date, as_of)
                if not rows.is_empty():
                    yield rows, Origin(game_date, as_of, self.location)

    def table(self, name: str, dates: DateRange) -> pl.DataFrame:
        declared = table_named(name)
        with self._opened() as warehouse:
            rows = warehouse.query(*rows_of_slice(declared, {"game_date": dates}))
        return rows.sort(declared.natural_key)


class ExportedDays:
    """Days in an export store, published as Parquet."""

    def __init__(self, location: str, store: ExportStore, reason: str = "") -> None:
        self.location = f"exports {location}" + (f" ({reason})" if reason else "")
        self._root = location
        self._store = store

    def dates(self, frame: str) -> list[date]:
        return exported_dates(self._store, frame)

    def read(self, frame: str, dates: Sequence[date]) -> Iterator[tuple[pl.DataFrame, Origin]]:
        for game_date in dates:
            if exported := exported_frame(self._store, frame, game_date):
                yield exported.rows, Origin(game_date, exported.as_of, f"{self._root}/{exported.path}")

    def table(self, name: str, dates: DateRange) -> pl.DataFrame:
        raise BadInputError(
            f"{self.location} has no tables, only {', '.join(FRAMES)}; stop the worker, or copy its warehouse with"
            " starter.py warehouse backup, then open the copy"
        )


@contextmanager
def opened_file(file: Path) -> Iterator[Warehouse]:
    """The file, open for reading: no worker can open it meanwhile."""
    warehouse = open_warehouse(f"duckdb:///{file}", read_only=True)
    try:
        yield warehouse
    finally:
        warehouse.close()
