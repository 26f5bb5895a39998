"""Box scores of single games and of other providers: which games have a result, and whose rows they are."""

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from devtools.recorded_responses import (
    BDL_BOX,
    BDL_BOX_2026,
    ESPN_BOX,
    LIVE_BOX,
    TEAM_BOX,
    TEAM_BOX_V2,
    Case,
    Recordings,
    utc,
)
from tipoff.errors import ContractError
from tipoff.sources.base import Request, Row
from tipoff.vocabulary import Outcome


def row_of(rows: tuple[Row, ...], **wanted: object) -> Row:
    (row,) = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return row


def outcome_of(recordings: Recordings, case: Case, document: object, status: int = 200) -> Outcome:
    response = recordings.response(case, status, json.dumps(document).encode())
    return case.source.judge(recordings.request(case), response, case.slate).outcome


def test_team_totals_have_both_sides(recordings: Recordings) -> None:
    raptors, bucks = recordings.read(TEAM_BOX).rows
    assert (raptors["team"], raptors["opponent"], raptors["home"], raptors["win"]) == ("TOR", "MIL", True, True)
    assert (bucks["team"], bucks["opponent"], bucks["home"], bucks["win"]) == ("MIL", "TOR", False, False)
    assert [raptors[name] for name in ("points", "fgm", "fga", "fta", "oreb", "tov")] == [128, 44, 91, 29, 10, 9]
    assert (raptors["minutes"], raptors["season"], bucks["points"]) == (240.0, "2025-26", 100)


def test_the_older_shape_of_team_totals_reads_the_same_columns(recordings: Recordings) -> None:
    rows = recordings.read(TEAM_BOX_V2).rows
    knicks, sixers = row_of(rows, team="NYK"), row_of(rows, team="PHI")
    assert (knicks["points"], sixers["points"], knicks["win"], sixers["home"]) == (125, 119, True, True)
    assert [sixers[name] for name in ("minutes", "tov", "reb", "fg3a", "pf")] == [265.0, 12, 35, 35, 19]
    assert knicks.keys() == recordings.read(TEAM_BOX).rows[0].keys()


def played_until(recordings: Recordings, minutes: str, away_points: int = 100) -> Any:
    """The recorded team box score as of so many minutes played."""
    document = recordings.document(TEAM_BOX)
    for side in ("homeTeam", "awayTeam"):
        document["boxScoreTraditional"][side]["statistics"]["minutes"] = minutes
    document["boxScoreTraditional"]["awayTeam"]["statistics"]["points"] = away_points
    return document


@pytest.mark.parametrize(
    ("minutes", "away_points"),
    [("212:30", 100), ("215:00", 100), ("0:00", 0), ("240:00", 128), ("250:00", 100), ("252:10", 100), ("265:00", 128)],
)
def test_totals_of_an_unfinished_game_are_not_published_yet(
    recordings: Recordings, minutes: str, away_points: int
) -> None:
    document = played_until(recordings, minutes, away_points)
    assert outcome_of(recordings, TEAM_BOX, document) is Outcome.NOT_PUBLISHED_YET
    reading = recordings.read(TEAM_BOX, document)
    assert (reading.rows, reading.rejected) == ((), {"game not final": 2})


def test_totals_whose_sides_did_not_play_the_same_time_are_not_published_yet(recordings: Recordings) -> None:
    document = played_until(recordings, "240:00")
    document["boxScoreTraditional"]["homeTeam"]["statistics"]["minutes"] = "265:00"
    assert outcome_of(recordings, TEAM_BOX, document) is Outcome.NOT_PUBLISHED_YET


@pytest.mark.parametrize("minutes", ["240:00", "265:00", "315:00"])
def test_totals_of_whole_periods_with_a_leader_are_a_result(recordings: Recordings, minutes: str) -> None:
    assert outcome_of(recordings, TEAM_BOX, played_until(recordings, minutes)) is Outcome.OK


def test_a_finished_game_without_totals_is_suspicious(recordings: Recordings) -> None:
    document = recordings.document(TEAM_BOX)
    for side in ("homeTeam", "awayTeam"):
        document["boxScoreTraditional"][side] |= {"players": [], "statistics": None, "starters": None, "bench": None}
    assert outcome_of(recordings, TEAM_BOX, document) is Outcome.SUSPICIOUSLY_EMPTY
    assert recordings.read(TEAM_BOX, document).rows == ()


@pytest.mark.parametrize("case", [TEAM_BOX, TEAM_BOX_V2, LIVE_BOX], ids=lambda case: case.file)
def test_the_box_score_of_another_game_than_requested_is_refused(recordings: Recordings, case: Case) -> None:
    context = recordings.context(case).model_copy(update={"game_id": "0022301062"})
    with pytest.raises(ContractError, match="requested 0022301062"):
        case.source.read(recordings.body(case), context)


@pytest.mark.parametrize("case", [TEAM_BOX, TEAM_BOX_V2, LIVE_BOX], ids=lambda case: case.file)
def test_a_box_score_with_other_teams_is_refused(recordings: Recordings, case: Case) -> None:
    others = [game.model_copy(update={"home": "DEN"}) for game in case.slate.games]
    context = recordings.context(case).model_copy(
        update={"slate": case.slate.model_copy(update={"games": tuple(others)})}
    )
    with pytest.raises(ContractError, match="@DEN"):
        case.source.read(recordings.body(case), context)


def test_a_live_box_score_has_the_players_who_played_with_exact_minutes(recordings: Recordings) -> None:
    reading = recordings.read(LIVE_BOX)
    assert len(reading.rows) == 18
    assert reading.rejected == {"did not play": 12}
    embiid = row_of(reading.rows, player_id="203954")
    assert (embiid["player_name"], embiid["team"], embiid["opponent"], embiid["home"]) == (
        "Joel Embiid",
        "PHI",
        "BKN",
        False,
    )
    assert (embiid["points"], embiid["reb"], embiid["plus_minus"], embiid["season"]) == (14, 10, 4.0, "2022-23")
    assert embiid["minutes"] == pytest.approx(37 + 37.95 / 60)
    points = {team: sum(row["points"] for row in reading.rows if row["team"] == team) for team in ("PHI", "BKN")}
    assert points == {"PHI": 102, "BKN": 97}  # the final score
    minutes = {team: sum(row["minutes"] for row in reading.rows if row["team"] == team) for team in ("PHI", "BKN")}
    assert minutes == {"PHI": pytest.approx(240, abs=0.05), "BKN": pytest.approx(240, abs=0.05)}


@pytest.mark.parametrize(("status", "text"), [(1, "7:30 pm ET"), (1, "PPD"), (2, "Q4 2:30")])
def test_an_unfinished_live_box_score_is_not_published_yet(recordings: Recordings, status: int, text: str) -> None:
    document = recordings.document(LIVE_BOX)
    document["game"] |= {"gameStatus": status, "gameStatusText": text}
    assert outcome_of(recordings, LIVE_BOX, document) is Outcome.NOT_PUBLISHED_YET
    reading = recordings.read(LIVE_BOX, document)
    assert (reading.rows, reading.rejected) == ((), {"game not final": 30})


def test_a_final_live_box_score_without_one_player_is_suspicious(recordings: Recordings) -> None:
    document = recordings.document(LIVE_BOX)
    del document["game"]["awayTeam"]["players"][2]
    assert outcome_of(recordings, LIVE_BOX, document) is Outcome.SUSPICIOUSLY_EMPTY
    reading = recordings.read(LIVE_BOX, document)
    assert reading.rows == ()
    assert reading.rejected == {"player points do not add up to the game's score": 29}


@pytest.mark.parametrize(
    ("fetched_at", "status", "outcome"),
    [
        (utc(2023, 4, 20, 23, 29), 403, Outcome.NOT_PUBLISHED_YET),
        (utc(2023, 4, 20, 23, 29), 404, Outcome.NOT_PUBLISHED_YET),
        (utc(2023, 4, 21, 4, 0), 403, Outcome.BLOCKED),
        (utc(2023, 4, 21, 4, 0), 404, Outcome.GONE),
    ],
)
def test_a_refused_live_box_score_is_not_published_yet_only_before_tip_off(
    recordings: Recordings, fetched_at: Any, status: int, outcome: Outcome
) -> None:
    denied = recordings.response(LIVE_BOX, status, b"<Error><Code>AccessDenied</Code></Error>")
    response = denied.model_copy(update={"fetched_at": fetched_at})
    assert LIVE_BOX.source.judge(recordings.request(LIVE_BOX), response, LIVE_BOX.slate).outcome is outcome


def test_balldontlie_box_scores_equal_the_league_log(recordings: Recordings) -> None:
    reading = recordings.read(BDL_BOX)
    assert (reading.unresolved, reading.rejected) == ((), {"did not play": 155})
    log = pl.read_parquet(recordings.folder / "player_games/player_game_logs_2023-24.parquet").filter(
        GAME_DATE="2024-01-15"
    )
    official = {  # rebounds and attempts of three players were corrected after this response
        (row["GAME_ID"], f"{row['PLAYER_ID']}"): [row[name] for name in ("PTS", "FTA", "TOV", "FG3M")]
        for row in log.iter_rows(named=True)
    }
    ours = {
        (row["game_id"], row["player_id"]): [row[name] for name in ("points", "fta", "tov", "fg3m")]
        for row in reading.rows
    }
    assert ours == official
    embiid = row_of(reading.rows, player_id="203954")
    assert (embiid["points"], embiid["minutes"], embiid["opponent"], embiid["home"]) == (41, 31.0, "HOU", True)


def test_the_current_balldontlie_shape_has_the_same_results(recordings: Recordings) -> None:
    old, new = recordings.read(BDL_BOX), recordings.read(BDL_BOX_2026)
    changed = ("minutes", "plus_minus")
    assert [{**row, **dict.fromkeys(changed)} for row in new.rows] == [
        {**row, **dict.fromkeys(changed)} for row in old.rows
    ]
    embiid = row_of(new.rows, player_id="203954")
    assert (embiid["minutes"], embiid["plus_minus"]) == (31.5, 3.0)


def test_a_balldontlie_page_before_the_last_is_partial_and_names_the_cursor(recordings: Recordings) -> None:
    document = recordings.document(BDL_BOX) | {"meta": {"next_cursor": 7, "per_page": 100}}
    body = json.dumps(document).encode()
    verdict = BDL_BOX.source.judge(recordings.request(BDL_BOX), recordings.response(BDL_BOX, body=body), BDL_BOX.slate)
    assert verdict.outcome is Outcome.PARTIAL
    assert verdict.reason.endswith("the next page starts at cursor 7")


def test_balldontlie_pages_are_requested_by_cursor_until_the_last(recordings: Recordings) -> None:
    (first,) = BDL_BOX.source.requests(BDL_BOX.slate, BDL_BOX.as_of, {})
    last = recordings.body(BDL_BOX_2026)
    cut = json.dumps(recordings.document(BDL_BOX) | {"meta": {"next_cursor": 7, "per_page": 100}}).encode()
    second = BDL_BOX.source.next_page(first, cut)
    assert second is not None
    assert (second.params, second.part) == ({**first.params, "cursor": "7"}, "page 2")
    assert BDL_BOX.source.next_page(second, last) is None
    assert BDL_BOX.source.next_page(second, cut) is None, "the same cursor again would be an endless loop"
    requested: list[Request] = []
    request: Request | None = first
    while request:
        requested.append(request)
        request = BDL_BOX.source.next_page(request, cut.replace(b": 7", b": %d" % len(requested)))
    assert len(requested) == 4


def test_an_incomplete_balldontlie_game_is_left_to_the_next_source(recordings: Recordings) -> None:
    document = recordings.document(BDL_BOX)
    document["data"][0]["home_team"]["players"] = document["data"][0]["home_team"]["players"][1:]
    body = json.dumps(document).encode()
    verdict = BDL_BOX.source.judge(recordings.request(BDL_BOX), recordings.response(BDL_BOX, body=body), BDL_BOX.slate)
    assert (verdict.outcome, verdict.reason) == (Outcome.PARTIAL, "1 of 11 games missing: HOU@PHI")
    reading = recordings.read(BDL_BOX, document)
    assert "0022300555" not in {row["game_id"] for row in reading.rows}
    assert reading.rejected["player points do not add up to the game's score"] == 35


def test_balldontlie_games_that_are_not_final_make_no_rows(recordings: Recordings) -> None:
    document = recordings.document(BDL_BOX)
    for box in document["data"]:
        box["status"] = "3rd Qtr"
    assert outcome_of(recordings, BDL_BOX, document) is Outcome.NOT_PUBLISHED_YET
    assert recordings.read(BDL_BOX, document).rows == ()


def test_balldontlie_box_scores_of_yesterday_are_stale(recordings: Recordings) -> None:
    document = recordings.document(BDL_BOX)
    for box in document["data"]:
        box["date"] = "2024-01-14"
    assert outcome_of(recordings, BDL_BOX, document) is Outcome.STALE
    assert recordings.read(BDL_BOX, document).rows == ()


def test_no_balldontlie_box_scores_after_the_games_are_suspicious(recordings: Recordings) -> None:
    recorded = replace(BDL_BOX, file="balldontlie/box_scores_d62cc934.json")
    assert outcome_of(recordings, recorded, recordings.document(recorded)) is Outcome.SUSPICIOUSLY_EMPTY
    assert recordings.read(recorded).rows == ()


def test_an_unresolved_balldontlie_name_is_reported_with_the_nearest_names(recordings: Recordings) -> None:
    document = recordings.document(BDL_BOX)
    embiid = next(
        listed for listed in document["data"][0]["home_team"]["players"] if listed["player"]["last_name"] == "Embiid"
    )
    embiid["player"]["last_name"] = "Embeed"
    (unresolved,) = recordings.read(BDL_BOX, document).unresolved
    key = tuple(unresolved[column] for column in ("player_name", "game_id", "team"))
    assert key == ("Joel Embeed", "0022300555", "PHI")
    assert unresolved["candidates"].startswith("Joel Embiid; ")


def test_an_espn_box_score_has_the_players_who_played(recordings: Recordings) -> None:
    reading = recordings.read(ESPN_BOX)
    assert (len(reading.rows), reading.rejected, reading.unresolved) == (20, {"did not play": 4}, ())
    points = {team: sum(row["points"] for row in reading.rows if row["team"] == team) for team in ("ATL", "BOS")}
    assert points == {"ATL": 88, "BOS": 72}  # the final score
    white = row_of(reading.rows, player_name="Derrick White")
    assert (white["player_id"], white["team"], white["opponent"], white["home"]) == ("1628401", "BOS", "ATL", True)
    counts = ("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb", "ast", "stl", "blk", "tov")
    assert [white[name] for name in counts] == [4, 1, 5, 0, 1, 2, 2, 1, 7, 8, 1, 0, 0, 0]
    assert (white["minutes"], white["pf"], white["plus_minus"]) == (33.0, 1, -12.0)


def test_an_espn_box_score_of_the_wnba_is_refused(recordings: Recordings) -> None:
    recorded = replace(ESPN_BOX, turned=None)
    assert outcome_of(recordings, recorded, recordings.document(recorded)) is Outcome.WRONG_TYPE
    with pytest.raises(ContractError, match=r"header\.uid: is of another league"):
        recordings.read(recorded)


def test_an_espn_box_score_of_an_all_star_team_is_refused_by_name(recordings: Recordings) -> None:
    document = recordings.document(ESPN_BOX)
    document["header"]["competitions"][0]["competitors"][0]["team"]["id"] = "132374"
    response = recordings.response(ESPN_BOX, 200, json.dumps(document).encode())
    judgement = ESPN_BOX.source.judge(recordings.request(ESPN_BOX), response, ESPN_BOX.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE
    assert "team.id: '132374' is not an NBA team" in judgement.reason


def espn_block(document: Any) -> Any:
    return document["boxscore"]["players"][0]["statistics"][0]


def test_espn_statistics_are_found_by_key_in_any_order(recordings: Recordings) -> None:
    document = recordings.document(ESPN_BOX)
    for block in (document["boxscore"]["players"][team]["statistics"][0] for team in (0, 1)):
        for values in (block["keys"], *(listed["stats"] for listed in block["athletes"])):
            values.reverse()
    assert recordings.read(ESPN_BOX, document).rows == recordings.read(ESPN_BOX).rows


def test_a_new_espn_key_is_reported_and_a_missing_one_is_refused(recordings: Recordings) -> None:
    document = recordings.document(ESPN_BOX)
    espn_block(document)["keys"][13] = "netPoints"
    reading = recordings.read(ESPN_BOX, document)
    assert reading.unknown_fields == ("$.boxscore.players[].statistics[].keys[].netPoints",)
    assert row_of(reading.rows, player_name="Trae Young")["plus_minus"] is None
    espn_block(document)["keys"][1] = "score"
    with pytest.raises(ContractError, match="keys: have no points"):
        recordings.read(ESPN_BOX, document)


@pytest.mark.parametrize(("index", "statistic"), [(0, "--"), (1, "-3"), (2, "4"), (2, "4-9-1"), (5, 3), (13, "4.5")])
def test_an_invalid_espn_statistic_costs_its_player(recordings: Recordings, index: int, statistic: object) -> None:
    document = recordings.document(ESPN_BOX)
    espn_block(document)["athletes"][0]["stats"][index] = statistic
    reading = recordings.read(ESPN_BOX, document)
    ((problem, count),) = reading.damaged.items()
    assert (len(reading.rows), count) == (19, 1)
    assert "is invalid for" in problem
    assert outcome_of(recordings, ESPN_BOX, document) is Outcome.PARTIAL


@pytest.mark.parametrize(
    ("status", "state"), [("STATUS_SCHEDULED", "pre"), ("STATUS_IN_PROGRESS", "in"), ("STATUS_POSTPONED", "post")]
)
def test_an_espn_game_that_is_not_final_makes_no_rows(recordings: Recordings, status: str, state: str) -> None:
    document = recordings.document(ESPN_BOX)
    document["header"]["competitions"][0]["status"]["type"] |= {"name": status, "state": state}
    assert outcome_of(recordings, ESPN_BOX, document) is Outcome.NOT_PUBLISHED_YET
    reading = recordings.read(ESPN_BOX, document)
    assert (reading.rows, reading.rejected) == ((), {"game not final": 24})


def test_a_final_espn_game_without_players_is_suspicious(recordings: Recordings) -> None:
    document = recordings.document(ESPN_BOX)
    del document["boxscore"]["players"]
    assert outcome_of(recordings, ESPN_BOX, document) is Outcome.SUSPICIOUSLY_EMPTY
    assert recordings.read(ESPN_BOX, document).rows == ()


@pytest.mark.parametrize("date", ["2024-11-12T00:00Z", "2024-11-14T00:00Z"])
def test_an_espn_game_of_another_date_is_refused(recordings: Recordings, date: str) -> None:
    document = recordings.document(ESPN_BOX)
    document["header"]["competitions"][0]["date"] = date
    with pytest.raises(ContractError, match="requested game 0022400001 of 2024-11-12"):
        recordings.read(ESPN_BOX, document)


def test_an_overlong_espn_name_is_counted_and_not_passed_on(recordings: Recordings) -> None:
    document = recordings.document(ESPN_BOX)
    espn_block(document)["athletes"][0]["athlete"]["displayName"] = "Trae " * 20
    reading = recordings.read(ESPN_BOX, document)
    assert (len(reading.rows), reading.unresolved) == (19, ())
    assert reading.rejected == {"did not play": 4, "name of more than 80 characters": 1}


def test_espn_box_scores_are_requested_only_for_games_with_an_event_id() -> None:
    ids = {"0022400001": "401704627"}
    (request,) = ESPN_BOX.source.requests(ESPN_BOX.slate, ESPN_BOX.as_of, ids)
    assert (request.params, request.game_id, request.part) == ({"event": "401704627"}, "0022400001", "ATL@BOS")
    assert ESPN_BOX.source.requests(ESPN_BOX.slate, ESPN_BOX.as_of, {}) == ()
    assert ESPN_BOX.source.requests(ESPN_BOX.slate, utc(2024, 11, 13, 1, 0), ids) == ()
