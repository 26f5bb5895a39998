"""Totals of the tables equal sums over the files of past seasons, computed from those files without the archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from devtools.season_rows import POST_GAME, load_season, run
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.writer import write_archive
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

pytestmark = [pytest.mark.data, pytest.mark.long, pytest.mark.xdist_group("real_seasons")]

FIRST, LAST = date(2021, 10, 19), date(2025, 4, 13)
SEASONS_WITH_SHOTS = ("2022-23", "2023-24", "2024-25")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[DuckDbWarehouse]:
    folder = tmp_path_factory.mktemp("real")
    imported = import_folder(shared_data)
    write_archive(folder / "archive", imported.frames, source="import", missing=imported.missing)
    opened = DuckDbWarehouse(folder / "real.duckdb")
    opened.migrate()
    load_season(opened, folder / "archive")
    run(opened, POST_GAME, FIRST, LAST)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def games(shared_data: Path) -> pl.DataFrame:
    """The player rows of four seasons as in the files."""
    rows = pl.concat(
        map(pl.read_parquet, sorted((shared_data / "player_games").glob("*.parquet"))), how="vertical_relaxed"
    )
    return rows.with_columns(
        season="SEASON", player_id=pl.col("PLAYER_ID").cast(pl.String), game_id=pl.col("GAME_ID").str.zfill(10)
    )


def test_every_player_game_is_there_once_with_its_season_points(
    warehouse: DuckDbWarehouse, games: pl.DataFrame
) -> None:
    ours = warehouse.query(
        "SELECT season, player_id, COUNT(*) AS games, SUM(points) AS points FROM player_game_summary"
        " GROUP BY season, player_id"
    )
    theirs = games.group_by("season", "player_id").agg(games=pl.len().cast(pl.Int64), points=pl.col("PTS").sum())
    assert_frame_equal(ours, theirs, check_row_order=False)


def test_team_wins_and_ratings_are_those_of_the_summed_player_rows(
    warehouse: DuckDbWarehouse, games: pl.DataFrame
) -> None:
    ours = warehouse.query(
        "SELECT offense.season, offense.team, COUNTIF(win) AS wins, SUM(offense.points) AS points,"
        " SUM(points_allowed) AS allowed, AVG(possessions) AS possessions,"
        " AVG(defense.defensive_rating) AS defensive_rating"
        " FROM team_offense_game_summary AS offense JOIN team_defense_game_summary AS defense USING (game_id, team)"
        " GROUP BY offense.season, offense.team"
    )
    counts = ("PTS", "FGA", "FTA", "TOV", "OREB")
    sides = games.group_by("season", "game_id", team="TEAM_ABBREVIATION", opponent="OPP_ABBREVIATION", result="WL").agg(
        pl.col(counts).sum()
    )
    possessions = pl.col("FGA") + 0.44 * pl.col("FTA") + pl.col("TOV") - pl.col("OREB")
    sides = sides.with_columns(possessions=possessions, rating=100 * pl.col("PTS") / possessions)
    of_opponent = sides.select("game_id", opponent="team", allowed="PTS", defensive_rating="rating")
    both = sides.join(of_opponent, on=["game_id", "opponent"])
    theirs = both.group_by("season", "team").agg(
        wins=(pl.col("result") == "W").sum().cast(pl.Int64),
        points=pl.col("PTS").sum(),
        allowed=pl.col("allowed").sum(),
        possessions=pl.col("possessions").mean(),
        defensive_rating=pl.col("defensive_rating").mean(),
    )
    assert ours.height == 4 * 30
    assert_frame_equal(ours, theirs, check_row_order=False)


def test_shots_by_zone_add_up_to_the_attempts_and_equal_those_of_the_shot_file(
    warehouse: DuckDbWarehouse, shared_data: Path
) -> None:
    zones = "paint_{0} + mid_range_{0} + three_{0}"
    ours = warehouse.query(
        f"SELECT game_id, player_id, fga, {zones.format('fga')} AS attempts, {zones.format('fgm')} AS made, fgm,"  # noqa: S608
        " paint_fga, three_fga, fg3a FROM player_game_summary WHERE season IN UNNEST(@seasons)",
        {"seasons": list(SEASONS_WITH_SHOTS)},
    )
    known = ours.drop_nulls("attempts")
    assert known.height >= 0.9995 * ours.height
    assert known.filter((pl.col("attempts") != pl.col("fga")) | (pl.col("made") != pl.col("fgm"))).is_empty()
    assert known.filter(pl.col("three_fga") != pl.col("fg3a")).height <= 10
    columns = ("GAME_ID", "PLAYER_ID", "BASIC_ZONE")
    files = [
        pl.read_parquet(path, columns=list(columns)).select(pl.col(columns).cast(pl.String))
        for path in sorted((shared_data / "shots").glob("*.parquet"))
    ]
    is_paint = pl.col("BASIC_ZONE").is_in(["Restricted Area", "In The Paint (Non-RA)"])
    theirs = (
        pl.concat(files)
        .group_by(game_id=pl.col("GAME_ID").str.zfill(10), player_id="PLAYER_ID")
        .agg(paint=is_paint.sum().cast(pl.Int64))
    )
    both = known.join(theirs, on=["game_id", "player_id"])
    assert both.height > 60_000
    assert both.filter(pl.col("paint") != pl.col("paint_fga")).is_empty()
