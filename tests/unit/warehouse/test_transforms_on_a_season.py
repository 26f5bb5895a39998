"""Checks the transforms on the real season of the sample: published figures, no look-ahead, idempotence."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from devtools.season_rows import POST_GAME, PRE_GAME, between, load_injuries, load_rosters, load_season, parameters, run
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse
from tipoff.warehouse.tables import TABLES

OPENING_NIGHT, TONIGHT = date(2023, 10, 24), date(2024, 3, 29)
YESTERDAY = TONIGHT - timedelta(days=1)
JOKIC_AGAINST_MEMPHIS = {"game": "0022301040", "player": "203999"}

FACTS = ("raw_player_boxscores", "raw_team_boxscores", "raw_shots", "raw_gamebook_players", *POST_GAME)


@pytest.fixture(scope="module")
def season(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The season up to tonight, tonight's rosters and injury report, and the results of tonight."""
    warehouse = open_warehouse(f"duckdb:///{tmp_path_factory.mktemp('season')}/tipoff.duckdb")
    load_season(warehouse, sample)
    load_rosters(warehouse, sample, TONIGHT)
    load_injuries(warehouse, sample, TONIGHT)
    run(warehouse, POST_GAME, OPENING_NIGHT, YESTERDAY)
    return warehouse


def tables(warehouse: Warehouse, day: date = TONIGHT) -> dict[str, pl.DataFrame]:
    """Return the pre-game tables of a date, sorted by key."""
    return {
        name: warehouse.query(f"SELECT * FROM {name} WHERE game_date = @day", {"day": day}).sort(  # noqa: S608
            TABLES[name].natural_key
        )
        for name in PRE_GAME
    }


def test_usage_of_a_real_game_matches_a_hand_calculation(season: Warehouse) -> None:
    """Jokić, 2024-03-25: 18 FGA, 7 FTA, 4 TOV in 30:51; Denver 90 FGA, 18 FTA, 15 TOV in 240 minutes."""
    sql = "SELECT usage_rate FROM player_game_summary WHERE game_id = @game AND player_id = @player"
    (usage,) = season.query(sql, JOKIC_AGAINST_MEMPHIS)["usage_rate"]
    assert usage == pytest.approx(100 * 25.08 * 48 / (30.85 * 112.92), abs=1e-5)


def test_usage_matches_the_published_values_and_impossible_values_are_flagged(
    season: Warehouse, shared_data: Path
) -> None:
    published = pl.read_parquet(shared_data / "player_games" / "player_game_logs_2023-24.parquet").select(
        game_id="GAME_ID", player_id=pl.col("PLAYER_ID").cast(pl.String), published="USG_PCT"
    )
    ours = season.query("SELECT game_id, player_id, usage_rate, quality FROM player_game_summary")
    both = ours.join(published.drop_nulls(), on=["game_id", "player_id"])
    assert both.height > 23_000
    measured = both.filter(quality="measured")
    assert (measured["usage_rate"] - measured["published"]).abs().max() < 0.06  # type: ignore[operator]
    assert both.filter(quality="out_of_range")["published"].to_list() == [100.0] * 5


def test_every_game_has_two_teams_and_team_points_equal_the_sum_of_player_points(season: Warehouse) -> None:
    teams = season.query(
        "SELECT game_id, team, ANY_VALUE(teams.points) AS points, SUM(players.points) AS summed"
        " FROM team_offense_game_summary AS teams JOIN player_game_summary AS players USING (game_id, team)"
        " GROUP BY game_id, team"
    )
    assert teams["game_id"].value_counts()["count"].unique().to_list() == [2]
    assert teams["points"].to_list() == teams["summed"].to_list()


def test_overtime_periods_are_derived_from_the_minutes(season: Warehouse, sample: Path) -> None:
    ours = season.query("SELECT DISTINCT game_id, overtime_periods FROM team_offense_game_summary")
    real = pl.read_parquet(sample / "games.parquet").select("game_id", real=pl.col("overtime_periods").cast(pl.Int64))
    both = ours.join(real, on="game_id")
    assert both["overtime_periods"].to_list() == both["real"].to_list()
    assert both["overtime_periods"].max() >= 2  # type: ignore[operator]


def test_a_value_names_each_of_its_sources_once(season: Warehouse) -> None:
    """Rows stand on many rows of one source each: its name must not be repeated for each of them."""
    run(season, PRE_GAME, TONIGHT, TONIGHT)
    named = set()
    for table in (*POST_GAME, *PRE_GAME):
        for column in (name for name in TABLES[table].column_names if name.endswith("source")):
            sql = f"SELECT DISTINCT {column} AS sources FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
            for sources in season.query(sql)["sources"]:
                named.add(f"{table}.{column}")
                assert sorted(set(sources.split(";"))) == sources.split(";"), (table, column)
    assert named >= {
        "player_prop_lines.line_source",
        "player_shot_zone_analysis.shot_source",
        "team_defense_game_summary.shot_source",
    }


def test_the_pre_game_tables_cover_the_teams_players_and_lines_of_the_slate(season: Warehouse) -> None:
    run(season, PRE_GAME, TONIGHT, TONIGHT)
    results = tables(season)
    assert results["upcoming_team_game_context"].height == 24
    assert results["player_prop_lines"].height >= 133
    assert results["team_defense_zone_analysis"].height == 30
    assert results["team_defense_zone_analysis"]["missing"].null_count() == 30
    assert results["player_shot_zone_analysis"].height > 400
    players = results["upcoming_player_game_context"]
    assert 200 <= players.height <= 350
    assert players["missing"].null_count() == players.height
    assert results["player_composite_factors"].height == players.height
    assert results["player_composite_factors"]["fatigue_score"].null_count() < 20
    assert results["player_composite_factors"]["shot_zone_mismatch"].null_count() < 20
    assert (
        results["player_daily_cache"]
        .select("game_date", "player_id")
        .equals(players.select("game_date", "player_id").sort("game_date", "player_id"))
    )


def test_running_a_transform_twice_changes_nothing(season: Warehouse) -> None:
    run(season, PRE_GAME, TONIGHT, TONIGHT)
    for name in PRE_GAME:
        again = season.transform(name, parameters(TONIGHT, TONIGHT), between(TONIGHT, TONIGHT))
        assert (name, again.changed) == (name, False)
    for name in POST_GAME:
        dates = OPENING_NIGHT, YESTERDAY
        assert not season.transform(name, parameters(*dates), between(*dates)).changed


def test_a_date_computed_alone_equals_the_date_computed_with_its_season(season: Warehouse) -> None:
    day = date(2024, 2, 14)
    values = {"training": True, "as_of": eastern(YESTERDAY, 12)}
    run(season, PRE_GAME, OPENING_NIGHT, YESTERDAY, **values)
    with_season = tables(season, day)
    assert with_season["player_daily_cache"].height > 200
    run(season, PRE_GAME, day, day, **values)
    for name, frame in tables(season, day).items():
        assert_frame_equal(frame, with_season[name], check_exact=True)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("fate", ["removed", "scrambled"])
def test_results_of_the_date_do_not_change_its_pre_game_tables(season: Warehouse, fate: str) -> None:
    run(season, PRE_GAME, TONIGHT, TONIGHT)
    run(season, POST_GAME, TONIGHT, TONIGHT)
    known = tables(season)
    for name in FACTS:
        later = season.query(f"SELECT * FROM {name} WHERE game_date >= @day", {"day": TONIGHT})  # noqa: S608
        assert later.height > 20
        season.replace(name, later.clear() if fate == "removed" else scrambled(later), {"game_date": TONIGHT})
    run(season, PRE_GAME, TONIGHT, TONIGHT)
    for name, frame in tables(season).items():
        assert_frame_equal(frame, known[name], check_exact=True)
    restore(season)


def scrambled(rows: pl.DataFrame) -> pl.DataFrame:
    numbers = [name for name, dtype in rows.schema.items() if dtype.is_numeric()]
    return rows.with_columns(pl.col(numbers) * 7 + 3)


def restore(season: Warehouse) -> None:
    load_season(season, Path(__file__).parents[3] / "sample")
