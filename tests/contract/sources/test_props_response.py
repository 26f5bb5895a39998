"""A handmade props response in the provider's shape: which quotes are read, and for which player."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.support.slates import tip
from tipoff.sources.base import Judgement, KnownPlayer, ReadContext, Reading, Response, Slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome, SlateGame

DAY = date(2024, 3, 29)
GAME = SlateGame(game_id="0022301071", away="MIN", home="DEN", tip_off=datetime(2024, 3, 30, 2, 0, tzinfo=UTC))
AFTERNOON = datetime(2024, 3, 29, 19, 0, tzinfo=UTC)
MURRAY_OF_DENVER = KnownPlayer(player_id="1627750", player_name="Jamal Murray", team="DEN")
MURRAY_OF_ATLANTA = KnownPlayer(player_id="1627749", player_name="Dejounte Murray", team="ATL")
MURRAY_OF_SACRAMENTO = KnownPlayer(player_id="1630999", player_name="Keegan Murray", team="SAC")


def quote(side: str, player: str, point: float, price: int) -> dict[str, Any]:
    return {"name": side, "description": player, "price": price, "point": point}


def book(key: str, updated_at: datetime, *quotes: dict[str, Any]) -> dict[str, Any]:
    stamp = updated_at.isoformat().replace("+00:00", "Z")
    market = {"key": "player_points", "last_update": stamp, "outcomes": list(quotes)}
    return {"key": key, "title": key.title(), "markets": [market]}


PROPS, LINES = SOURCES["odds_api_player_points_props"], SOURCES["odds_api_game_lines"]
SLATE = Slate(game_date=DAY, games=(GAME,))


def body(*books: dict[str, Any], **changes: str) -> bytes:
    event = {
        "id": "0c27cbb0f7633e73a59fbb14d412dbf7",
        "sport_key": "basketball_nba",
        "sport_title": "NBA",
        "commence_time": tip(GAME).isoformat().replace("+00:00", "Z"),
        "home_team": "Denver Nuggets",
        "away_team": "Minnesota Timberwolves",
        "bookmakers": list(books),
    }
    return json.dumps(event | changes).encode()


def read(*books: dict[str, Any], players: tuple[KnownPlayer, ...] = (MURRAY_OF_DENVER,)) -> Reading:
    context = ReadContext(slate=SLATE, as_of=AFTERNOON, game_id=GAME.game_id, part="", players=players)
    return PROPS.read(body(*books), context)


def judge(content: bytes, fetched_at: datetime = AFTERNOON) -> Judgement:
    (request,) = PROPS.requests(SLATE, AFTERNOON, {GAME.game_id: "0c27cbb0f7633e73a59fbb14d412dbf7"})
    response = Response(status=200, headers={}, body=content, url="https://provider", fetched_at=fetched_at)
    return PROPS.judge(request, response, SLATE)


def over_and_under(player: str, point: float = 20.5) -> tuple[dict[str, Any], dict[str, Any]]:
    return quote("Over", player, point, -110), quote("Under", player, point, -115)


def test_a_quote_updated_after_tip_off_is_rejected_and_counted() -> None:
    before, after = AFTERNOON - timedelta(minutes=5), tip(GAME) + timedelta(minutes=20)
    reading = read(
        book("fanduel", before, *over_and_under("Jamal Murray", 20.5)),
        book("draftkings", after, *over_and_under("Jamal Murray", 26.5)),
    )
    assert [(row["book"], row["line"]) for row in reading.rows] == [("fanduel", 20.5)]
    assert sum(reading.rejected.values()) == 1


YESTERDAY = AFTERNOON - timedelta(hours=19)
MORNING = AFTERNOON - timedelta(hours=8)


def test_a_quote_last_updated_yesterday_is_rejected_and_counted() -> None:
    reading = read(
        book("fanduel", MORNING, *over_and_under("Jamal Murray", 20.5)),
        book("draftkings", YESTERDAY, *over_and_under("Jamal Murray", 26.5)),
    )
    assert [(row["book"], row["line"]) for row in reading.rows] == [("fanduel", 20.5)]
    assert reading.rejected == {"quoted too long ago": 1}


def test_a_game_whose_quotes_are_all_of_yesterday_is_stale() -> None:
    murray = over_and_under("Jamal Murray")
    judgement = judge(body(book("fanduel", YESTERDAY, *murray), book("draftkings", YESTERDAY, *murray)))
    assert judgement.outcome is Outcome.STALE
    assert judge(body(book("fanduel", YESTERDAY, *murray), book("draftkings", MORNING, *murray))).reason == (
        "MIN@DEN: lines for 1 player"
    )


def game_lines(updated_at: datetime) -> bytes:
    stamp = updated_at.isoformat().replace("+00:00", "Z")
    sides = [{"name": name, "price": -110} for name in ("Denver Nuggets", "Minnesota Timberwolves")]
    quoted = {
        "key": "fanduel",
        "title": "FanDuel",
        "last_update": stamp,
        "markets": [{"key": "h2h", "outcomes": sides}],
    }
    return b"[" + body(quoted) + b"]"


def test_game_lines_of_yesterday_are_stale() -> None:
    (request,) = LINES.requests(SLATE, AFTERNOON, {})
    outcomes, rows = [], []
    for updated_at in (YESTERDAY, MORNING):
        body = game_lines(updated_at)
        response = Response(status=200, headers={}, body=body, url="https://provider", fetched_at=AFTERNOON)
        outcomes.append(LINES.judge(request, response, SLATE).outcome)
        rows.append(len(LINES.read(body, ReadContext(slate=SLATE, as_of=AFTERNOON)).rows))
    assert (outcomes, rows) == ([Outcome.STALE, Outcome.OK], [0, 1])


def test_a_name_is_resolved_within_the_two_rosters_only() -> None:
    """Dejounte Murray plays for a team that is not in this game."""
    reading = read(
        book("fanduel", AFTERNOON, *over_and_under("Dejounte Murray"), *over_and_under("Jamal Murray")),
        players=(MURRAY_OF_DENVER, MURRAY_OF_ATLANTA, MURRAY_OF_SACRAMENTO),
    )
    player_ids = {row["player_name"]: row["player_id"] for row in reading.rows}
    assert player_ids == {"Dejounte Murray": None, "Jamal Murray": "1627750"}


def test_an_initial_resolves_when_only_one_player_of_the_two_teams_matches() -> None:
    reading = read(
        book("fanduel", AFTERNOON, *over_and_under("J. Murray")),
        players=(MURRAY_OF_DENVER, KnownPlayer(player_id="1", player_name="Jay Murray", team="BOS")),
    )
    assert {row["player_id"] for row in reading.rows} == {"1627750"}


def test_an_overlong_name_is_rejected_and_counted() -> None:
    overlong = "J" + "x" * 100
    reading = read(book("fanduel", AFTERNOON, *over_and_under(overlong), *over_and_under("Jamal Murray")))
    assert {row["player_name"] for row in reading.rows} == {"Jamal Murray"}
    assert (reading.unresolved, reading.rejected) == ((), {"name of more than 80 characters": 2})


def test_a_moved_event_is_not_reported_as_begun() -> None:
    quoted = book("fanduel", AFTERNOON, *over_and_under("Jamal Murray"))
    moved = judge(body(quoted, commence_time="2024-04-02T02:00:00Z"))
    assert moved.outcome is Outcome.GONE
    assert moved.reason == "the event of MIN@DEN is now Minnesota Timberwolves at Denver Nuggets on 2024-04-01"
    begun = judge(body(quoted), tip(GAME))
    assert (begun.outcome, begun.reason) == (Outcome.GONE, "MIN@DEN has begun")
