"""Measures a backfill: `python -m devtools.backfill_bench [--dates 165]`. It needs an archive of whole seasons.

The seasons are stored as an import would store them, and the first date, which is not timed, trains the models. Then
the phases context to predict of the other dates run against a real server and worker. Beside the wall-clock time it
prints the processor time of server and worker: divided by the number of cores, it is the time on an idle machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import NamedTuple

from runtime.process_exit import exit_now
from runtime.replay import Replay, ReplayConfig, start_replay
from runtime.stage_timer import StageTimer
from tipoff.replay.archive import Archive
from tipoff.replay.season_rows import load_game_lines, load_player_lines, load_reports, load_results, load_rosters
from tipoff.vocabulary import BackfillMode, BackfillScope, Phase, counted
from tipoff.warehouse.base import DateRange
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.backfill import BackfillWorkflow
from workflows.contracts import TASK_TIMEOUT, Queue
from workflows.contracts.backfill import BackfillInput

SEASON_DATES = 165
LIMIT_SECONDS = 600.0
CORES = 2
"""What the limit is for."""
MEMORY_MB = 4000
_UTIME, _CHILDREN_STIME = 13, 17
"""Places of the first and of the last processor time in /proc/PID/stat."""


class Measured(NamedTuple):
    """What a backfill took."""

    dates: int
    seconds: float
    cpu_seconds: float
    events: int

    def report(self) -> str:
        """The figures, and what they mean for a season on two idle cores."""
        each, cpu = self.seconds / self.dates, self.cpu_seconds / self.dates
        lines = (
            f"{counted(self.dates, 'date')} in {self.seconds:.0f} s, {counted(self.events, 'event')} of the backfill",
            f"each: {each:.1f} s, {cpu:.1f} s of processor time",
            f"a season of {counted(SEASON_DATES, 'date')}: {each * SEASON_DATES:.0f} s at this pace, "
            f"{cpu * SEASON_DATES / CORES:.0f} s of two cores (limit {LIMIT_SECONDS:.0f} s)",
        )
        return "\n".join(lines)


def store_seasons(archive: Archive, file: Path) -> None:
    """Store all seasons of the archive as an import would."""
    warehouse = DuckDbWarehouse(file, memory_limit_mb=MEMORY_MB)
    warehouse.migrate()
    played = archive.games["game_date"].sort()
    dates = DateRange(first=played[0], last=played[-1])
    load_results(warehouse, archive, archive.seasons)
    for load in (load_game_lines, load_reports, load_rosters, load_player_lines):
        load(warehouse, archive, dates)
    warehouse.close()


async def backfill(replay: Replay, dates: Sequence[date], parallelism: int) -> Measured:
    """Run the computing phases of these dates."""
    scope = BackfillScope(
        first=dates[0],
        last=dates[-1],
        mode=BackfillMode.ALL,
        from_phase=Phase.CONTEXT,
        to_phase=Phase.PREDICT,
    )
    started, cpu = time.monotonic(), cpu_of_children()
    handle = await replay.client.start_workflow(
        BackfillWorkflow.run,
        BackfillInput(scope=scope, parallelism=parallelism, replay=str(replay.config.out)),
        id=f"backfill-{dates[0]}",
        task_queue=Queue.DAY,
        task_timeout=TASK_TIMEOUT,
    )
    await handle.result()
    seconds, cpu = time.monotonic() - started, cpu_of_children() - cpu
    events = [event async for event in handle.fetch_history_events()]
    return Measured(len(dates), seconds, cpu, len(events))


def cpu_of_children() -> float:
    """The processor seconds of this process's children, and of theirs that ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == os.getpid():
            ticks += sum(int(field) for field in fields[_UTIME - 2 : _CHILDREN_STIME - 1])
    return ticks / os.sysconf("SC_CLK_TCK")


async def measure(archive: Path, out: Path, first: date, count: int, parallelism: int) -> Measured:
    """Store, train on the first date, and measure the dates after it."""
    facts = Archive(archive)
    played = facts.games["game_date"].unique().sort().to_list()
    dates = [each for each in played if each >= first][: count + 1]
    file = out / "seasons.duckdb"
    file.unlink(missing_ok=True)
    timer = StageTimer()
    with timer.stage("store the seasons"):
        store_seasons(facts, file)
    settings = (("TIPOFF_WAREHOUSE", f"duckdb:///{file.resolve()}"),)
    config = ReplayConfig(game_date=dates[0], archive=archive, out=out / "replay", settings=settings)
    async with start_replay(config, timer) as replay:
        with timer.stage(f"train on the games before {dates[0]}"):
            await backfill(replay, dates[:1], parallelism)
        with timer.stage("backfill"):
            return await backfill(replay, dates[1:], parallelism)


def main() -> int:
    """Exit code 0 if a season would stay within the limit on two idle cores, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, default=Path("var/archive"))
    parser.add_argument("--first", type=date.fromisoformat, default=date(2023, 10, 24))
    parser.add_argument("--dates", type=int, default=SEASON_DATES)
    parser.add_argument("--parallelism", type=int, default=3)
    parser.add_argument("--out", type=Path, help="folder that is kept")
    options = parser.parse_args()
    with nullcontext(options.out) if options.out else tempfile.TemporaryDirectory(prefix="tipoff-bench-") as folder:
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        measured = asyncio.run(measure(options.archive, out, options.first, options.dates, options.parallelism))
    print(measured.report())
    return 0 if measured.cpu_seconds / measured.dates * SEASON_DATES / CORES <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    exit_now(main())
