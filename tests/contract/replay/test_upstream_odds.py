"""The odds provider on 2024-03-29: game lines from 07:55 ET, props from about 15:00 ET until tip-off."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.shapes.odds_api import game_lines
from tipoff.replay.shapes.view import ArchiveIndex, ArchiveView
from tipoff.vocabulary import eastern

Get = Callable[..., httpx.Response]
Event = dict[str, Any]

SPORT = "api.the-odds-api.com/v4/sports/basketball_nba"
KEY = {"apiKey": "any"}
LINES = {**KEY, "regions": "us", "markets": "h2h,spreads,totals", "oddsFormat": "american"}
PROPS = {**KEY, "regions": "us", "markets": "player_points", "oddsFormat": "american"}
WARRIORS_AT_HORNETS = "ee8cfaef963aea9276e133873f77c26a"  # tip-off 19:00 ET


def events(get: Get, at: str) -> list[Event]:
    listed: list[Event] = get(f"{SPORT}/events", at, **KEY).json()
    return listed


def props(get: Get, at: str, event_id: str = WARRIORS_AT_HORNETS) -> httpx.Response:
    return get(f"{SPORT}/events/{event_id}/odds", at, **PROPS)


def prices(event: Event) -> dict[tuple[str, str, str], tuple[float, float | None]]:
    return {
        (book["key"], market["key"], outcome["name"]): (outcome["price"], outcome.get("point"))
        for book in event["bookmakers"]
        for market in book["markets"]
        for outcome in market["outcomes"]
    }


@pytest.mark.data
def test_the_events_equal_the_recorded_ones(get: Get, payloads: Path) -> None:
    recorded = json.loads((payloads / "odds_api" / "historical_events_20240329.json").read_bytes())["data"]
    replayed = events(get, "2024-03-29 08:00")
    assert {event["id"]: event for event in replayed} == {event["id"]: event for event in recorded}


@pytest.mark.data
def test_the_game_lines_equal_the_recorded_ones(get: Get, payloads: Path) -> None:
    file = payloads / "odds_api" / "historical_odds_20240329_h2h_spreads_totals.json"
    recorded = {event["id"]: event for event in json.loads(file.read_bytes())["data"]}
    replayed = {event["id"]: event for event in get(f"{SPORT}/odds", "2024-03-29 08:00", **LINES).json()}
    assert replayed.keys() == recorded.keys()
    for event_id, event in replayed.items():
        assert prices(event) == prices(recorded[event_id])


def test_the_slate_is_listed_before_any_line_is_quoted(get: Get) -> None:
    at = "2024-03-29 07:55"
    assert len(events(get, at)) == 12
    assert [event["bookmakers"] for event in get(f"{SPORT}/odds", at, **LINES).json()] == [[]] * 12


def test_lines_without_a_recorded_update_time_have_the_snapshot_time(
    archive: Archive, altered: Callable[..., Archive]
) -> None:
    """Game lines without `last_update`, which imported files may lack."""
    at = eastern(date(2024, 3, 29), 12)
    unstamped = altered(game_lines=archive.game_lines.with_columns(last_update=pl.lit(None, pl.Datetime("us", "UTC"))))
    known, unknown = (
        json.loads(game_lines(ArchiveView(ArchiveIndex(each), at), LINES).body) for each in (archive, unstamped)
    )
    assert [prices(event) for event in unknown] == [prices(event) for event in known]
    books = [book for event in unknown for book in event["bookmakers"]]
    snapshots = {f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in archive.game_lines["snapshot_at"].unique()}
    assert {book["last_update"] for book in books} <= snapshots != set()


def test_started_games_leave_the_lists(get: Get) -> None:
    for time, left in {"18:59": 12, "19:00": 8, "21:29": 2, "21:30": 1, "22:00": 0}.items():
        tonight = [event for event in events(get, f"2024-03-29 {time}") if event["commence_time"] < "2024-03-30T12"]
        assert len(tonight) == left
    priced = get(f"{SPORT}/odds", "2024-03-29 19:00", **LINES).json()
    assert WARRIORS_AT_HORNETS not in {event["id"] for event in priced}


def test_a_game_without_archived_odds_has_a_synthetic_event_from_the_day_before(get: Get) -> None:
    tomorrow = events(get, "2024-03-29 22:30")
    assert tomorrow
    assert all(event["commence_time"].startswith("2024-03-3") for event in tomorrow)
    assert len({event["id"] for event in tomorrow}) == len(tomorrow)
    assert props(get, "2024-03-29 22:30", tomorrow[0]["id"]).json()["bookmakers"] == []


def test_props_appear_book_by_book_and_end_at_tip_off(get: Get) -> None:
    books = [len(props(get, f"2024-03-29 {time}").json()["bookmakers"]) for time in ("14:55", "15:01", "18:59")]
    assert books == [0, 10, 10]
    gone = props(get, "2024-03-29 19:00")
    assert gone.status_code == 404
    assert gone.json()["error_code"] == "EVENT_NOT_FOUND"


def test_all_quoted_players_are_served_with_both_prices(get: Get) -> None:
    outcomes = [
        outcome
        for event in events(get, "2024-03-29 15:05")
        for book in props(get, "2024-03-29 15:05", event["id"]).json()["bookmakers"]
        for outcome in book["markets"][0]["outcomes"]
    ]
    assert len({outcome["description"] for outcome in outcomes}) == 137
    assert {outcome["name"] for outcome in outcomes} == {"Over", "Under"}
    assert all(abs(outcome["price"]) >= 100 for outcome in outcomes)


def test_prices_have_the_requested_format(get: Get) -> None:
    american = props(get, "2024-03-29 15:05").json()["bookmakers"][0]["markets"][0]["outcomes"]
    query = {**PROPS, "oddsFormat": "decimal"}
    response = get(f"{SPORT}/events/{WARRIORS_AT_HORNETS}/odds", "2024-03-29 15:05", **query)
    decimal = response.json()["bookmakers"][0]["markets"][0]["outcomes"]
    pairs = {(one["price"], other["price"]) for one, other in zip(american, decimal, strict=True)}
    assert {-110: 1.91, -120: 1.83, -125: 1.8, 100: 2.0}.items() & pairs
    assert all((price > 0) == (equal >= 2) for price, equal in pairs)


def test_game_lines_are_limited_to_the_requested_times(get: Get) -> None:
    def commence_times(**hours: str) -> list[str]:
        events = get(f"{SPORT}/odds", "2024-03-29 08:00", **LINES, **hours).json()
        return sorted({event["commence_time"] for event in events})

    *early, last = commence_times()
    assert commence_times(commenceTimeFrom=last) == [last]
    assert commence_times(commenceTimeTo=early[-1]) == early
    assert commence_times(commenceTimeFrom="2024-03-30T12:00:00Z") == []


def test_credits_are_charged_by_market_and_only_for_responses_with_odds(get: Get) -> None:
    cost = "x-requests-last"
    assert get(f"{SPORT}/events", "2024-03-29 08:00", **KEY).headers[cost] == "0"
    assert get(f"{SPORT}/odds", "2024-03-29 08:00", **LINES).headers[cost] == "3"
    assert props(get, "2024-03-29 14:00").headers[cost] == "0"
    assert props(get, "2024-03-29 15:05").headers[cost] == "1"
    assert props(get, "2024-03-29 15:05").headers["x-requests-remaining"] == "499"


@pytest.mark.parametrize("path", ["events", "odds", f"events/{WARRIORS_AT_HORNETS}/odds"])
def test_a_request_without_a_key_is_a_401(get: Get, path: str) -> None:
    response = get(f"{SPORT}/{path}", "2024-03-29 15:05", regions="us")
    assert response.status_code == 401
    assert response.json()["error_code"] == "MISSING_KEY"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"markets": "player_assists"}, "INVALID_MARKET"),
        ({"regions": None}, "MISSING_REGION"),
        ({"oddsFormat": "roman"}, "INVALID_ODDS_FORMAT"),
    ],
)
def test_an_invalid_query_is_a_422(get: Get, change: dict[str, str | None], code: str) -> None:
    query = {name: value for name, value in {**PROPS, **change}.items() if value is not None}
    response = get(f"{SPORT}/events/{WARRIORS_AT_HORNETS}/odds", "2024-03-29 15:05", **query)
    assert (response.status_code, response.json()["error_code"]) == (422, code)


def test_an_unknown_event_is_a_404(get: Get) -> None:
    assert props(get, "2024-03-29 15:05", "0" * 32).status_code == 404
