"""Box scores of one invented game at every source that has them: six players of each side, each with 20 points."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

from tests.support.made_responses import SLATE, made_response
from tipoff.sources.base import KnownPlayer

GAME = SLATE.games[0]
TEAMS = (GAME.away, GAME.home)
_NAMES = (
    *("Ivo Marsh", "Rey Tanaka", "Lee Ostrow", "Sal Whitby", "Gil Nemec", "Abe Falk"),
    *("Nat Corso", "Uri Benning", "Dov Hale", "Kip Larsen", "Ott Reyes", "Wim Sandoz"),
)
PEOPLE = tuple(
    KnownPlayer(player_id=f"{910000 + number}", player_name=name, team=TEAMS[number % 2])
    for number, name in enumerate(_NAMES)
)
"""Six players of each side; each scored 20."""


def log() -> Any:
    document = deepcopy(made_response("nbac_player_boxscores").body)
    results = document["resultSets"][0]
    headers = results["headers"]
    teams = {row[headers.index("MATCHUP")][:3]: row for row in results["rowSet"][:2]}
    results["rowSet"] = []
    for person in PEOPLE:
        row = list(teams[person.team])
        for header, value in {"PLAYER_ID": person.player_id, "PLAYER_NAME": person.player_name, "PTS": 20}.items():
            row[headers.index(header)] = value
        results["rowSet"].append(row)
    return document


def _live() -> Any:
    document = deepcopy(made_response("nbac_live_boxscore").body)
    for side, team in (("awayTeam", GAME.away), ("homeTeam", GAME.home)):
        template = document["game"][side]["players"][0]
        document["game"][side]["score"] = 120
        document["game"][side]["players"] = [
            deepcopy(template)
            | {"personId": int(person.player_id), "name": person.player_name}
            | {"statistics": template["statistics"] | {"points": 20}}
            for person in PEOPLE
            if person.team == team
        ]
    return document


def _bdl() -> Any:
    document = deepcopy(made_response("bdl_player_boxscores").body)
    document["data"] = document["data"][:1]
    box = document["data"][0] | {"home_team_score": 120, "visitor_team_score": 120}
    for side, team in (("visitor_team", GAME.away), ("home_team", GAME.home)):
        template = box[side]["players"][0]
        box[side]["players"] = [
            template
            | {"pts": 20, "player": dict(zip(("first_name", "last_name"), person.player_name.split(), strict=True))}
            for person in PEOPLE
            if person.team == team
        ]
    document["data"][0] = box
    return document


def _espn() -> Any:
    document = deepcopy(made_response("espn_boxscores").body)
    for side in document["header"]["competitions"][0]["competitors"]:
        side["score"] = "120"
    for block, team in zip(document["boxscore"]["players"], TEAMS, strict=True):
        template = block["statistics"][0]["athletes"][0]["stats"]
        block["statistics"][0]["athletes"] = [
            {"athlete": {"displayName": person.player_name}, "stats": [template[0], "20", *template[2:]]}
            for person in PEOPLE
            if person.team == team
        ]
    return document


class BoxScore(NamedTuple):
    """A box score of a source."""

    document: Callable[[], Any]
    entries: Callable[[Any], list[Any]]
    """The list of entries with the first player."""
    points: Callable[[Any], tuple[Any, Any]]
    """The holder and the key of an entry's points."""
    name: Callable[[Any], tuple[Any, Any]]


HEADERS = log()["resultSets"][0]["headers"]
BOX_SCORES = {
    "nbac_player_boxscores": BoxScore(
        log,
        lambda document: document["resultSets"][0]["rowSet"],
        lambda row: (row, HEADERS.index("PTS")),
        lambda row: (row, HEADERS.index("PLAYER_NAME")),
    ),
    "nbac_live_boxscore": BoxScore(
        _live,
        lambda document: document["game"]["awayTeam"]["players"],
        lambda player: (player["statistics"], "points"),
        lambda player: (player, "name"),
    ),
    "bdl_player_boxscores": BoxScore(
        _bdl,
        lambda document: document["data"][0]["visitor_team"]["players"],
        lambda player: (player, "pts"),
        lambda player: (player, "player"),
    ),
    "espn_boxscores": BoxScore(
        _espn,
        lambda document: document["boxscore"]["players"][0]["statistics"][0]["athletes"],
        lambda player: (player["stats"], 1),
        lambda player: (player["athlete"], "displayName"),
    ),
}
