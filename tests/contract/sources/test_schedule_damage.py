"""An odd game of another date never costs tonight's games; an odd game of tonight is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tipoff.errors import ContractError
from tipoff.sources.base import Judgement, ReadContext, Reading, Request, Response, Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame

SCHEDULE = SOURCES["nbac_schedule"]
TONIGHT, AS_OF = date(2025, 1, 10), datetime(2025, 1, 10, 10, tzinfo=UTC)
TEAMS = {
    "BOS": 1610612738,
    "NYK": 1610612752,
    "LAL": 1610612747,
    "DEN": 1610612743,
    "OKC": 1610612760,
    "UTA": 1610612762,
}
FIRST = "0022400600"


def game(game_id: str, label: str, time: str) -> dict[str, Any]:
    away, home = label.split("@")
    return {
        "gameId": game_id,
        "gameStatus": 1,
        "gameStatusText": "7:30 pm ET",
        "gameDateTimeUTC": time,
        "postponedStatus": "N",
        "isNeutral": False,
        "homeTeam": {"teamId": TEAMS[home]},
        "awayTeam": {"teamId": TEAMS[away]},
    }


def season(far_games: int = 1) -> dict[str, Any]:
    """Three games tonight, and one on each of some days in March."""
    tonight = [
        game(FIRST, "BOS@NYK", "2025-01-11T00:30:00Z"),
        game("0022400601", "LAL@DEN", "2025-01-11T02:00:00Z"),
        game("0022400602", "OKC@UTA", "2025-01-11T02:00:00Z"),
    ]
    days = [{"gameDate": "01/10/2025 00:00:00", "games": tonight}]
    for number in range(far_games):
        far = game(f"002240090{number}", "OKC@UTA", f"2025-03-{10 + number}T00:30:00Z")
        days.append({"gameDate": f"03/{9 + number:02}/2025 00:00:00", "games": [far]})
    return {"leagueSchedule": {"seasonYear": "2024-25", "leagueId": "00", "gameDates": days}}


def games_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]


def read(document: object, slate: Slate | None = None) -> Reading:
    context = ReadContext(slate=slate or Slate(game_date=TONIGHT), as_of=AS_OF)
    return SCHEDULE.read(json.dumps(document).encode(), context)


def judge(document: object, slate: Slate | None = None) -> Judgement:
    request = Request(host="cdn.nba.com", path="/")
    body = json.dumps(document).encode()
    response = Response(status=200, headers={}, body=body, url="https://cdn.nba.com", fetched_at=AS_OF)
    return SCHEDULE.judge(request, response, slate or Slate(game_date=TONIGHT))


def tonight_of(reading: Reading) -> list[str]:
    return [row["game_id"] for row in reading.rows if row["game_date"] == TONIGHT]


Damage = Callable[[dict[str, Any]], object]
DAMAGES: dict[str, Damage] = {
    "an empty time": lambda game: game.update(gameDateTimeUTC=""),
    "no time": lambda game: game.update(gameDateTimeUTC=None),
    "a time of the year 1": lambda game: game.update(gameDateTimeUTC="0001-01-01T00:00:00Z"),
    "no status": lambda game: game.pop("gameStatus"),
    "a status as text": lambda game: game.update(gameStatus="1"),
    "a strange flag": lambda game: game.update(isNeutral="perhaps"),
    "no team": lambda game: game.pop("homeTeam"),
    "no id": lambda game: game.update(gameId=None),
}
each_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


@each_damage
@pytest.mark.parametrize("far_games", [1, 7])
def test_odd_games_of_other_dates_cost_themselves_and_do_not_matter(damage: Damage, far_games: int) -> None:
    document = season(far_games)
    for far in games_of(document)[3:]:
        damage(far)
    reading = read(document)
    assert len(reading.rows) == len(tonight_of(reading)) == 3
    assert sum(reading.damaged_elsewhere.values()) == far_games
    assert "$.leagueSchedule.gameDates[1].games[0]" in next(iter(reading.damaged_elsewhere))
    assert (reading.damaged, reading.unreadable_games) == ({}, ())
    assert judge(document).outcome is Outcome.OK


@each_damage
def test_an_odd_game_of_tonight_is_named_and_the_response_partial(damage: Damage) -> None:
    document = season()
    damage(games_of(document)[0])
    reading, judgement = read(document), judge(document)
    assert tonight_of(reading) == ["0022400601", "0022400602"]
    assert (sum(reading.damaged.values()), reading.damaged_elsewhere) == (1, {})
    (label,) = reading.unreadable_games
    assert label in ("BOS@NYK", FIRST)
    assert judgement.outcome is Outcome.PARTIAL
    assert judgement.reason == f"the schedule of 2024-25; 1 unreadable, {label}"


@each_damage
@pytest.mark.parametrize("far_games", [0, 9])
def test_most_games_of_tonight_odd_refuse_the_response(damage: Damage, far_games: int) -> None:
    document = season(far_games)
    for tonight in games_of(document)[:2]:
        damage(tonight)
    assert judge(document).outcome is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"2 of 3 elements of \$.leagueSchedule.gameDates\[\].games\[\] unreadable"):
        read(document)


def test_a_renamed_field_is_refused_also_on_a_date_without_games() -> None:
    document = season(9)
    for far in games_of(document)[3:]:
        far["tipOff"] = far.pop("gameDateTimeUTC")
    document["leagueSchedule"]["gameDates"].pop(0)
    assert judge(document).outcome is Outcome.WRONG_TYPE
    games_of(document)[0]["gameDateTimeUTC"] = "2025-03-10T00:30:00Z"
    assert judge(document).outcome is Outcome.WRONG_TYPE
    for far in games_of(document)[:5]:
        far["gameDateTimeUTC"] = "2025-03-10T00:30:00Z"
    assert judge(document).outcome is Outcome.OK


DATES: dict[str, dict[str, str]] = {
    "the Eastern time": {"gameDateTimeEst": "2025-03-09T20:30:00Z"},
    "the Eastern date": {"gameDateEst": "2025-03-09T00:00:00Z"},
    "the date in UTC": {"gameDateUTC": "2025-03-09T04:00:00Z"},
    "the code": {"gameCode": "20250309/OKCUTA"},
}


@pytest.mark.parametrize("fields", DATES.values(), ids=DATES)
def test_a_game_without_a_time_is_dated_by_its_other_fields(fields: dict[str, str]) -> None:
    document = season()
    day = document["leagueSchedule"]["gameDates"][1]
    day["gameDate"] = "unknown"
    day["games"][0] |= {"gameDateTimeUTC": "", **fields}
    assert sum(read(document).damaged_elsewhere.values()) == 1
    assert judge(document).outcome is Outcome.OK


def test_a_game_that_nothing_dates_may_be_tonights() -> None:
    document = season(7)
    for day in document["leagueSchedule"]["gameDates"][1:]:
        day.pop("gameDate")
        day["games"][0]["gameDateTimeUTC"] = ""
    reading = read(document)
    assert len(tonight_of(reading)) == 3
    assert reading.unreadable_games == ("OKC@UTA",) * 7
    assert judge(document).outcome is Outcome.PARTIAL


def test_a_game_that_nothing_dates_is_tonights_when_it_is_on_the_slate() -> None:
    document = season(0)
    document["leagueSchedule"]["gameDates"][0].pop("gameDate")
    for tonight in games_of(document)[:2]:
        tonight["gameDateTimeUTC"] = ""
    slate = Slate(game_date=TONIGHT, games=(SlateGame(game_id=FIRST, away="BOS", home="NYK", tip_off=AS_OF),))
    assert sum(read(document, slate).damaged.values()) == 2
    assert judge(document, slate).outcome is Outcome.PARTIAL


@pytest.mark.parametrize(
    "odd", [None, "odd", {"gameDate": "03/09/2025 00:00:00"}, {"gameDate": "03/09/2025", "games": 7}]
)
def test_a_date_of_the_schedule_without_its_games_costs_itself(odd: object) -> None:
    document = season()
    document["leagueSchedule"]["gameDates"][1] = odd
    reading = read(document)
    assert len(tonight_of(reading)) == 3
    assert sum(reading.damaged.values()) + sum(reading.damaged_elsewhere.values()) == 1
    document["leagueSchedule"]["gameDates"][0] = {"gameDate": "01/10/2025 00:00:00"}
    assert judge(document).outcome is Outcome.WRONG_TYPE


@pytest.mark.parametrize("flag", [..., None, "", "false", 0, "N"])
def test_an_absent_flag_means_no(flag: object) -> None:
    document = season()
    for listed in games_of(document):
        listed.pop("isNeutral") if flag is ... else listed.update(isNeutral=flag)
        listed["postponedStatus"] = None
    reading = read(document)
    assert [(row["neutral_site"], row["status"]) for row in reading.rows] == [(False, "scheduled")] * 4
    assert (judge(document).outcome, reading.damaged) == (Outcome.OK, {})


def test_of_a_game_outside_the_nba_nothing_else_is_read() -> None:
    document = season()
    guest = deepcopy(games_of(document)[0]) | {"gameDateTimeUTC": None, "isNeutral": "perhaps"}
    guest["awayTeam"]["teamId"] = 0
    document["leagueSchedule"]["gameDates"][0]["games"].append(guest)
    reading = read(document)
    assert (reading.damaged, reading.rejected) == ({}, {"team or game outside the NBA": 1})
