"""The committed sample: 2024-03-29 and its season up to that date."""

from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest

from devtools.source_harness import slate_of
from tipoff.errors import BadInputError
from tipoff.replay.archive import Archive
from tipoff.replay.archive.__main__ import main
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.rosters import previous_games
from tipoff.vocabulary import EASTERN

SLATE_DATE = date(2024, 3, 29)


@pytest.fixture(scope="module")
def archive(sample: Path) -> Archive:
    return Archive(sample)


def test_the_sample_is_small_enough_to_commit(sample: Path) -> None:
    assert sum(file.stat().st_size for file in sample.iterdir()) < 1_000_000


def test_every_table_of_the_sample_is_valid(archive: Archive) -> None:
    for name in TABLES:
        assert getattr(archive, name).height == archive.manifest.tables[name].rows > 0


def test_twelve_games_tip_off_between_seven_and_ten_eastern(archive: Archive) -> None:
    slate = archive.slate(SLATE_DATE)
    tips = [tip.astimezone(EASTERN) for tip in slate["tip_off"]]
    assert slate.height == 12
    assert tips[0] == datetime(2024, 3, 29, 19, 0, tzinfo=EASTERN)
    assert tips[-1] == datetime(2024, 3, 29, 22, 0, tzinfo=EASTERN)
    assert slate["tip_off_source"].unique().to_list() == ["official"]


@pytest.mark.parametrize("inside", [date(2023, 10, 24), date(2024, 2, 19), SLATE_DATE], ids=str)
def test_a_date_between_the_first_and_the_last_result_is_in_the_archive(archive: Archive, inside: date) -> None:
    """With games or without: nobody plays in the All-Star break."""
    archive.require_date(inside)


@pytest.mark.parametrize("outside", [date(2023, 10, 23), date(2024, 3, 30), date(2024, 4, 12)], ids=str)
def test_a_date_without_its_results_is_refused(archive: Archive, outside: date) -> None:
    """The games of 2024-03-30 are scheduled; nobody knows how they end."""
    with pytest.raises(BadInputError, match=f"{outside} is outside .* from 2023-10-24 to 2024-03-29"):
        archive.require_date(outside)
    with pytest.raises(BadInputError, match="is outside"):
        slate_of(archive, outside)


def test_the_availability_of_the_slate_equals_a_count_by_hand(archive: Archive) -> None:
    """430 listed: 258 played, 39 did not play, 125 inactive, 8 did not dress; 137 players quoted."""
    listed = archive.availability.filter(pl.col("game_date") == SLATE_DATE)
    assert dict(listed["status"].value_counts().iter_rows()) == {
        "PLAYED": 258,
        "DNP": 39,
        "INACTIVE": 125,
        "DID_NOT_DRESS": 8,
    }
    assert archive.prop_lines["player_name"].n_unique() == 137
    assert listed["player_id"].null_count() == 0


def test_every_game_of_the_slate_has_lines_closing_lines_props_and_officials(archive: Archive) -> None:
    slate = set(archive.slate(SLATE_DATE)["game_id"])
    for table in (archive.game_lines, archive.closing_lines, archive.prop_lines, archive.officials):
        assert set(table["game_id"]) == slate


def test_game_lines_are_quoted_from_the_morning_and_props_from_three(archive: Archive) -> None:
    morning = datetime(2024, 3, 29, 7, 55, 40, tzinfo=EASTERN)
    times = archive.prop_lines["snapshot_at"].dt.convert_time_zone(EASTERN.key).dt.time()
    assert archive.game_lines["snapshot_at"].unique().to_list() == [morning]
    assert time(14, 50) < times.min() < times.max() < time(15, 1)  # type: ignore[operator]


def test_the_players_points_add_up_to_the_finals(archive: Archive) -> None:
    points = archive.player_box.group_by("game_id", "team").agg(pl.col("points").sum())
    home, away = (archive.games.select("game_id", team=side, final=f"{side}_points") for side in ("home", "away"))
    finals = pl.concat([home, away]).drop_nulls("final").join(points, on=["game_id", "team"], how="left")
    assert finals.height == 2 * 1102
    assert (finals["points"] == finals["final"]).all()


def test_the_next_day_is_in_the_sample_as_schedule_only(archive: Archive) -> None:
    tomorrow = archive.games.filter(pl.col("game_date") > SLATE_DATE)
    assert tomorrow.select("away", "home").rows() == [("BOS", "NOP"), ("MEM", "ORL"), ("MIL", "ATL")]
    assert tomorrow.select("home_points", "away_points", "overtime_periods").null_count().row(0) == (3, 3, 3)
    for name in set(TABLES) - {"games", "officials", "players"}:
        assert getattr(archive, name)["game_date"].max() == SLATE_DATE
    assert archive.players["last_season"].max() == "2023-24"


def test_absences_of_each_teams_previous_game_are_in_the_sample(archive: Archive) -> None:
    before = previous_games(archive.games, archive.slate(SLATE_DATE))
    listed = archive.availability.select("game_id", "team").unique()
    assert before.height == 24
    assert before.join(listed, on=["game_id", "team"], how="anti").is_empty()


def test_the_sample_lists_what_it_lacks(archive: Archive) -> None:
    assert any("2023-24 after 2024-03-29" in text for text in archive.missing)
    assert archive.seasons == ("2023-24",)


def test_a_sample_of_the_sample_is_the_sample_byte_for_byte(sample: Path, tmp_path: Path) -> None:
    assert main(["sample", "--from", str(sample), "--to", str(tmp_path / "again")]) == 0
    for file in sample.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--date", "2024-02-17"], "no games on 2024-02-17"),
        (["--from", "nowhere"], "neither an archive nor a folder"),
    ],
)
def test_a_failure_to_cut_a_sample_is_explained(
    sample: Path, tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", "--from", str(sample), "--to", str(tmp_path / "cut"), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "cut").exists()
