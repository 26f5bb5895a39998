"""A day writes at most 200 times into each raw table, because a cloud warehouse limits loads per table."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from devtools.source_harness import SourceHarness, slate_of, source_harness
from tipoff.plan import plan_day
from tipoff.replay.archive import Archive
from tipoff.replay.upstream import serve
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, PlanStep, StepKind, eastern
from tipoff.warehouse.base import Slice, WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.tables import TABLES
from workflows import gates
from workflows.step_records import SourceRecord

DAY = date(2024, 3, 29)
MOST_WRITES = 200

pytestmark = pytest.mark.timeout(600)


class CountingWarehouse(DuckDbWarehouse):
    """A warehouse that counts its writes by table."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.writes: Counter[str] = Counter()

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        self.writes[table] += 1
        return super().replace(table, rows, where)

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        self.writes[table] += 1
        return super().append(table, rows)


def from_noon_to_night(archive: Archive) -> pl.DataFrame:
    """The archive's games, with the tip-offs of the day spread from 12:00 to 22:30, so that a game always runs."""
    of_date = archive.games.filter(game_date=DAY).sort("tip_off", "game_id")
    interval = timedelta(hours=10, minutes=30) / (of_date.height - 1)
    tips = {game_id: eastern(DAY, 12) + interval * number for number, game_id in enumerate(of_date["game_id"])}
    moved = pl.col("game_id").replace_strict(tips, default=None, return_dtype=archive.games.schema["tip_off"])
    return archive.games.with_columns(tip_off=moved.fill_null(pl.col("tip_off")))


async def poll_step(harness: SourceHarness, step: PlanStep) -> None:
    """Every poll of a step, and of its fallback sources when the poll is incomplete."""
    record = SourceRecord()
    while (poll := gates.next_poll(step, record)) is not None:
        complete = await poll_source(harness, step.subject, poll)
        record = replace(record, last_poll=poll, complete=complete)
        if not complete:
            for fallback in step.fallback_sources:
                await poll_source(harness, fallback.source, poll)


def poll_count(step: PlanStep) -> int:
    """The number of polls of a step that never gets complete data."""
    record, polls = SourceRecord(), 0
    while (poll := gates.next_poll(step, record)) is not None:
        record = replace(record, last_poll=poll)
        polls += 1
    return polls


async def poll_source(harness: SourceHarness, name: str, as_of: datetime) -> bool:
    """Whether the poll got complete data."""
    collected = await harness.collect(SOURCES[name], as_of)
    if collected.batch_key is None:
        return False
    return harness.read(SOURCES[name], collected.batch_key, as_of).outcome in {Outcome.OK, Outcome.EMPTY_OK}


async def writes_of_a_day(archive: Archive, root: Path) -> Counter[str]:
    """Writes by table. A poll of an append-only table is one write, so it is counted without polling."""
    slate = slate_of(archive, DAY)
    counting = CountingWarehouse(root / "counted.duckdb")
    counting.migrate()
    with serve(archive) as upstream:
        async with source_harness(upstream.url, slate, root) as harness:
            harness.warehouse = counting
            for step in plan_day(DAY, slate.games, SOURCES).steps:
                if step.kind is not StepKind.SOURCE:
                    continue
                table = TABLES[SOURCES[step.subject].table]
                if table.append_only:
                    counting.writes[table.name] += poll_count(step) * (1 + len(step.fallback_sources))
                else:
                    await poll_step(harness, step)
    counting.close()
    return counting.writes


def test_a_day_of_games_from_noon_to_night_writes_at_most_200_times_into_each_table(
    archive: Archive, altered: Callable[..., Archive], tmp_path: Path
) -> None:
    writes = asyncio.run(writes_of_a_day(altered(games=from_noon_to_night(archive)), tmp_path))
    assert max(writes.values()) <= MOST_WRITES, writes.most_common(3)
    assert writes["raw_scoreboard"] > 100, "the day has too few polls for this test"
