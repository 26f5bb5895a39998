"""A process that writes dates to a BigQuery warehouse, or one date and kills itself inside that write.

`python -m tests.support.bigquery_writer DATASET MODE [KILL_POINT]`; the environment names the emulator.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

from google.cloud import bigquery

from devtools.emulators.bigquery import PROJECT
from tests.support.rows import rows_of
from tipoff.errors import ConcurrentUpdateError
from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse
from tipoff.warehouse.bigquery_jobs import BigQueryJobs
from tipoff.warehouse.bigquery_sql import Statement

PLAYERS = tuple(str(number) for number in range(1, 6))
ATTEMPTS = 20


class Mode(StrEnum):
    """How a date is written."""

    ALONE = "one table"
    TOGETHER = "two tables in one transaction"


DATES = {
    Mode.ALONE: tuple(date(2024, 3, day) for day in range(1, 15)),
    Mode.TOGETHER: tuple(date(2024, 3, day) for day in range(1, 4)),
}


class KillPoint(StrEnum):
    """Where a writer is killed."""

    BEFORE_MERGE = "before the MERGE"
    DURING_MERGE = "while the MERGE runs"
    AFTER_MERGE = "after the MERGE"
    BEFORE_COMMIT = "before the COMMIT"
    AFTER_COMMIT = "after the COMMIT"


def write(warehouse: BigQueryWarehouse, mode: Mode, day: date, team: str) -> None:
    """Replace the players of a date, or with them its quotes; retry a conflict, as a workflow does."""
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            _write(warehouse, mode, day, team)
        except ConcurrentUpdateError:
            if not attempts_left:
                raise
        else:
            return


def _write(warehouse: BigQueryWarehouse, mode: Mode, day: date, team: str) -> None:
    players = rows_of("raw_players", ({"player_id": player} for player in PLAYERS), game_date=day, team=team)
    if mode is Mode.ALONE:
        warehouse.replace("raw_players", players, {"game_date": day})
        return
    quotes = rows_of("raw_player_props", ({"line": float(player)} for player in PLAYERS), game_date=day)
    with warehouse.transaction():
        warehouse.replace("raw_players", players, {"game_date": day})
        warehouse.append("raw_player_props", quotes)


def kill_at(point: KillPoint) -> None:
    """Kill this process at a point of its first write."""
    end, query, run_write = BigQueryJobs.end, bigquery.Client.query, BigQueryJobs.write

    def killed_write(jobs: Any, statement: Statement, session: str) -> int:
        is_merge = statement.sql.startswith("MERGE")
        _kill_if(point is KillPoint.BEFORE_MERGE and is_merge)
        changed = run_write(jobs, statement, session)
        _kill_if(point is KillPoint.AFTER_MERGE and is_merge)
        return changed

    def killed_query(client: Any, sql: str, *arguments: Any, **options: Any) -> Any:
        job = query(client, sql, *arguments, **options)
        _kill_if(point is KillPoint.DURING_MERGE and sql.startswith("MERGE"))
        return job

    def killed_end(jobs: Any, session: str, *, commit: bool) -> None:
        _kill_if(point is KillPoint.BEFORE_COMMIT)
        end(jobs, session, commit=commit)
        _kill_if(point is KillPoint.AFTER_COMMIT)

    patches: dict[str, Callable[..., Any]] = {"write": killed_write, "end": killed_end}
    for name, replacement in patches.items():
        setattr(BigQueryJobs, name, replacement)
    bigquery.Client.query = killed_query


def _kill_if(condition: bool) -> None:
    if condition:
        os.kill(os.getpid(), signal.SIGKILL)


def main(dataset: str, mode: str, point: str = "") -> None:
    """Write the dates in an order of its own."""
    warehouse = BigQueryWarehouse(f"bigquery://{PROJECT}/{dataset}", region="US", maximum_gigabytes=1)
    if point:
        kill_at(KillPoint(point))
    days = DATES[Mode(mode)]
    for day in days[:1] if point else random.sample(days, len(days)):
        write(warehouse, Mode(mode), day, "NEW")
    warehouse.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
