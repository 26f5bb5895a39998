"""Features of a date use no results of that date or later, and no later snapshots."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.support.season import POST_GAME, PRE_GAME, load_injuries, load_rosters, load_season, parameters, run
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import DateRange, Slice
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features, stored_features

OPENING, TODAY = date(2023, 10, 24), date(2024, 3, 29)
AFTERNOON = eastern(TODAY, 16)
FROM_TODAY: Slice = {"game_date": DateRange(first=TODAY, last=TODAY + timedelta(days=90))}
RESULTS = ("raw_player_boxscores", "raw_team_boxscores")


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("season") / "season.duckdb")
    warehouse.migrate()
    load_season(warehouse, sample)
    load_rosters(warehouse, sample, TODAY)
    load_injuries(warehouse, sample, TODAY)
    yield warehouse
    warehouse.close()


def features(warehouse: DuckDbWarehouse) -> pl.DataFrame:
    """Recompute everything that the features of TODAY depend on and return them."""
    run(warehouse, POST_GAME, OPENING, TODAY + timedelta(days=90))
    run(warehouse, PRE_GAME, TODAY, TODAY, as_of=AFTERNOON)
    build_features(warehouse, TODAY, TODAY, (), AFTERNOON)
    return stored_features(warehouse, TODAY)


@pytest.fixture(scope="module")
def baseline(season: DuckDbWarehouse) -> pl.DataFrame:
    rows = features(season)
    assert rows.filter("eligible").height > 150
    assert rows["has_line"].sum() > 100
    return rows


def results(warehouse: DuckDbWarehouse, table: str) -> pl.DataFrame:
    sql = f"SELECT * FROM {table} WHERE game_date >= @first_date"  # noqa: S608
    return warehouse.query(sql, parameters(TODAY, TODAY))


def scrambled(rows: pl.DataFrame) -> pl.DataFrame:
    """Shuffle every number among the rows and double it."""
    return rows.with_columns(pl.selectors.numeric().shuffle(7) * 2)


def removed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.clear()


def repeated_later(rows: pl.DataFrame) -> pl.DataFrame:
    """Repeat the same results three days later."""
    later = pl.col("game_date") + pl.duration(days=3)
    ids = pl.concat_str(pl.lit("9"), pl.col("game_id").str.slice(1)).alias("game_id")
    return pl.concat([rows, rows.with_columns(later, ids)])


@pytest.mark.parametrize("change", [scrambled, removed, repeated_later])
def test_results_of_the_date_and_later_do_not_change_the_features(
    season: DuckDbWarehouse, baseline: pl.DataFrame, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    for table in RESULTS:
        season.replace(table, change(results(season, table)), FROM_TODAY)
    assert_frame_equal(features(season), baseline)


def test_snapshots_after_the_as_of_time_do_not_change_the_features(
    season: DuckDbWarehouse, baseline: pl.DataFrame
) -> None:
    for table, changed in (
        ("raw_player_props", pl.col("line") + 3),
        ("raw_game_lines", pl.col("total") + 9),
        ("raw_injuries", pl.lit("Available").alias("status")),
    ):
        known = season.query(f"SELECT * FROM {table} WHERE game_date = @last_date", parameters(TODAY, TODAY))  # noqa: S608
        assert season.append(table, known.with_columns(changed, as_of=pl.lit(AFTERNOON + timedelta(minutes=1)))).changed
    assert_frame_equal(features(season), baseline)


def test_building_features_twice_writes_once(season: DuckDbWarehouse, baseline: pl.DataFrame) -> None:
    again = build_features(season, TODAY, TODAY, (), AFTERNOON)
    assert not again.changed
    assert (again.rows, again.eligible) == (baseline.height, baseline.filter("eligible").height)


def test_building_some_games_keeps_the_others(season: DuckDbWarehouse, baseline: pl.DataFrame) -> None:
    game = baseline["game_id"][0]
    build_features(season, TODAY, TODAY, [game], AFTERNOON)
    assert_frame_equal(stored_features(season, TODAY), baseline)
    assert stored_features(season, TODAY, [game])["game_id"].unique().to_list() == [game]
