"""Copies the rows of a warehouse into another one, of the same engine or another. A repeated copy writes what differs.

Rows are compared as they come out of the engines, by count and checksum of each table and date. Each chunk of dates is
one atomic write, so a copy that is killed leaves whole chunks, and the next one continues behind them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import BadInputError, ChecksFailedError
from tipoff.vocabulary import Frozen, counted
from tipoff.warehouse.base import ALL_DATES, DateRange, Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice, rows_per_date
from tipoff.warehouse.tables import TABLES, Layer, Table
from tipoff.warehouse.validation import conform

CELLS_OF_CHUNK: Final = 1_000_000
"""Values that are read and written at once: up to 100 MB with arrays. The rows of one date are never divided."""
DATES_OF_CHUNK: Final = 366
"""BigQuery limits how many partitions a statement may change."""

STORED_TABLES: Final = tuple(table for table in TABLES.values() if table.layer is not Layer.VIEW)

Progress = Callable[[Table, DateRange], None]


class DateDigest(NamedTuple):
    """The rows of one table and date: two warehouses hold the same ones if their digests are equal."""

    rows: int
    checksum: str


class TableCopy(Frozen):
    """What was done for one table, and where the warehouses still differ."""

    table: str
    copied_dates: int = 0
    copied_rows: int = 0
    equal_dates: int = 0
    equal_rows: int = 0
    expired_dates: int = 0
    """Dates of the origin that are older than the destination keeps."""
    differences: tuple[str, ...] = ()


def copy_table(
    table: Table, origin: Warehouse, destination: Warehouse, progress: Progress, first: date = ALL_DATES.first
) -> TableCopy:
    """Copy the dates of a table from `first` on that differ. Dates that only the destination has are kept and reported.

    An append-only table gets the rows that are missing; a row with other values stays as it is, and is reported.
    """
    chunks: list[TableCopy] = []
    in_origin, in_destination = (_rows_per_date(table, warehouse) for warehouse in (origin, destination))
    rows = {day: max(in_origin.get(day, 0), in_destination.get(day, 0)) for day in in_origin.keys() | in_destination}
    for dates in _chunks(table, {day: count for day, count in rows.items() if day >= first}):
        progress(table, DateRange(first=dates[0], last=dates[-1]))
        chunks.extend(_copy_dates(table, dates, origin, destination))
    return TableCopy(
        table=table.name,
        expired_dates=sum(day < first for day in in_origin),
        copied_dates=sum(chunk.copied_dates for chunk in chunks),
        copied_rows=sum(chunk.copied_rows for chunk in chunks),
        equal_dates=sum(chunk.equal_dates for chunk in chunks),
        equal_rows=sum(chunk.equal_rows for chunk in chunks),
        differences=tuple(text for chunk in chunks for text in chunk.differences),
    )


def digests(table: Table, rows: pl.DataFrame) -> dict[date, DateDigest]:
    """Return the digest of each date of conforming rows, whatever their order and the engine they come from."""
    ordered = rows.select(_canonical(rows.schema)).sort("game_date", *table.natural_key)
    return {
        game_date: DateDigest(of_date.height, hashlib.sha256(of_date.write_ndjson().encode()).hexdigest())
        for (game_date,), of_date in ordered.group_by("game_date", maintain_order=True)
    }


def _canonical(schema: pl.Schema) -> Iterator[pl.Expr]:
    for name, dtype in schema.items():
        column = pl.col(name)
        match dtype:
            case pl.Float64():
                yield _without_negative_zero(column)
            case pl.List(inner=pl.Float64()):
                yield column.list.eval(_without_negative_zero(pl.element()))
            case _:
                yield column


def _without_negative_zero(numbers: pl.Expr) -> pl.Expr:
    """SQL takes both zeros for equal, so a write would not replace one by the other."""
    return pl.when(numbers.ne_missing(0)).then(numbers).otherwise(0.0)


def _rows_per_date(table: Table, warehouse: Warehouse) -> dict[date, int]:
    return dict(warehouse.query(rows_per_date(table)).select("game_date", "n").iter_rows())


def _chunks(table: Table, counts: Mapping[date, int]) -> Iterator[list[date]]:
    """Yield the dates in runs of limited size; all at once if a row may move to another date."""
    limit = CELLS_OF_CHUNK // len(table.columns)
    chunk: list[date] = []
    for game_date in sorted(counts):
        is_full = sum(counts[day] for day in chunk) + counts[game_date] > limit or len(chunk) == DATES_OF_CHUNK
        if chunk and is_full and "game_date" in table.natural_key:
            yield chunk
            chunk = []
        chunk.append(game_date)
    if chunk:
        yield chunk


def _copy_dates(table: Table, dates: Sequence[date], origin: Warehouse, destination: Warehouse) -> Iterator[TableCopy]:
    """Copy a run of dates; if its rows are refused, halve it until only the dates with such rows are left out."""
    try:
        yield _copy_slice(table, DateRange(first=dates[0], last=dates[-1]), origin, destination)
    except (BadInputError, ChecksFailedError) as error:
        if len(dates) == 1:
            yield TableCopy(table=table.name, differences=(f"{table.name} {dates[0]}: {error}",))
            return
        middle = len(dates) // 2
        yield from _copy_dates(table, dates[:middle], origin, destination)
        yield from _copy_dates(table, dates[middle:], origin, destination)


def _copy_slice(table: Table, dates: DateRange, origin: Warehouse, destination: Warehouse) -> TableCopy:
    rows, stored = _read(table, dates, origin), _read(table, dates, destination)
    wanted, before = digests(table, rows), digests(table, stored)
    different = [day for day in wanted if wanted[day] != before.get(day)]
    if different:
        _write(table, dates, rows.filter(pl.col("game_date").is_in(different)), stored, destination)
        stored = _read(table, dates, destination)
    after = digests(table, stored)
    copied = [wanted[day] for day in different if after.get(day) == wanted[day]]
    equal = [digest for day, digest in wanted.items() if day not in different]
    return TableCopy(
        table=table.name,
        copied_dates=len(copied),
        copied_rows=sum(digest.rows for digest in copied),
        equal_dates=len(equal),
        equal_rows=sum(digest.rows for digest in equal),
        differences=tuple(_differences(table, wanted, after)),
    )


def _read(table: Table, dates: DateRange, warehouse: Warehouse) -> pl.DataFrame:
    return conform(table, warehouse.query(*rows_of_slice(table, {"game_date": dates})))


def _write(table: Table, dates: DateRange, rows: pl.DataFrame, stored: pl.DataFrame, destination: Warehouse) -> None:
    """Write the rows of whole dates; other dates keep their rows, except for rows that moved to another date."""
    if table.append_only:
        destination.append(table.name, rows)
        return
    others = stored.join(rows.select("game_date").unique(), on="game_date", how="anti")
    kept = others.join(rows, on=table.natural_key, how="anti")
    destination.replace(table.name, pl.concat([rows, kept]), {"game_date": dates})


def _differences(table: Table, wanted: Mapping[date, DateDigest], stored: Mapping[date, DateDigest]) -> Iterator[str]:
    none = DateDigest(0, "")
    for day in sorted(wanted.keys() | stored.keys()):
        origin, destination = wanted.get(day, none), stored.get(day, none)
        if origin.rows != destination.rows:
            yield f"{table.name} {day}: {counted(origin.rows, 'row')} in FROM, {destination.rows:,} in TO"
        elif origin != destination:
            yield f"{table.name} {day}: the same number of rows, {origin.rows:,}, with other values"
