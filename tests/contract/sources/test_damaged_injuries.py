"""An unreadable entry of an injury list costs itself, and its team is not known to be healthy."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tipoff.errors import ContractError
from tipoff.sources.base import KnownPlayer, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame

NOON = datetime(2025, 1, 10, 17, tzinfo=UTC)
SLATE = Slate(
    game_date=date(2025, 1, 10),
    games=(SlateGame(game_id="0022400600", away="BOS", home="NYK", tip_off=datetime(2025, 1, 11, 0, 30, tzinfo=UTC)),),
)
NAMES = {"Aldo Brenner": "BOS", "Milo Santoro": "BOS", "Jonas Okoye": "NYK", "Pavel Dvorak": "NYK"}
PLAYERS = tuple(KnownPlayer(player_id=name, player_name=name, team=team) for name, team in NAMES.items())
LIST = SOURCES["bdl_injuries"]
TEAM_IDS = {"BOS": 2, "NYK": 20}

Json = Any
Damage = Callable[[Json], object]


def entry(name: str) -> Json:
    first, last = name.split()
    return {"player": {"first_name": first, "last_name": last, "team_id": TEAM_IDS[NAMES[name]]}, "status": "Out"}


def injury_list() -> Json:
    return {"data": [entry(name) for name in NAMES], "meta": {"per_page": 100}}


def judged(document: Json) -> Outcome:
    request = Request(host=LIST.provider.host, path="/", game_id="0022400600", part="BOS@NYK")
    body = json.dumps(document).encode()
    response = Response(status=200, headers={}, body=body, url=request.url, fetched_at=NOON)
    return LIST.judge(request, response, SLATE).outcome


def read(document: Json) -> Reading:
    context = ReadContext(slate=SLATE, as_of=NOON, game_id="0022400600", players=PLAYERS)
    return LIST.read(json.dumps(document).encode(), context)


def statuses(document: Json) -> dict[str, str]:
    """Player or tricode of a team -> status, of a list that is judged usable."""
    assert judged(document) in (Outcome.OK, Outcome.PARTIAL)
    return {row["player_name"]: row["status"] for row in read(document).rows}


def assert_refused(document: Json) -> None:
    assert judged(document) is Outcome.WRONG_TYPE
    with pytest.raises(ContractError):
        read(document)


OTHERS_OUT = dict.fromkeys([*NAMES][1:], "Out")
OF_A_KNOWN_TEAM: dict[str, Damage] = {
    "no first name": lambda entry: entry["player"].pop("first_name"),
    "last name null": lambda entry: entry["player"].update(last_name=None),
    "names blank": lambda entry: entry["player"].update(first_name="", last_name=" "),
    "last name a number": lambda entry: entry["player"].update(last_name=7),
    "status a number": lambda entry: entry.update(status=1),
    "status an object": lambda entry: entry.update(status={"type": "out"}),
    "description a list": lambda entry: entry.update(description=["knee"]),
}
OF_AN_UNKNOWN_TEAM: dict[str, Damage] = {
    "no player": lambda entry: entry.pop("player"),
    "player null": lambda entry: entry.update(player=None),
    "no team": lambda entry: entry["player"].pop("team_id"),
    "team null": lambda entry: entry["player"].update(team_id=None),
    "team an object": lambda entry: entry["player"].update(team_id={"id": 2}),
}


@pytest.mark.parametrize("damage", OF_A_KNOWN_TEAM.values(), ids=OF_A_KNOWN_TEAM)
def test_an_unreadable_entry_leaves_its_team_not_submitted(damage: Damage) -> None:
    assert statuses(injury_list()) == dict.fromkeys(NAMES, "Out") | {"BOS": "Submitted", "NYK": "Submitted"}
    document = injury_list()
    damage(document["data"][0])
    assert statuses(document) == OTHERS_OUT | {"BOS": "Not submitted", "NYK": "Submitted"}
    ((path, count),) = read(document).damaged.items()
    assert (path.startswith("$.data[0]."), count) == (True, 1)


@pytest.mark.parametrize("damage", OF_AN_UNKNOWN_TEAM.values(), ids=OF_AN_UNKNOWN_TEAM)
def test_an_entry_of_an_unreadable_team_leaves_both_teams_not_submitted(damage: Damage) -> None:
    document = injury_list()
    damage(document["data"][0])
    assert statuses(document) == OTHERS_OUT | {"BOS": "Not submitted", "NYK": "Not submitted"}
    assert sum(read(document).damaged.values()) == 1


def test_an_entry_that_is_no_object_leaves_both_teams_not_submitted() -> None:
    document = injury_list()
    document["data"][0] = None
    assert statuses(document) == OTHERS_OUT | {"BOS": "Not submitted", "NYK": "Not submitted"}


def test_a_team_of_unreadable_entries_only_is_not_submitted() -> None:
    document = injury_list()
    for unreadable in document["data"][:2]:
        del unreadable["player"]["last_name"]
    assert statuses(document) == {"Jonas Okoye": "Out", "Pavel Dvorak": "Out"} | {
        "BOS": "Not submitted",
        "NYK": "Submitted",
    }


def test_a_listed_player_with_an_overlong_name_leaves_his_team_not_submitted() -> None:
    document = injury_list()
    document["data"][0]["player"]["last_name"] = "x" * 100
    assert statuses(document)["BOS"] == "Not submitted"


@pytest.mark.parametrize("damage", (OF_A_KNOWN_TEAM | OF_AN_UNKNOWN_TEAM).values())
def test_most_entries_unreadable_refuse_the_list(damage: Damage) -> None:
    document = injury_list()
    for unreadable in document["data"][:3]:
        damage(unreadable)
    assert_refused(document)


def test_entries_of_other_teams_need_no_name_and_do_not_hide_a_renamed_field() -> None:
    document = injury_list()
    document["data"] += [{"player": {"team_id": 1}} for _ in range(20)]
    assert statuses(document)["BOS"] == "Submitted"
    assert read(document).rejected == {"player of a team that was not requested": 20}
    for renamed in document["data"][:3]:
        renamed["player"]["surname"] = renamed["player"].pop("last_name")
    assert_refused(document)


@pytest.mark.parametrize("document", [{}, {"data": None}, {"data": {}}, {"players": []}, {"data": [None]}])
def test_a_damaged_frame_refuses_the_list(document: Json) -> None:
    assert_refused(document)


def test_an_empty_list_is_not_usable() -> None:
    assert judged({"data": []}) is Outcome.SUSPICIOUSLY_EMPTY
    assert read({"data": []}).rows == ()
