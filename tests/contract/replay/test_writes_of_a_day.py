"""A day writes at most 200 times into each table, however often it polls: BigQuery limits the jobs of a table.

The polls of a day with games from noon to night are made, and their writes counted as the jobs of BigQuery: one that
brings the new rows of a slice, and one statement that replaces the slice if they differ. What is computed from them is
counted by a dry run of the plan.
"""

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
from tests.support.ledgers import full_evening_plan
from tipoff.plan import plan_day
from tipoff.replay.archive import Archive
from tipoff.replay.upstream import serve
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DayPlan, Outcome, Phase, PlanStep, StepKind, eastern
from tipoff.warehouse.base import Slice, WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.execution_log import EXECUTIONS, RUNS
from tipoff.warehouse.tables import TABLES, Layer
from workflows import gates
from workflows.event_count import Course, DryRun
from workflows.step_records import SourceRecord

DAY = date(2024, 3, 29)
MOST_WRITES = 200
COMPUTED_TABLES = {StepKind.SYSTEM: "predictions", StepKind.GRADE: "prediction_accuracy"}
"""Tables of the steps that do not have the name of their table."""
VERSIONED = {StepKind.SYSTEM}
"""Kinds of steps whose changes are counted though their rows have as-of times: stored predictions never change."""
UNCOUNTED = {StepKind.SOURCE, StepKind.TRAIN, StepKind.EXPORT}
"""Kinds of steps that compute no table."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


class CountingWarehouse(DuckDbWarehouse):
    """A warehouse that counts by table the jobs that BigQuery would run."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.loads: Counter[str] = Counter()
        """Jobs that bring new rows."""
        self.statements: Counter[str] = Counter()
        """Statements that change the table."""

    def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
        written = super().replace(table, rows, where)
        self.loads[table] += not rows.is_empty()
        self.statements[table] += written.changed
        return written

    def append(self, table: str, rows: pl.DataFrame) -> WriteResult:
        self.add_writes(table, 1)
        return super().append(table, rows)

    def add_writes(self, table: str, times: int) -> None:
        """Count writes that are not made."""
        self.loads[table] += times
        self.statements[table] += times


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


async def poll_all_sources(archive: Archive, root: Path) -> CountingWarehouse:
    """The counts of a day's polls. A poll of an append-only table is one write, so it is counted without polling."""
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
                    counting.add_writes(table.name, poll_count(step) * (1 + len(step.fallback_sources)))
                else:
                    await poll_step(harness, step)
    counting.close()
    return counting


def add_computations(counting: CountingWarehouse, plan: DayPlan) -> None:
    """Count what is computed on a day with new lines at each poll, and the changes of data versions."""
    first = min(step.opens_at for step in plan.steps if step.phase is Phase.LINES)
    every_minute = tuple(first + number * timedelta(minutes=1) for number in range(24 * 60))
    day = DryRun(plan, Course(new_lines_at=every_minute))
    day.run()
    for step in plan.steps:
        runs, table = day.ledger.records[step.name].polls, COMPUTED_TABLES.get(step.kind, step.subject)
        if step.phase is Phase.LINES:
            counting.add_writes("data_versions", runs)
        elif step.kind not in UNCOUNTED and table in TABLES:
            counting.add_writes(table, runs)
            is_versioned = step.kind in VERSIONED or "as_of" not in TABLES[table].column_names
            counting.add_writes("data_versions", runs if is_versioned else 0)
    for table in (RUNS, EXECUTIONS):
        counting.add_writes(table, 1)


def test_a_day_of_games_from_noon_to_night_writes_at_most_200_times_into_each_table(
    archive: Archive, altered: Callable[..., Archive], tmp_path: Path
) -> None:
    counted = asyncio.run(poll_all_sources(altered(games=from_noon_to_night(archive)), tmp_path))
    assert counted.statements["raw_scoreboard"] > 100, "the day has too few polls for this test"
    plan = full_evening_plan()
    assert len(plan.games) == 15
    add_computations(counted, plan)
    for writes in (counted.loads, counted.statements):
        assert max(writes.values()) <= MOST_WRITES, writes.most_common(3)
    assert counted.statements["ml_feature_store"] > 10, "the lines have too few polls for this test"
    unwritten = {name for name, table in TABLES.items() if table.layer is not Layer.VIEW} - set(counted.statements)
    no_rows = {"unresolved_players", "raw_player_movement", "withheld_picks"}
    assert unwritten <= no_rows, "of which this day has no rows"
