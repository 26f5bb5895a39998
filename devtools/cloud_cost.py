"""What a season costs on BigQuery and Cloud Storage: `python -m devtools.cloud_cost > docs/cost.md`.

It is computed from the measured day of `devtools/cloud_usage.json` and from a list of prices.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from devtools.cloud_usage import FILE, SEASON_TABLES, DayUsage, stored_tables
from devtools.usage_worker import ALL_DATES, INCOMING, Use
from tipoff.landing.expiry import EXPIRY_DAYS
from tipoff.vocabulary import Frozen, counted
from tipoff.warehouse.tables import TABLES

GAMES: Final = 1230
DATES: Final = 165
MONTHS: Final = 6
"""Regular-season games, their dates, and the months that they take."""
HISTORY_SEASONS: Final = 4
"""Seasons in the warehouse: a statement over every date reads all of them."""
YEAR: Final = 365
MIB: Final = 2**20
GIB: Final = 2**30
TIB: Final = 2**40
MINIMUM_BYTES: Final = 10 * MIB
"""Billed for each table that a statement reads, however small it is."""


class Prices(Frozen):
    """Prices in US dollars."""

    on: date
    """When the list was read."""
    sources: tuple[str, ...]
    query_tib: float
    """Bytes that on-demand statements read."""
    free_query_tib: float
    """Free each month."""
    table_gib: float
    """Logical bytes of tables, a month; half of it after 90 days without a change."""
    free_table_gib: float
    object_gib: float
    """Bytes of objects, a month."""
    thousand_class_a: float
    """Requests that write or list."""
    thousand_class_b: float
    """Requests that read."""


PRICES: Final = Prices(
    on=date(2025, 8, 11),
    sources=("https://cloud.google.com/bigquery/pricing", "https://cloud.google.com/storage/pricing"),
    query_tib=6.25,
    free_query_tib=1,
    table_gib=0.02,
    free_table_gib=10,
    object_gib=0.02,
    thousand_class_a=0.005,
    thousand_class_b=0.0004,
)
"""BigQuery in the location US, and Standard storage in us-central1."""


class SeasonTable(NamedTuple):
    """What a season adds to a table."""

    name: str
    rows: float
    bytes: float


class TableScan(NamedTuple):
    """What the statements of a day read of a table."""

    name: str
    reads: int
    bytes: float
    billed: float


def season_table(name: str, usage: DayUsage) -> SeasonTable:
    """The measured day times the games of a season, or its dates for a table without games."""
    stored = usage.tables[name]
    factor = _factor(name, usage)
    return SeasonTable(name, stored.rows * factor, stored.bytes * factor)


def _factor(name: str, usage: DayUsage) -> float:
    if name in SEASON_TABLES:
        return 1
    return GAMES / usage.games if "game_id" in TABLES[name].column_names else DATES


def bytes_read(use: Use, usage: DayUsage) -> float:
    """The bytes of all columns on the dates that a statement reads; none of new rows, which are few."""
    if use.what == INCOMING:
        return 0
    season = season_table(use.what, usage).bytes
    if use.dates == ALL_DATES:
        return season * HISTORY_SEASONS
    a_date = season / DATES if use.what in SEASON_TABLES else usage.tables[use.what].bytes
    return min(use.dates * a_date, season * min(max(1, use.dates / YEAR), HISTORY_SEASONS))


def billed_bytes(read: float) -> float:
    """The bytes that a statement costs for one of its tables."""
    return max(read, MINIMUM_BYTES)


def scans(usage: DayUsage) -> list[TableScan]:
    """What the statements of a day read, by table; the most first."""
    names = dict.fromkeys(use.what for use, _ in usage.uses if use.how == "read")
    return sorted((_scan(name, usage) for name in names), key=lambda scan: (-scan.billed, scan.name))


def _scan(name: str, usage: DayUsage) -> TableScan:
    reads = [(bytes_read(use, usage), times) for use, times in usage.uses if (use.what, use.how) == (name, "read")]
    return TableScan(
        name,
        reads=sum(times for _, times in reads),
        bytes=sum(read * times for read, times in reads),
        billed=sum(billed_bytes(read) * times for read, times in reads),
    )


def uses(usage: DayUsage, how: str, what: str = "") -> int:
    """Number of uses of a kind in the day, of one table or folder or of all."""
    return sum(times for use, times in usage.uses if use.how == how and what in ("", use.what))


def query_dollars(day_bytes: float, prices: Prices) -> tuple[float, float]:
    """Dollars of a season's statements: without and with the free bytes of each month."""
    tib = day_bytes * DATES / TIB
    return tib * prices.query_tib, max(0.0, tib - prices.free_query_tib * MONTHS) * prices.query_tib


def request_dollars(usage: DayUsage, prices: Prices) -> float:
    """Dollars of a season's requests to Cloud Storage."""
    a, b = uses(usage, "class A"), uses(usage, "class B")
    return DATES * (a * prices.thousand_class_a + b * prices.thousand_class_b) / 1000


def kept_seasons() -> float:
    """How many seasons of responses are in the landing once the first ones are removed."""
    return EXPIRY_DAYS["raw/"] / YEAR


def page(usage: DayUsage, prices: Prices) -> str:
    """The page as Markdown."""
    return (
        "\n\n".join([_head(usage), *_summary(usage, prices), *_tables(usage), *_scans(usage), *_objects(usage)]) + "\n"
    )


def _head(usage: DayUsage) -> str:
    games, dates, months = counted(GAMES, "game"), counted(DATES, "date"), counted(MONTHS, "month")
    return (
        "# Cost of a season on Google Cloud\n\n"
        "Generated by `python -m devtools.cloud_cost` from `devtools/cloud_usage.json`; do not edit by hand."
        f" `python -m devtools.cloud_usage` measures again: it replays {usage.game_date}"
        f" ({counted(usage.games, 'game')}) with a worker that logs every read and write, and counts rows and bytes as"
        " BigQuery does.\n\n"
        f"A regular season has {games} on {dates} in {months}; playoffs are not counted. For statements, requests,"
        " responses and exports every date is taken for one as full as the measured one, and the"
        f" warehouse holds {counted(HISTORY_SEASONS, 'season')}, so the figures are upper limits for `history_seasons`"
        " up to that. A statement is taken to read all columns."
    )


def _summary(usage: DayUsage, prices: Prices) -> Iterator[str]:
    scanned = sum(scan.billed for scan in scans(usage))
    full, beyond_free = query_dollars(scanned, prices)
    table_gib = sum(season_table(table.name, usage).bytes for table in stored_tables()) / GIB
    landing = usage.folders["landing"].bytes * DATES / GIB
    exports = usage.folders["exports"].bytes * DATES / GIB
    rows = [
        (
            "statements",
            f"{scanned / GIB:,.1f} GiB a day, {scanned * DATES / TIB:,.1f} TiB a season",
            f"{full:,.0f} a season; {beyond_free:,.0f} beyond the free {prices.free_query_tib:g} TiB a month",
        ),
        ("rows on their way", f"{counted(uses(usage, 'write'), 'write')} a day", "load jobs and parameters are free"),
        (
            "tables",
            f"{table_gib:,.2f} GiB a season",
            f"{table_gib * HISTORY_SEASONS * prices.table_gib:,.2f} a month for {counted(HISTORY_SEASONS, 'season')};"
            f" up to {prices.free_table_gib:g} GiB are free",
        ),
        (
            "responses",
            f"{landing:,.1f} GiB a season",
            f"{landing * kept_seasons() * prices.object_gib:,.2f} a month for the two seasons that are kept",
        ),
        ("exports", f"{exports:,.1f} GiB a season", f"{exports * prices.object_gib:,.2f} a month for each season"),
        (
            "requests to Cloud Storage",
            f"{uses(usage, 'class A'):,} of class A and {uses(usage, 'class B'):,} of class B a day",
            f"{request_dollars(usage, prices):,.2f} a season",
        ),
    ]
    yield "## Dollars"
    yield (
        f"Prices of {prices.on} for BigQuery on demand in the location US and Standard storage in us-central1"
        f" ({', '.join(f'<{source}>' for source in prices.sources)}): {prices.query_tib} for a TiB read,"
        f" {prices.table_gib} for a GiB of tables and {prices.object_gib} for a GiB of objects a month,"
        f" {prices.thousand_class_a} and {prices.thousand_class_b} for 1,000 requests of class A and B."
        " The list is in `devtools/cloud_cost.py`."
    )
    yield _table(("what", "how much", "US dollars"), rows)


def _tables(usage: DayUsage) -> Iterator[str]:
    yield "## Tables"
    yield (
        "Rows and bytes of the measured date, and of a season: times the games, for tables without games times the"
        f" dates. {' and '.join(f'`{name}`' for name in SEASON_TABLES)} are read again for the whole season each day."
        " A table without rows has no source in a replay, or nothing of that date."
    )
    rows = []
    for table in stored_tables():
        season, day = season_table(table.name, usage), usage.tables[table.name]
        rows.append((f"`{table.name}`", f"{day.rows:,}", f"{day.bytes:,}", f"{season.rows:,.0f}", _mib(season.bytes)))
    yield _table(("table", "rows", "bytes", "rows a season", "MiB a season"), rows)


def _scans(usage: DayUsage) -> Iterator[str]:
    yield "## Reads and writes of a day"
    yield (
        f"Each table that a statement reads is billed as at least {MINIMUM_BYTES // MIB} MiB. A write reads its slice"
        f" once to compare it, and once more to replace it; “{INCOMING}” are those that it writes. What is billed"
        " depends on the number of statements, hardly on the rows. Writes that change nothing are not counted."
    )
    rows = [
        (
            f"`{scan.name}`" if scan.name != INCOMING else scan.name,
            f"{uses(usage, 'write', scan.name):,}",
            f"{scan.reads:,}",
            _mib(scan.bytes),
            _mib(scan.billed),
        )
        for scan in scans(usage)
    ]
    yield _table(("table", "writes", "reads", "MiB read", "MiB billed"), rows)


def _objects(usage: DayUsage) -> Iterator[str]:
    yield "## Objects of a day"
    yield "Objects of the replayed date with the training before it, and requests of the date alone."
    yield "A listing of up to 1,000 names is one request."
    rows = [
        (
            name,
            f"{stored.rows:,}",
            _mib(stored.bytes),
            f"{uses(usage, 'class A', name):,}",
            f"{uses(usage, 'class B', name):,}",
        )
        for name, stored in usage.folders.items()
    ]
    yield _table(("folder", "objects", "MiB", "class A", "class B"), rows)


def _mib(size: float) -> str:
    return f"{size / MIB:,.1f}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(page(DayUsage.model_validate_json(FILE.read_bytes()), PRICES))
