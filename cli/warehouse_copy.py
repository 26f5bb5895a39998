"""`warehouse copy FROM TO`: copies the rows of a warehouse into another one, and compares both."""

from __future__ import annotations

import json
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from cli.warehouse_file import warehouse_file
from tipoff.vocabulary import counted

if TYPE_CHECKING:
    from tipoff.settings import Settings
    from tipoff.warehouse.base import DateRange, Warehouse
    from tipoff.warehouse.copying import TableCopy
    from tipoff.warehouse.tables import Table

Columns = Mapping[str, Mapping[str, str]]
"""Table -> column -> BigQuery type."""


def copy(options: Namespace) -> ExitCode:
    """Copy table by table and print a report; FAILED if both differ at the end.

    Raises CommandError USAGE, and changes nothing, for warehouses that cannot be copied.
    """
    from tipoff.warehouse.copying import STORED_TABLES, copy_table  # slow libraries

    settings = Target(options.replay).settings
    first_dates = {table.name: _first_date(table, options.destination) for table in STORED_TABLES}
    with ExitStack() as opened:
        opened.enter_context(_ended_by_ctrl_c())
        origin, destination = _open(options.origin, options.destination, settings, opened)
        copies = [
            copy_table(table, origin, destination, _print_progress, first_dates[table.name]) for table in STORED_TABLES
        ]
    differences = [text for each in copies for text in each.differences]
    if options.json:
        print(json.dumps([each.model_dump() for each in copies]))
    else:
        _print(copies)
        kept = "has all rows that it keeps of" if any(each.expired_dates for each in copies) else "has all rows of"
        result = f"{'differs from' if differences else kept} {options.origin}{' in' if differences else ''}"
        print("\n  ".join([f"{options.destination} {result}", *differences]))
    return ExitCode.FAILED if differences else ExitCode.DONE


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """End the process at once, as nothing here waits for asyncio, and DuckDB reports an interrupt as an error.

    Enter it when polars is imported, which would ignore the signal if it were imported later.
    """
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _first_date(table: Table, destination: str) -> date:
    """The first date that the destination keeps: BigQuery removes expired rows, a file does not."""
    from tipoff.warehouse.base import ALL_DATES

    if warehouse_file(destination) or table.expires_after_days is None:
        return ALL_DATES.first
    return datetime.now(UTC).date() - timedelta(days=table.expires_after_days)


def _open(origin: str, destination: str, settings: Settings, opened: ExitStack) -> tuple[Warehouse, Warehouse]:
    """Open both, which `opened` closes, and create missing tables of the destination."""
    from tipoff.warehouse.open import open_warehouse

    if _is_same(origin, destination):
        raise CommandError(ExitCode.USAGE, f"FROM and TO are the same warehouse, {origin}; name two")
    if not (stored := _stored_columns(origin, settings)):
        raise CommandError(ExitCode.USAGE, f"there is no warehouse at {origin}, so nothing was copied")
    _require_declared(origin, stored, all_tables=True)
    _require_declared(destination, _stored_columns(destination, settings), all_tables=False)
    read = open_warehouse(origin, settings, read_only=True)
    opened.callback(read.close)
    written = open_warehouse(destination, settings)
    opened.callback(written.close)
    written.migrate()
    return read, written


def _is_same(origin: str, destination: str) -> bool:
    files = [file.resolve() for url in (origin, destination) if (file := warehouse_file(url))]
    return origin == destination or (len(files) == 2 and files[0] == files[1])


def _stored_columns(url: str, settings: Settings) -> Columns:
    """The columns of the tables of a warehouse; empty if there is none."""
    from tipoff.warehouse.open import open_warehouse

    file = warehouse_file(url)
    if file is not None and not file.exists():
        return {}
    warehouse = open_warehouse(url, settings, read_only=True)
    try:
        return warehouse.stored_columns()
    finally:
        warehouse.close()


def _require_declared(url: str, stored: Columns, *, all_tables: bool) -> None:
    from tipoff.warehouse.schema import schema_differences

    differences = schema_differences(stored)
    if differences.undeclared_tables:
        names = ", ".join(differences.undeclared_tables)
        text = f"this version does not know the tables {names} of {url}: use the version that wrote them"
        raise CommandError(ExitCode.USAGE, f"{text}; nothing was copied")
    tables = [f"{table} is missing" for table in differences.missing_tables] if all_tables else []
    if problems := [*tables, *differences.columns]:
        advice = _how_to_migrate(url, only_missing=all(problem.endswith("is missing") for problem in problems))
        others = f" and {counted(len(problems) - 1, 'more difference')}" if len(problems) > 1 else ""
        text = f"{url} has another schema than this version ({problems[0]}{others}): {advice}"
        raise CommandError(ExitCode.USAGE, f"{text}; nothing was copied")


def _how_to_migrate(url: str, *, only_missing: bool) -> str:
    if not only_missing:
        return "use the version that wrote it"
    if warehouse_file(url) is None:
        return f"run `starter.py warehouse apply` with TIPOFF_WAREHOUSE={url} first"
    return "start a worker of this version with it once, or use a copy that `starter.py warehouse backup` makes of it"


def _print_progress(table: Table, dates: DateRange) -> None:
    print(f"{table.name} {dates.first} to {dates.last}", file=sys.stderr, flush=True)


def _print(copies: Sequence[TableCopy]) -> None:
    print(f"{'table':<28} {'copied dates':>12} {'copied rows':>12} {'equal dates':>12} {'equal rows':>12}")
    for each in copies:
        counts = (each.copied_dates, each.copied_rows, each.equal_dates, each.equal_rows)
        print(f"{each.table:<28}", *(f"{count:>12,}" for count in counts))
    for each in copies:
        if each.expired_dates:
            print(
                f"{each.table}: {counted(each.expired_dates, 'date')} left out, which BigQuery would remove as expired"
            )
