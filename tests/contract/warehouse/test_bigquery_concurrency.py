"""Workers that write to BigQuery at once, and workers killed inside a write: each row is stored once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date

import pytest

from tests.support.bigquery import HOST, delete_rows
from tests.support.bigquery_writer import DATES, PLAYERS, KillPoint, Mode, write
from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(900)]

OLD, NEW = {"OLD"}, {"NEW"}
KILLED = [
    *((Mode.TOGETHER, point, [NEW if point is KillPoint.AFTER_COMMIT else OLD]) for point in KillPoint),
    (Mode.ALONE, KillPoint.BEFORE_MERGE, [OLD]),
    (Mode.ALONE, KillPoint.DURING_MERGE, [OLD, NEW]),  # BigQuery runs a statement to its end without its client
    (Mode.ALONE, KillPoint.AFTER_MERGE, [NEW]),
]


@pytest.fixture
def warehouse(bigquery: BigQueryWarehouse) -> Iterator[BigQueryWarehouse]:
    yield bigquery
    delete_rows(bigquery, ("raw_players", "raw_player_props"))


def start_writer(emulator: str, warehouse: BigQueryWarehouse, *arguments: str) -> subprocess.Popen[str]:
    dataset = warehouse._jobs.location.dataset
    command = [sys.executable, "-m", "tests.support.bigquery_writer", dataset, *arguments]
    return subprocess.Popen(command, env={**os.environ, HOST: emulator}, stdout=subprocess.PIPE, text=True)


def rows(warehouse: BigQueryWarehouse, first: date, last: date) -> tuple[list[tuple[date, str, str]], int]:
    """The players of these dates, and the number of quotes."""
    where = {"first": first, "last": last}
    players = "SELECT game_date, player_id, team FROM raw_players WHERE game_date BETWEEN @first AND @last"
    quotes = "SELECT COUNT(*) FROM raw_player_props WHERE game_date BETWEEN @first AND @last"
    return sorted(warehouse.query(players, where).rows()), warehouse.query(quotes, where).item()


@pytest.mark.parametrize("mode", Mode)
def test_two_processes_that_write_the_same_dates_store_each_row_once(
    emulator: str, warehouse: BigQueryWarehouse, mode: Mode
) -> None:
    writers = [start_writer(emulator, warehouse, mode) for _ in range(2)]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    days = DATES[mode]
    expected = [(day, player, "NEW") for day in days for player in PLAYERS]
    assert rows(warehouse, days[0], days[-1]) == (expected, len(expected) if mode is Mode.TOGETHER else 0)


@pytest.mark.parametrize(("mode", "point", "stored"), KILLED)
def test_a_killed_writer_leaves_the_old_rows_or_the_new_ones_and_a_retry_completes_them(
    emulator: str, warehouse: BigQueryWarehouse, mode: Mode, point: KillPoint, stored: list[set[str]]
) -> None:
    day = DATES[mode][0]
    quotes_of_day = len(PLAYERS) if mode is Mode.TOGETHER else 0
    write(warehouse, mode, day, "OLD")
    writer = start_writer(emulator, warehouse, mode, point)
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    players, quotes = rows(warehouse, day, day)
    assert {team for _, _, team in players} in stored
    assert (len(players), quotes) == (len(PLAYERS), quotes_of_day)
    write(warehouse, mode, day, "NEW")
    assert rows(warehouse, day, day) == ([(day, player, "NEW") for player in PLAYERS], quotes_of_day)
