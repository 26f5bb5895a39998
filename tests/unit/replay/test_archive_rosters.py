"""Rosters and injury reports contain only what could be known before tip-off."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.rosters import injury_report, previous_games, roster
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import eastern

SLATE_DATE = date(2024, 3, 29)
MORNING = eastern(SLATE_DATE, 10)


@pytest.fixture(scope="module")
def archive(sample: Path) -> Archive:
    return Archive(sample)


Rewrite = Callable[..., Archive]


@pytest.fixture
def rewritten(archive: Archive, tmp_path: Path) -> Rewrite:
    """The sample with some tables replaced."""

    def rewrite(**tables: pl.DataFrame) -> Archive:
        frames = {name: getattr(archive, name) for name in TABLES}
        write_archive(tmp_path / "rewritten", frames | tables, source="sample", missing=())
        return Archive(tmp_path / "rewritten")

    return rewrite


def teams_of(archive: Archive) -> list[str]:
    slate = archive.slate(SLATE_DATE)
    return sorted([*slate["home"], *slate["away"]])


def names(report: pl.DataFrame) -> set[str]:
    return set(report["player_name"])


def test_a_roster_has_every_listed_player_by_name(archive: Archive) -> None:
    rosters = [roster(archive, SLATE_DATE, team) for team in teams_of(archive)]
    assert sum(players.height for players in rosters) == 430
    for players in rosters:
        assert players.columns == ["player_id", "player_name", "team"]
        assert players["player_name"].is_sorted()


def test_a_roster_does_not_reveal_who_played(archive: Archive, rewritten: Rewrite) -> None:
    """With shuffled statuses and without the box scores of the date every roster stays the same."""
    statuses = archive.availability["status"].to_list()
    random.Random(5).shuffle(statuses)
    altered = rewritten(
        availability=archive.availability.with_columns(status=pl.Series(statuses)),
        player_box=archive.player_box.filter(pl.col("game_date") < SLATE_DATE),
    )
    for team in (*teams_of(archive), "BOS"):
        assert roster(altered, SLATE_DATE, team).equals(roster(archive, SLATE_DATE, team))


def test_without_a_list_a_roster_comes_from_nearby_games_and_not_from_the_date(
    archive: Archive, rewritten: Rewrite
) -> None:
    """A player whose first game is on the date is not on the roster, because that would reveal that he played."""
    row = archive.player_box.filter(game_date=SLATE_DATE, team="DEN").head(1)
    debut = row.with_columns(player_id=pl.lit("1"), player_name=pl.lit("New Man"))
    unlisted = rewritten(availability=archive.availability.clear(), player_box=pl.concat([archive.player_box, debut]))
    players = {team: names(roster(unlisted, SLATE_DATE, team)) for team in ("DEN", "GSW", "BOS")}
    assert "Nikola Jokić" in players["DEN"]
    assert "New Man" not in players["DEN"]
    assert min(map(len, players.values())) >= 13


def test_a_traded_player_belongs_to_the_team_of_his_nearest_game(archive: Archive) -> None:
    """Buddy Hield went from Indiana to Philadelphia on 2024-02-08, between games of 02-06 and 02-10."""
    on = {day: date(2024, 2, day) for day in (6, 7, 9, 12)}
    assert "Buddy Hield" in names(roster(archive, on[6], "IND"))
    assert "Buddy Hield" in names(roster(archive, on[7], "IND"))
    assert "Buddy Hield" in names(roster(archive, on[9], "PHI"))
    assert "Buddy Hield" not in names(roster(archive, on[12], "IND"))


def test_a_player_listed_by_another_team_on_the_date_is_on_one_roster_only(
    archive: Archive, rewritten: Rewrite
) -> None:
    """The player is traded between his nearest game and the date; only the teams that play have lists."""
    traded = roster(archive, SLATE_DATE, "BOS").head(1)
    listed = archive.availability.filter(game_date=SLATE_DATE, team="DEN").head(1)
    arrival = listed.with_columns(
        player_id=pl.lit(traded["player_id"][0]), player_name=pl.lit(traded["player_name"][0])
    )
    moved = rewritten(availability=pl.concat([archive.availability, arrival]))
    assert names(traded) <= names(roster(moved, SLATE_DATE, "DEN"))
    assert names(traded).isdisjoint(names(roster(moved, SLATE_DATE, "BOS")))


def test_an_unknown_team_or_a_summer_date_has_an_empty_roster(archive: Archive) -> None:
    assert roster(archive, SLATE_DATE, "SEA").is_empty()
    assert roster(archive, date(2023, 7, 15), "DEN").is_empty()


def test_in_the_morning_only_players_out_of_the_previous_game_are_out(archive: Archive) -> None:
    """Four quoted players did not play; Murray and Kuminga had also missed the previous game of their team."""
    report = injury_report(archive, SLATE_DATE, MORNING)
    quoted = {"Jamal Murray", "Jonathan Kuminga", "Lauri Markkanen", "Klay Thompson"}
    assert names(report) & quoted == {"Jamal Murray", "Jonathan Kuminga"}
    assert report.height == 103
    assert report["status"].unique().to_list() == ["Out"]


@pytest.mark.parametrize(
    ("player", "tip_hour", "tip_minute"),
    [("Klay Thompson", 19, 0), ("Lauri Markkanen", 21, 30), ("Josh Green", 22, 0)],
)
def test_a_late_scratch_appears_in_the_last_hour_before_tip_off(
    archive: Archive, player: str, tip_hour: int, tip_minute: int
) -> None:
    tip = eastern(SLATE_DATE, tip_hour, tip_minute)
    stamps = [tip - timedelta(minutes=before) for before in (600, 61, 60, 1, 0)]
    listed = [player in names(injury_report(archive, SLATE_DATE, stamp)) for stamp in stamps]
    assert listed == [False, False, True, True, False]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.integers(min_value=-24 * 60, max_value=14 * 60))
def test_a_report_lists_only_true_absences_of_games_before_tip_off(archive: Archive, minutes: int) -> None:
    stamp = MORNING + timedelta(minutes=minutes)
    report = injury_report(archive, SLATE_DATE, stamp)
    begun = archive.games.filter(pl.col("tip_off") <= stamp.astimezone(UTC))
    played = archive.availability.filter(pl.col("status").is_in(["PLAYED", "DNP"]))
    assert report.join(begun, on="game_id", how="semi").is_empty()
    assert report.join(played, on=["game_id", "player_name"], how="semi").is_empty()
    assert report.select("game_id", "player_name").is_unique().all()


def test_reports_only_grow_until_a_game_begins(archive: Archive) -> None:
    first_tip = archive.slate(SLATE_DATE)["tip_off"][0]
    stamps = [first_tip - timedelta(minutes=before) for before in range(300, 0, -15)]
    reports = [names(injury_report(archive, SLATE_DATE, stamp)) for stamp in stamps]
    assert all(earlier <= later for earlier, later in pairwise(reports))


def test_without_availability_of_the_previous_game_every_absence_is_a_late_scratch(
    archive: Archive, rewritten: Rewrite
) -> None:
    of_date = archive.availability.filter(pl.col("game_date") == SLATE_DATE)
    without_previous = rewritten(availability=of_date)
    assert injury_report(without_previous, SLATE_DATE, MORNING).is_empty()
    last = injury_report(without_previous, SLATE_DATE, eastern(SLATE_DATE, 18, 59))
    assert "Jonathan Kuminga" in names(last)


@pytest.mark.parametrize("absence", ["out of an older game", "out for another team"])
def test_only_the_previous_game_of_the_same_team_makes_an_absence_known_early(
    archive: Archive, rewritten: Rewrite, absence: str
) -> None:
    before = previous_games(archive.games, archive.slate(SLATE_DATE))
    game_id, home = archive.slate(SLATE_DATE).select("game_id", "home").row(0)
    other_game, other_team = before.filter(pl.col("team") != home).sort("team").select("game_id", "team").row(0)
    scratch = archive.availability.filter(game_id=game_id, team=home).head(1)
    newcomer = scratch.with_columns(player_id=pl.lit("1"), player_name=pl.lit("New Man"), status=pl.lit("INACTIVE"))
    team = other_team if absence == "out for another team" else home
    earlier = newcomer.with_columns(game_id=pl.lit(other_game), team=pl.lit(team))
    changed = rewritten(availability=pl.concat([archive.availability, newcomer, earlier]))
    assert "New Man" not in names(injury_report(changed, SLATE_DATE, MORNING))
    assert "New Man" in names(injury_report(changed, SLATE_DATE, eastern(SLATE_DATE, 18, 30)))


def test_a_date_without_games_has_an_empty_report(archive: Archive) -> None:
    assert injury_report(archive, date(2024, 2, 17), eastern(date(2024, 2, 17), 12)).is_empty()


def test_a_report_needs_an_as_of_time_with_a_time_zone(archive: Archive) -> None:
    naive = datetime(2024, 3, 29, 10)  # noqa: DTZ001 - the error under test
    with pytest.raises(ValueError, match="no time zone"):
        injury_report(archive, SLATE_DATE, naive)
