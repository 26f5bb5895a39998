"""Scrambling everything at or after the as-of time changes no value of any table or feature.

`make future-check` tries 20 random dates of four real seasons; the invented league is tried with all tests.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from devtools.season_rows import POST_GAME, load_injuries, load_rosters, load_season, run
from tests.support.future import FutureWarehouse, require_no_look_ahead
from tests.support.league_tables import load
from tests.support.small_league import DAYS, TONIGHT, small_league
from tests.support.unchecked import implausible_rows
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

SEED = 20261130
DATES = 20
FIRST, LAST = date(2021, 10, 19), date(2025, 4, 13)
DAYS_BEFORE = 7


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FutureWarehouse]:
    warehouse = FutureWarehouse(tmp_path_factory.mktemp("league") / "league.duckdb")
    warehouse.migrate()
    with implausible_rows():  # teams of three players
        load(warehouse, small_league(0))
        run(warehouse, POST_GAME, DAYS[0], TONIGHT)
        yield warehouse
    warehouse.close()


@pytest.mark.parametrize("game_date", [DAYS[1], DAYS[6], DAYS[7], TONIGHT], ids=str)
def test_a_scrambled_future_changes_no_value_of_an_invented_league(league: FutureWarehouse, game_date: date) -> None:
    assert require_no_look_ahead(league, game_date, seed=game_date.day, days_before=DAYS_BEFORE) > 1_000


def test_a_scrambled_future_changes_the_values_of_the_next_day(league: FutureWarehouse) -> None:
    """Otherwise the comparison would prove nothing."""
    day = DAYS[6]
    sql = "SELECT SUM(points) AS points, SUM(minutes) AS minutes FROM player_game_summary WHERE game_date > @day"
    before = league.query(sql, {"day": day - timedelta(days=1)})
    with league.undone():
        assert league.scramble_future(day, eastern(day, 16), seed=1) > 100
        assert not league.query(sql, {"day": day - timedelta(days=1)}).equals(before)
    assert league.query(sql, {"day": day - timedelta(days=1)}).equals(before)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    imported = import_folder(shared_data)
    write_archive(folder, imported.frames, source="import", missing=imported.missing)
    return folder


@pytest.mark.data
@pytest.mark.future_check
@pytest.mark.timeout(7200)
def test_a_scrambled_future_changes_no_value_of_four_real_seasons(archive: Path, tmp_path: Path) -> None:
    warehouse = FutureWarehouse(tmp_path / "seasons.duckdb", memory_limit_mb=1500)
    warehouse.migrate()
    load_season(warehouse, archive)
    run(warehouse, POST_GAME, FIRST, LAST)
    dates = sorted(random.Random(SEED).sample(game_dates(warehouse), DATES))
    for game_date in dates:
        load_rosters(warehouse, archive, game_date)
        load_injuries(warehouse, archive, game_date)
    for number, game_date in enumerate(dates):
        require_no_look_ahead(warehouse, game_date, SEED + number, DAYS_BEFORE)
    warehouse.close()


def game_dates(warehouse: DuckDbWarehouse) -> list[date]:
    """The dates with games before the last one: the last one has no future."""
    sql = "SELECT DISTINCT game_date FROM raw_schedule WHERE game_date BETWEEN @first AND @last ORDER BY game_date"
    return list(
        warehouse.query(sql, {"first": FIRST + timedelta(days=1), "last": LAST - timedelta(days=1)})["game_date"]
    )
