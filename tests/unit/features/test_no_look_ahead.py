"""Features and pre-game tables of a date use no results of that date or later, and no later snapshots."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from devtools.season_rows import POST_GAME, PRE_GAME, load_injuries, load_rosters, load_season, parameters, run
from tipoff.features.vector import FEATURE_NAMES
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import DateRange, Slice
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features, stored_features
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

OPENING, TODAY = date(2023, 10, 24), date(2024, 3, 29)
AFTERNOON = eastern(TODAY, 16)
FROM_TODAY: Slice = {"game_date": DateRange(first=TODAY, last=TODAY + timedelta(days=90))}
RESULTS = ("raw_player_boxscores", "raw_team_boxscores", "raw_shots", "raw_gamebook_players")

Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("season") / "season.duckdb")
    warehouse.migrate()
    load_season(warehouse, sample)
    load_rosters(warehouse, sample, TODAY)
    load_injuries(warehouse, sample, TODAY)
    yield warehouse
    warehouse.close()


def computed(warehouse: DuckDbWarehouse) -> Tables:
    """Recompute all that the features of TODAY depend on; return the pre-game tables and the features."""
    run(warehouse, POST_GAME, OPENING, TODAY + timedelta(days=90))
    run(warehouse, PRE_GAME, TODAY, TODAY, as_of=AFTERNOON)
    build_features(warehouse, TODAY, TODAY, (), AFTERNOON)
    sql = "SELECT * FROM {} WHERE game_date = @last_date"
    today = {name: warehouse.query(sql.format(name), parameters(TODAY, TODAY)) for name in PRE_GAME}
    tables = {name: rows.sort(TABLES[name].natural_key) for name, rows in today.items()}
    return {**tables, "ml_feature_store": stored_features(warehouse, TODAY)}


def require_equal(tables: Tables, baseline: Tables) -> None:
    for name, rows in tables.items():
        assert_frame_equal(rows, baseline[name])


@pytest.fixture(scope="module")
def baseline(season: DuckDbWarehouse) -> Tables:
    tables = computed(season)
    rows = tables["ml_feature_store"]
    assert rows.filter("eligible").height > 150
    assert rows["has_line"].sum() > 100
    known = {name for name in FEATURE_NAMES if rows[name].null_count() < rows.height}
    assert known == set(FEATURE_NAMES), "a feature without values proves nothing"
    return tables


def results(warehouse: DuckDbWarehouse, table: str) -> pl.DataFrame:
    sql = f"SELECT * FROM {table} WHERE game_date >= @first_date"  # noqa: S608
    return warehouse.query(sql, parameters(TODAY, TODAY))


def scrambled(rows: pl.DataFrame) -> pl.DataFrame:
    """Shuffle every number among the rows and double it; shuffle what else a row says of a shot or player."""
    numbers = pl.selectors.numeric() - pl.selectors.by_name("shot_number", require_all=False)
    facts = pl.selectors.by_name("zone", "made", "assisted", "starter", require_all=False)
    return rows.with_columns(numbers.shuffle(7) * 2, facts.shuffle(7))


def removed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.clear()


def repeated_later(rows: pl.DataFrame) -> pl.DataFrame:
    """Repeat the same results three days later."""
    later = pl.col("game_date") + pl.duration(days=3)
    ids = pl.concat_str(pl.lit("9"), pl.col("game_id").str.slice(1)).alias("game_id")
    return pl.concat([rows, rows.with_columns(later, ids)])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("change", [scrambled, removed, repeated_later])
def test_results_of_the_date_and_later_do_not_change_the_features(
    season: DuckDbWarehouse, baseline: Tables, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    for table in RESULTS:
        season.replace(table, change(results(season, table)), FROM_TODAY)
    require_equal(computed(season), baseline)


def test_snapshots_after_the_as_of_time_do_not_change_the_features(season: DuckDbWarehouse, baseline: Tables) -> None:
    for table, changed in (
        ("raw_player_props", pl.col("line") + 3),
        ("raw_game_lines", pl.col("total") + 9),
        ("raw_injuries", pl.lit("Available").alias("status")),
    ):
        known = season.query(f"SELECT * FROM {table} WHERE game_date = @last_date", parameters(TODAY, TODAY))  # noqa: S608
        assert season.append(table, known.with_columns(changed, as_of=pl.lit(AFTERNOON + timedelta(minutes=1)))).changed
    require_equal(computed(season), baseline)


def test_building_features_twice_writes_once(season: DuckDbWarehouse, baseline: Tables) -> None:
    again = build_features(season, TODAY, TODAY, (), AFTERNOON)
    assert not again.changed
    rows = baseline["ml_feature_store"]
    assert (again.rows, again.eligible) == (rows.height, rows.filter("eligible").height)


def test_building_some_games_keeps_the_others(season: DuckDbWarehouse, baseline: Tables) -> None:
    rows = baseline["ml_feature_store"]
    game = rows["game_id"][0]
    build_features(season, TODAY, TODAY, [game], AFTERNOON)
    assert_frame_equal(stored_features(season, TODAY), rows)
    assert stored_features(season, TODAY, [game])["game_id"].unique().to_list() == [game]


def test_the_features_of_a_team_name_each_source_of_its_games_once(season: DuckDbWarehouse, baseline: Tables) -> None:
    inputs = season.query(sql_text("feature_inputs"), parameters(TODAY, TODAY))
    named = inputs["team_box_source"].unique().to_list()
    assert all(sources and len(set(sources.split(";"))) == len(sources.split(";")) for sources in named)
