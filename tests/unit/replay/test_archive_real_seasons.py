"""Import of the real seasons beside the project, compared with public facts and sums."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.archive.__main__ import main
from tipoff.replay.archive.importing import Imported
from tipoff.replay.archive.rosters import roster
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import EASTERN

pytestmark = [pytest.mark.data, pytest.mark.xdist_group("real_seasons")]


@pytest.fixture
def imported(real_seasons: Imported) -> Imported:
    return real_seasons


@pytest.fixture
def archive(real_archive: Archive) -> Archive:
    return real_archive


def test_every_season_is_complete(archive: Archive) -> None:
    per_season = archive.games.group_by("season").agg(pl.len(), pl.col("home_points").null_count().alias("open"))
    assert per_season.select("len", "open").unique().rows() == [(1230, 0)]
    assert archive.games["season"].n_unique() >= 4


def test_player_points_add_up_to_team_points_and_final_scores(archive: Archive) -> None:
    players = archive.player_box.group_by("game_id", "team").agg(by_players=pl.col("points").sum())
    sides = [archive.games.select("game_id", team=side, final=f"{side}_points") for side in ("home", "away")]
    sums = archive.team_box.join(players, on=["game_id", "team"]).join(pl.concat(sides), on=["game_id", "team"])
    assert sums.height == 2 * archive.games.height
    assert (
        sums.select((pl.col("points") == pl.col("by_players")) & (pl.col("points") == pl.col("final")))
        .to_series()
        .all()
    )


def test_final_scores_equal_those_of_the_games_index(archive: Archive, shared_data: Path) -> None:
    index = pl.read_parquet(shared_data / "game_lines/games_index.parquet").drop_nulls("GAME_ID")
    both = archive.games.join(index, left_on="game_id", right_on="GAME_ID")
    assert both.height == archive.games.height
    assert ((both["home_points"] == both["HOME_PTS"]) & (both["away_points"] == both["AWAY_PTS"])).all()
    assert (both["home"] == both["HOME_ABBR"]).all()


@pytest.mark.parametrize(
    ("player", "day", "points"),
    [
        ("Donovan Mitchell", date(2023, 1, 2), 71),
        ("Luka Dončić", date(2024, 1, 26), 73),
        ("Nikola Jokić", date(2025, 4, 1), 61),
    ],
)
def test_the_season_highs_are_in_the_archive(archive: Archive, player: str, day: date, points: int) -> None:
    rows = archive.player_box.filter(pl.col("player_name") == player, pl.col("game_date") == day)
    assert rows["points"].to_list() == [points]


def test_overtime_follows_exactly_from_team_minutes(archive: Archive) -> None:
    """Mitchell's 71 took one overtime, Jokić's 61 two; rounded minutes would give other numbers."""
    periods = archive.games.select("game_date", "home", "overtime_periods")
    assert periods.filter(game_date=date(2023, 1, 2), home="CLE")["overtime_periods"].to_list() == [1]
    assert periods.filter(game_date=date(2025, 4, 1), home="DEN")["overtime_periods"].to_list() == [2]
    assert set(archive.team_box["minutes"]) == {240.0, 265.0, 290.0, 315.0}


def test_every_game_tips_off_on_its_eastern_date_between_noon_and_11_pm(archive: Archive) -> None:
    tips = archive.games.select("game_date", local=pl.col("tip_off").dt.convert_time_zone(EASTERN.key)).with_columns(
        date=pl.col("local").dt.date(), hour=pl.col("local").dt.hour()
    )
    assert (tips["date"] == tips["game_date"]).all()
    assert tips["hour"].is_between(11, 23).all()
    assert archive.games.filter(tip_off_source="estimated").is_empty()


def test_shots_by_zone_add_up_to_the_box_scores(archive: Archive) -> None:
    three = pl.col("zone").is_in(["corner_three", "above_break_three", "backcourt"])
    shots = archive.shots_by_zone.group_by("game_id", "player_id").agg(
        pl.col("attempts", "made").sum(), threes=pl.col("attempts").filter(three).sum()
    )
    both = shots.join(archive.player_box, on=["game_id", "player_id"], how="left")
    agrees = both.select(
        (pl.col("attempts") == pl.col("fga")).mean().alias("attempts"),
        (pl.col("made") == pl.col("fgm")).mean().alias("made"),
        (pl.col("threes") == pl.col("fg3a")).mean().alias("threes"),
    )
    assert min(agrees.row(0)) > 0.9998


def test_every_row_is_either_imported_or_rejected(imported: Imported) -> None:
    for name in ("player_box", "game_lines", "closing_lines", "prop_lines", "availability", "officials"):
        kept = imported.frames[name].height
        assert imported.rows_in[name] == kept + imported.rejected[name].total(), name


def test_only_playoffs_cup_finals_and_other_seasons_are_rejected(imported: Imported) -> None:
    reasons = {reason for counts in imported.rejected.values() for reason in counts}
    assert reasons == {
        "play-in or playoffs",
        "no such game on that date (postponed or Cup final)",
        "season not among the player games",
    }


def test_missing_tables_are_reported_by_season(archive: Archive) -> None:
    assert "2021-22: no shots_by_zone for 1,230 of 1,230 games" in archive.missing
    assert "2024-25: no officials for 128 of 1,230 games" in archive.missing


def test_the_committed_sample_equals_one_cut_from_the_real_folder(
    shared_data: Path, sample: Path, tmp_path: Path
) -> None:
    assert main(["sample", "--from", str(shared_data), "--to", str(tmp_path / "cut")]) == 0
    for file in sample.iterdir():
        assert (tmp_path / "cut" / file.name).read_bytes() == file.read_bytes(), file.name


def test_games_of_nearby_weeks_reproduce_the_rosters_of_a_slate(archive: Archive, tmp_path: Path) -> None:
    """Without availability lists, rosters have everyone who played and 90 % of those listed."""
    day = date(2024, 3, 29)
    frames = {name: getattr(archive, name) for name in archive.manifest.tables}
    write_archive(
        tmp_path / "bare",
        frames | {"availability": archive.availability.clear()},
        source="import",
        missing=(),
    )
    teams = pl.concat(archive.slate(day)[side] for side in ("home", "away"))
    listed, nearby = (
        {(team, player) for team in teams for player in roster(one, day, team)["player_id"]}
        for one in (archive, Archive(tmp_path / "bare"))
    )
    played = archive.player_box.filter(game_date=day).select("team", "player_id").rows()
    assert set(played) <= nearby
    assert len(listed & nearby) / len(listed) > 0.9
    assert len(listed & nearby) / len(nearby) > 0.99
