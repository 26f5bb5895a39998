"""The roster of a team: its names are resolved within the team first, then within the league."""

import json
from datetime import date
from typing import Any

import pytest

from tipoff.sources.base import KnownPlayer, ReadContext, Row, Slate
from tipoff.sources.registry import SOURCES
from tipoff.teams import TEAMS
from tipoff.vocabulary import eastern

LEAGUE = tuple(
    KnownPlayer(player_id=name, player_name=name, team=team)
    for name, team in (
        ("Orin Vale", "SAS"),
        ("Orin Vale Jr.", "MIL"),
        ("Cam Reed", "SAS"),
        ("Cameron Reed", "MIL"),
        ("Alex Dorn", "SAS"),
    )
)


def player_of(name: str) -> str | None:
    """The player that a name in the roster of SAS resolves to."""
    return next((row["player_id"] for row in rows_of({"displayName": name})), None)


def rows_of(fields: dict[str, Any]) -> tuple[Row, ...]:
    """The rows of a roster of SAS with one athlete."""
    athlete = {"position": {"abbreviation": "F"}, **fields}
    body = json.dumps({"team": {"id": TEAMS["SAS"].espn_id}, "athletes": [athlete]}).encode()
    game_date = date(2024, 1, 4)
    context = ReadContext(slate=Slate(game_date=game_date), as_of=eastern(game_date, 12), part="SAS", players=LEAGUE)
    return SOURCES["espn_team_rosters"].read(body, context).rows


@pytest.mark.parametrize(
    ("name", "player"),
    [
        ("Orin Vale", "Orin Vale"),
        ("Orin Vale Jr.", "Orin Vale Jr."),
        ("Cameron Reed", "Cameron Reed"),
        ("Alexander Dorn", "Alex Dorn"),
        ("Somebody Else", None),
    ],
)
def test_a_player_of_exactly_the_name_on_another_team_comes_before_a_similar_name_on_the_team(
    name: str, player: str | None
) -> None:
    assert player_of(name) == player


@pytest.mark.parametrize(
    ("given", "birth_date"),
    [
        ({"dateOfBirth": "1990-12-19T08:00Z"}, date(1990, 12, 19)),
        ({"dateOfBirth": None}, None),
        ({}, None),
        ({"dateOfBirth": "unknown"}, None),
        ({"dateOfBirth": 19901219}, None),
    ],
)
def test_a_player_without_a_readable_date_of_birth_stays_on_the_roster(
    given: dict[str, Any], birth_date: date | None
) -> None:
    (row,) = rows_of({"displayName": "Alex Dorn", **given})
    assert row["birth_date"] == birth_date
