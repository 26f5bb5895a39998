"""Name resolution on every name quoted in recorded props, checked against the results."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from devtools.recorded_responses import players_of_season
from tipoff.sources.base import KnownPlayer
from tipoff.sources.player_names import Resolver, load_aliases
from tipoff.teams import find_team
from tipoff.vocabulary import season_of

FILES = ("points_props_oddsapi_2024_03_05", "points_props_prizepicks_underdog_2024_10_2025_01")


@pytest.fixture(scope="module", params=FILES)
def quotes(request: pytest.FixtureRequest, shared_data: Path) -> pl.DataFrame:
    """Each name quoted for a game, with the id of the player if he played."""
    props = pl.read_parquet(shared_data / "player_props" / f"{request.param}.parquet")
    return props.select("game_date", "home_team", "away_team", "player", "player_id").unique()


@cache
def rosters(folder: Path, game_date: date, home: str, away: str) -> Resolver:
    """Everyone who played for one of the two teams this season or last: more players than the two rosters have."""
    teams = {team.tricode for name in (home, away) if (team := find_team(name))}
    seasons = (season_of(game_date - timedelta(days=365)), season_of(game_date))
    known: list[KnownPlayer] = [player for season in seasons for player in players_of_season(folder, season)]
    return Resolver((player for player in known if player.team in teams), load_aliases())


def test_every_quoted_player_who_played_resolves_to_the_right_player(shared_data: Path, quotes: pl.DataFrame) -> None:
    missed: list[str] = []
    wrong: list[tuple[str, str]] = []
    for day, home, away, name, player_id in quotes.drop_nulls("player_id").iter_rows():
        game_date = date.fromisoformat(day[:10])
        player = rosters(shared_data, game_date, home, away).resolve(name)
        if player is None:
            missed.append(name)
        elif player.player_id != str(int(player_id)):
            wrong.append((name, player.player_name))
    assert (missed, wrong) == ([], [])


def test_nearly_every_quoted_player_who_did_not_play_resolves(shared_data: Path, quotes: pl.DataFrame) -> None:
    absent = quotes.filter(pl.col("player_id").is_null())
    resolved = [
        rosters(shared_data, date.fromisoformat(day[:10]), home, away).resolve(name)
        for day, home, away, name, _ in absent.iter_rows()
    ]
    assert sum(player is not None for player in resolved) >= 0.98 * len(resolved)
