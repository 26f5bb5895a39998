"""Seconds of fetching and reading a whole slate, source by source, from a local upstream without rate limits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
from rich.table import Table

from devtools.source_harness import SourceHarness, poll_time_of, slate_of, source_harness
from tipoff.replay.archive import Archive
from tipoff.replay.upstream import serve
from tipoff.sources.base import Slate, Source
from tipoff.sources.registry import SOURCES, sources
from tipoff.vocabulary import Outcome, eastern, season_of, step_names

SLATE_SECONDS = 20.0
"""Limit for fetching and processing a slate of twelve games on two cores."""
SEASON_SECONDS = 3.0
"""Limit for reading a season's game log."""

POLLED = tuple(source for source in sources(replayed=True).values() if not source.idle_reason)
GAME_LOG = SOURCES[step_names.PLAYER_BOX_SCORE_HISTORY]


class Cost(NamedTuple):
    """One poll of a source; `fetching` and `processing` are seconds."""

    source: str
    outcome: Outcome
    requests: int
    rows: int
    fetching: float
    processing: float

    @property
    def seconds(self) -> float:
        return self.fetching + self.processing


async def measure_slate(archive: Archive, game_date: date, root: Path) -> list[Cost]:
    """Poll and read every source once, in the order of the day."""
    slate = slate_of(archive, game_date)
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate, root) as harness:
            return [await _cost(harness, source, poll_time_of(source, slate)) for source in POLLED]


async def measure_season(archive: Archive, game_date: date, root: Path) -> Cost:
    """Read the game log of the date's season, as of the morning after its last result in the archive."""
    results = archive.team_box.filter(pl.col("season") == season_of(game_date))["game_date"]
    morning_after = results.sort()[-1] + timedelta(days=1)
    with serve(archive) as upstream:
        async with source_harness(upstream.url, Slate(game_date=morning_after), root) as harness:
            return await _cost(harness, GAME_LOG, eastern(morning_after, 6))


async def _cost(harness: SourceHarness, source: Source, as_of: datetime) -> Cost:
    began = time.monotonic()
    collected = await harness.collect(source, as_of)
    fetched = time.monotonic()
    outcome, rows = collected.outcome, 0
    if collected.batch_key:
        done = harness.read(source, collected.batch_key, as_of)
        outcome, rows = done.outcome if outcome is Outcome.OK else outcome, done.rows
    return Cost(source.name, outcome, collected.requests, rows, fetched - began, time.monotonic() - fetched)


def slate_table(costs: Sequence[Cost], title: str) -> Table:
    """A table of the costs and their totals."""
    columns = ("requests", "rows", "fetching", "processing", "total")
    table = Table("", "outcome", *columns, title=title, title_justify="left")
    for cost in costs:
        table.add_row(cost.source, cost.outcome, *_figures([cost]))
    table.add_section()
    table.add_row("all", "", *_figures(costs))
    return table


def _figures(costs: Sequence[Cost]) -> tuple[str, ...]:
    counts = (sum(cost.requests for cost in costs), sum(cost.rows for cost in costs))
    seconds = (sum(cost.fetching for cost in costs), sum(cost.processing for cost in costs), total_seconds(costs))
    return (*(f"{count:,}" for count in counts), *(f"{second:.2f}" for second in seconds))


def total_seconds(costs: Iterable[Cost]) -> float:
    """Seconds of all polls, one after the other."""
    return sum(cost.seconds for cost in costs)


def format_limit(what: str, value: float, limit: float, unit: str = "s") -> str:
    """A measured value, its limit, and whether it is met."""
    return f"{what}: {value:.1f} {unit}, limit {limit:g} {unit}: {'met' if value <= limit else 'missed'}"


def incomplete(costs: Iterable[Cost]) -> list[str]:
    """Sources that lacked data although no fault was injected: their times measure nothing."""
    return [f"{cost.source}, without a fault: {cost.outcome}" for cost in costs if cost.outcome is not Outcome.OK]
