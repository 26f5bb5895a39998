"""What fetching and reading a whole slate costs, source by source, from providers beside it that bear anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
from rich.table import Table

from runtime.looks import Looks, looks, moment_of, slate_of
from tipoff.replay.archive import Archive
from tipoff.replay.upstream import serve
from tipoff.sources.base import Slate, Source
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import eastern, season_of

GAME_LOG = SOURCES["nbac_player_history"]


class Cost(NamedTuple):
    """One source: its questions, its rows, and the seconds of asking and landing, and of reading and writing."""

    source: str
    requests: int
    rows: int
    fetching: float
    processing: float


async def measure_slate(archive: Archive, game_date: date, root: Path) -> list[Cost]:
    """Every source once, in the order of the day."""
    slate = slate_of(archive, game_date)
    with serve(archive) as upstream:
        async with looks(upstream.url, slate, root) as desk:
            return [await _cost(desk, source, moment_of(source, slate)) for source in SOURCES.values()]


async def measure_season(archive: Archive, game_date: date, root: Path) -> Cost:
    """The log of the date's season, read on the morning after its last result in the archive."""
    results = archive.team_box.filter(pl.col("season") == season_of(game_date))["game_date"]
    morning_after = results.sort()[-1] + timedelta(days=1)
    with serve(archive) as upstream:
        async with looks(upstream.url, Slate(game_date=morning_after), root) as desk:
            return await _cost(desk, GAME_LOG, eastern(morning_after, 6))


async def _cost(desk: Looks, source: Source, as_of: datetime) -> Cost:
    began = time.monotonic()
    collected = await desk.collect(source, as_of)
    fetched = time.monotonic()
    rows = desk.read(source, collected.batch_key, as_of).rows if collected.batch_key else 0
    return Cost(source.name, collected.requests, rows, fetched - began, time.monotonic() - fetched)


def slate_table(costs: Sequence[Cost], title: str) -> Table:
    """The costs and their sum."""
    table = Table("", "requests", "rows", "fetching", "processing", "together", title=title, title_justify="left")
    for cost in costs:
        table.add_row(*_told(cost))
    table.add_section()
    table.add_row(*_told(Cost("all", *(sum(column) for column in zip(*(cost[1:] for cost in costs), strict=True)))))
    return table


def _told(cost: Cost) -> tuple[str, ...]:
    seconds = (cost.fetching, cost.processing, cost.fetching + cost.processing)
    return (cost.source, str(cost.requests), f"{cost.rows:,}", *(f"{second:.2f}" for second in seconds))
