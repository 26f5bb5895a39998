"""The NBA's schedule, crews, standings, scoreboard, player list and game log around 2024-03-29."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from tipoff.replay.archive import Archive
from tipoff.replay.upstream import Upstream

Get = Callable[..., httpx.Response]
Row = dict[str, Any]

SCHEDULE = "cdn.nba.com/static/json/staticData/scheduleLeagueV2.json"
SCOREBOARD = "cdn.nba.com/static/json/liveData/scoreboard/todaysScoreboard_00.json"
PLAYERS = "stats.nba.com/stats/playerindex"
OFFICIALS = "official.nba.com/wp-json/api/v1/get-game-officials"
STANDINGS = "api.balldontlie.io/v1/standings"
LOG = "stats.nba.com/stats/leaguegamelog"
WARRIORS_AT_HORNETS = "0022301062"  # 19:00 ET, 115-97
KNICKS_AT_SPURS = "0022301070"  # 20:00 ET, 126-130 in overtime


def scheduled(response: httpx.Response) -> dict[str, Row]:
    dates = response.json()["leagueSchedule"]["gameDates"]
    return {game["gameId"]: game for day in dates for game in day["games"]}


def on_board(response: httpx.Response, game_id: str = WARRIORS_AT_HORNETS) -> Row:
    games: list[Row] = response.json()["scoreboard"]["games"]
    return next(game for game in games if game["gameId"] == game_id)


def rows(response: httpx.Response) -> list[Row]:
    table = response.json()["resultSets"][0]
    return [dict(zip(table["headers"], row, strict=True)) for row in table["rowSet"]]


def test_crews_are_published_at_0915_on_the_date(get: Get) -> None:
    def crews(at: str) -> list[Row]:
        listed: list[Row] = get(OFFICIALS, at, date="2024-03-29").json()["nba"]["Table"]["rows"]
        return listed

    assert crews("2024-03-29 09:14") == crews("2024-03-28 12:00") == []
    hornets = next(row for row in crews("2024-03-29 09:15") if row["game_id"] == WARRIORS_AT_HORNETS)
    assert [hornets[f"official{position}"] for position in (1, 2, 3, 4)] == [
        *("Sean Corbin", "Mark Lindsay", "Derek Richardson"),
        None,
    ]
    assert (hornets["game_date"], hornets["game_code"]) == ("03/29/2024", "20240329/GSWCHA")
    assert len(crews("2024-03-29 23:00")) == 12
    assert get(OFFICIALS, "2024-03-29 12:00", date="03/29/2024").status_code == 400


def standing(response: httpx.Response, team: str) -> Row:
    entries: list[Row] = response.json()["data"]
    return next(entry for entry in entries if entry["team"]["abbreviation"] == team)


def test_standings_count_the_final_games(get: Get) -> None:
    before, after = (get(STANDINGS, at, season="2023") for at in ("2024-03-29 18:59", "2024-03-30 06:00"))
    assert (standing(before, "BOS")["wins"], standing(before, "BOS")["losses"]) == (57, 16)
    figures = ("wins", "losses", "road_record", "conference_rank")
    assert [standing(before, "GSW")[name] for name in figures] == [38, 34, "20-15", 10]
    assert [standing(after, "GSW")[name] for name in figures] == [39, 34, "21-15", 10]
    assert standing(before, "MIN")["division_rank"] == 3
    assert standing(after, "MIN")["division_rank"] == 2  # beat Denver in Denver
    assert get(STANDINGS, "2024-03-29 12:00", season="2024").json() == {"data": []}
    assert get(STANDINGS, "2024-03-29 12:00").status_code == 400


@pytest.mark.data
def test_teams_have_their_conferences_and_divisions(get: Get, payloads: Path) -> None:
    recorded = json.loads((payloads / "balldontlie/standings_395a0451.json").read_text())
    replayed = get(STANDINGS, "2024-03-29 12:00", season="2023").json()
    by_id = {entry["team"]["id"]: entry["team"] for entry in recorded["data"]}
    assert {entry["team"]["id"]: entry["team"] for entry in replayed["data"]} == by_id


def test_the_schedule_lists_the_slate_without_results_in_the_morning(get: Get) -> None:
    games = scheduled(get(SCHEDULE, "2024-03-29 06:00"))
    slate = [game for game in games.values() if game["gameCode"].startswith("20240329/")]
    assert len(slate) == 12
    assert {game["gameStatus"] for game in slate} == {1}
    assert {game[side]["score"] for game in slate for side in ("homeTeam", "awayTeam")} == {0}


def test_only_the_utc_time_of_the_schedule_is_utc(get: Get) -> None:
    game = scheduled(get(SCHEDULE, "2024-03-29 06:00"))[WARRIORS_AT_HORNETS]
    assert game["gameDateTimeUTC"] == "2024-03-29T23:00:00Z"
    assert game["gameDateTimeEst"] == "2024-03-29T19:00:00Z"
    assert game["gameStatusText"] == "7:00 pm ET"
    assert game["gameDateEst"] == "2024-03-29T00:00:00Z"
    assert game["gameDateUTC"] == "2024-03-29T04:00:00Z"


def test_the_schedule_has_the_results_and_records_of_the_night_before(get: Get) -> None:
    finished = [game for game in scheduled(get(SCHEDULE, "2024-03-29 06:00")).values() if game["gameStatus"] == 3]
    assert max(game["gameCode"] for game in finished).startswith("20240328/")
    celtics = [
        game[side] for game in finished for side in ("homeTeam", "awayTeam") if game[side]["teamTricode"] == "BOS"
    ]
    assert (celtics[-1]["wins"], celtics[-1]["losses"]) == (57, 16)


def test_a_game_is_scheduled_then_in_play_then_final(get: Get) -> None:
    games = [on_board(get(SCOREBOARD, f"2024-03-29 {time}")) for time in ("18:59", "20:10", "21:19", "21:20")]
    assert [game["gameStatus"] for game in games] == [1, 2, 2, 3]
    assert [game["gameStatusText"] for game in games] == ["7:00 pm ET", "Q2 00:00", "Q4 00:21", "Final"]
    assert [game["gameClock"] for game in games] == ["", "PT00M00.00S", "PT00M21.00S", ""]
    assert [game["awayTeam"]["score"] for game in games] == [0, 57, 114, 115]
    assert [game["homeTeam"]["score"] for game in games] == [0, 48, 96, 97]


def test_the_periods_add_up_to_the_score_while_the_game_runs(get: Get) -> None:
    for minute in range(0, 60, 7):
        for side in ("homeTeam", "awayTeam"):
            team = on_board(get(SCOREBOARD, f"2024-03-29 20:{minute:02d}"))[side]
            assert sum(period["score"] for period in team["periods"]) == team["score"]


def test_overtime_shows_as_a_fifth_period_and_ends_later(get: Get) -> None:
    games = [on_board(get(SCOREBOARD, f"2024-03-29 {time}"), KNICKS_AT_SPURS) for time in ("22:26", "22:32")]
    assert [game["gameStatusText"] for game in games] == ["OT1 02:30", "Final/OT"]
    assert [len(game["homeTeam"]["periods"]) for game in games] == [5, 5]
    assert games[1]["homeTeam"]["score"] == 130


def test_the_scoreboard_changes_to_the_new_date_at_ten(get: Get) -> None:
    dates = [
        get(SCOREBOARD, f"2024-03-{time}").json()["scoreboard"]["gameDate"]
        for time in ("29 09:59", "29 10:00", "30 01:30", "30 09:59")
    ]
    assert dates == ["2024-03-28", "2024-03-29", "2024-03-29", "2024-03-29"]


def test_the_scoreboard_of_a_date_without_games_is_empty(get: Get) -> None:
    assert get(SCOREBOARD, "2024-02-17 12:00").json()["scoreboard"]["games"] == []


@pytest.mark.parametrize("address", [SCHEDULE, SCOREBOARD, PLAYERS, LOG + "?PlayerOrTeam=P&Season=2023-24"])
def test_the_nba_denies_requests_without_its_referer(address: str, upstream: Upstream, client: httpx.Client) -> None:
    response = client.get(f"{upstream.url}/{address}", headers={"X-Tipoff-As-Of": "2024-03-29T17:15:00+00:00"})
    assert response.status_code == 403
    assert b"<Code>AccessDenied</Code>" in response.content


def test_the_player_list_has_every_team_and_inactive_players(get: Get) -> None:
    players = rows(get(PLAYERS, "2024-03-29 06:00", Season="2023-24"))
    assert len({row["TEAM_ABBREVIATION"] for row in players}) == 30
    assert len({row["PERSON_ID"] for row in players}) == len(players) > 450
    lamelo = next(row for row in players if row["PLAYER_LAST_NAME"] == "Ball" and row["TEAM_ABBREVIATION"] == "CHA")
    assert (lamelo["PLAYER_FIRST_NAME"], lamelo["TEAM_CITY"], lamelo["TEAM_SLUG"]) == (
        "LaMelo",
        "Charlotte",
        "hornets",
    )


def test_the_player_list_is_the_same_before_and_after_the_games(get: Get) -> None:
    before = get(PLAYERS, "2024-03-29 06:00", Season="2023-24")
    assert before.content == get(PLAYERS, "2024-03-29 23:59", Season="2023-24").content


def test_a_games_rows_appear_five_minutes_after_its_end(get: Get) -> None:
    tonight = {"Season": "2023-24", "PlayerOrTeam": "P", "DateFrom": "03/29/2024", "DateTo": "03/29/2024"}
    assert rows(get(LOG, "2024-03-29 21:24", **tonight)) == []
    first = rows(get(LOG, "2024-03-29 21:25", **tonight))
    assert WARRIORS_AT_HORNETS in {row["GAME_ID"] for row in first}
    complete = rows(get(LOG, "2024-03-30 06:00", **tonight))
    assert len({row["GAME_ID"] for row in complete}) == 12
    assert len(complete) == 258


def test_an_open_range_is_the_season_to_date(get: Get, archive: Archive) -> None:
    to_date = rows(get(LOG, "2024-03-29 06:00", Season="2023-24", PlayerOrTeam="P"))
    played = archive.player_box.filter(pl.col("game_date") < date(2024, 3, 29))
    assert len(to_date) == played.height
    assert sum(row["PTS"] for row in to_date) == played["points"].sum()


def test_team_rows_are_the_sums_of_their_players(get: Get) -> None:
    tonight = {"Season": "2023-24", "DateFrom": "03/29/2024", "DateTo": "03/29/2024"}
    players = rows(get(LOG, "2024-03-30 06:00", PlayerOrTeam="P", **tonight))
    teams = rows(get(LOG, "2024-03-30 06:00", PlayerOrTeam="T", **tonight))
    assert len(teams) == 24
    for team in teams:
        player_rows = [row for row in players if row["TEAM_ID"] == team["TEAM_ID"]]
        assert sum(row["PTS"] for row in player_rows) == team["PTS"]
        assert {row["WL"] for row in player_rows} == {team["WL"]}
        assert team["MIN"] == (265 if team["GAME_ID"] == KNICKS_AT_SPURS else 240)


def test_other_season_types_and_unknown_seasons_have_no_rows(get: Get) -> None:
    assert rows(get(LOG, "2024-03-30 06:00", Season="2023-24", PlayerOrTeam="P", SeasonType="Playoffs")) == []
    assert rows(get(LOG, "2024-03-30 06:00", Season="1946-47", PlayerOrTeam="P")) == []


@pytest.mark.parametrize("query", [{}, {"Season": "2023-24", "DateFrom": "2024-03-29"}])
def test_the_log_responds_to_an_invalid_query_with_400(get: Get, query: dict[str, str]) -> None:
    assert get(LOG, "2024-03-30 06:00", PlayerOrTeam="P", **query).status_code == 400


@pytest.mark.data
def test_log_rows_equal_the_recorded_rows(get: Get, shared_data: Path) -> None:
    file = shared_data / "player_games" / "player_game_logs_2023-24.parquet"
    recorded = {
        (row["GAME_ID"], row["PLAYER_ID"]): row
        for row in pl.read_parquet(file).filter(pl.col("GAME_DATE") == "2024-03-29").iter_rows(named=True)
    }
    replayed = rows(get(LOG, "2024-03-30 06:00", Season="2023-24", PlayerOrTeam="P", DateFrom="03/29/2024"))
    assert len(replayed) == len(recorded)
    for row in replayed:
        own = recorded[row["GAME_ID"], row["PLAYER_ID"]]
        assert row["SEASON_ID"] == str(own["SEASON_ID"])
        assert abs(row["MIN"] - own["MIN"]) <= 1
        same = row.keys() - {"SEASON_ID", "MIN"}
        assert {name: row[name] for name in same} == {name: own[name] for name in same}


def test_a_request_needs_an_as_of_time_with_an_offset(upstream: Upstream, client: httpx.Client) -> None:
    for header in ({}, {"X-Tipoff-As-Of": "yesterday"}, {"X-Tipoff-As-Of": "2024-03-29T17:15:00"}):
        response = client.get(f"{upstream.url}/{SCOREBOARD}", headers=header)
        assert response.status_code == 400
        assert "X-Tipoff-As-Of" in response.text
    assert client.get(f"{upstream.url}/health").status_code == 200


def test_an_unknown_address_is_a_404_that_names_it(get: Get) -> None:
    response = get("stats.nba.com/stats/shotchartdetail", "2024-03-29 06:00")
    assert response.status_code == 404
    assert "shotchartdetail" in response.text


def test_the_offset_of_the_as_of_time_does_not_matter(upstream: Upstream, client: httpx.Client) -> None:
    as_of = datetime(2024, 3, 30, 0, 10, tzinfo=UTC)
    responses = {
        client.get(
            f"{upstream.url}/{SCOREBOARD}",
            headers={"X-Tipoff-As-Of": header, "Referer": "https://www.nba.com/"},
        ).content
        for header in (as_of.isoformat(), "2024-03-30T00:10:00Z", "2024-03-29T20:10:00-04:00")
    }
    assert len(responses) == 1
