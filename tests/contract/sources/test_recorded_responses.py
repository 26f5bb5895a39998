"""Every reader on a recorded response of its provider."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from devtools.recorded_responses import (
    BDL_INJURIES,
    BDL_INJURIES_OF_A_TEAM,
    BETTINGPROS_EVENTS,
    BETTINGPROS_POINTS,
    BOX_SCORES,
    CASES,
    ESPN_SCHEDULE,
    ESPN_SCOREBOARD,
    EVENTS,
    GAME_LINES,
    HISTORY,
    INJURIES,
    JANUARY_24,
    MARCH_15,
    MOVEMENT,
    PLAYER_LIST,
    PRESEASON,
    PROPS,
    REFEREES,
    ROSTER,
    SCHEDULE,
    SCOREBOARD,
    STANDINGS,
    Case,
    Recordings,
    utc,
)
from tests.support.slates import tip
from tipoff.errors import ContractError
from tipoff.sources.base import Row, Slate
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import Outcome


def row_of(rows: tuple[Row, ...], **wanted: object) -> Row:
    (row,) = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return row


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source_name}-{case.file}")
def test_a_recorded_response_is_usable_and_has_no_unknown_field(recordings: Recordings, case: Case) -> None:
    judgement = case.source.judge(recordings.request(case), recordings.response(case), case.slate)
    assert judgement.outcome in (Outcome.OK, Outcome.PARTIAL), judgement.reason
    reading = recordings.read(case)
    assert reading.rows
    assert reading.unknown_fields == ()


def test_the_schedule_has_every_game_between_two_nba_teams(recordings: Recordings) -> None:
    reading = recordings.read(SCHEDULE)
    assert Counter(row["season_type"] for row in reading.rows) == {
        "preseason": 69,
        "regular": 1230,
        "playoffs": 84,
        "play_in": 6,
        "cup_final": 1,
    }
    assert sum(reading.rejected.values()) == 10  # six All-Star games, four preseason games against foreign guests


def test_a_game_belongs_to_the_eastern_date_of_its_tip_off(recordings: Recordings) -> None:
    rows = recordings.read(SCHEDULE).rows
    cup_final = row_of(rows, game_id="0062400001")
    assert cup_final["tip_off"] == utc(2024, 12, 18, 1, 30)
    assert cup_final["game_date"] == date(2024, 12, 17)
    abu_dhabi = row_of(recordings.read(PRESEASON).rows, game_id="0012500008")
    assert (abu_dhabi["tip_off"], abu_dhabi["game_date"]) == (utc(2025, 10, 2, 16, 0), date(2025, 10, 2))
    assert abu_dhabi["neutral_site"]


def test_the_slate_leaves_out_preseason_and_postponed_games(recordings: Recordings) -> None:
    document = recordings.document(SCHEDULE)
    listed = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    postponed = next(game for game in listed if game["gameId"] == "0022400968")
    postponed |= {"gameStatus": 1, "gameStatusText": "PPD", "postponedStatus": "Y"}
    rows = recordings.read(SCHEDULE, document).rows
    assert row_of(rows, game_id="0022400968")["status"] == "postponed"
    slate = slate_games(rows, date(2025, 3, 15))
    assert len(slate) == 7
    assert [game.tip_off for game in slate] == sorted(map(tip, slate))
    assert slate_games(rows, date(2024, 10, 4)) == ()
    assert [game.label for game in slate_games(rows, date(2024, 12, 17))] == ["MIL@OKC"]


def test_the_player_list_has_id_team_and_position(recordings: Recordings) -> None:
    rows = recordings.read(PLAYER_LIST).rows
    assert len(rows) == 594
    achiuwa = row_of(rows, player_id="1630173")
    assert (achiuwa["player_name"], achiuwa["team"], achiuwa["position"]) == ("Precious Achiuwa", "NYK", "F")


def test_a_player_without_a_team_stays_on_the_list(recordings: Recordings) -> None:
    document = recordings.document(PLAYER_LIST)
    document["resultSets"][0]["rowSet"][0][4:10] = [0, None, 0, None, None, None]
    assert row_of(recordings.read(PLAYER_LIST, document).rows, player_id="1630173")["team"] is None


def test_names_of_an_espn_roster_resolve_to_nba_ids(recordings: Recordings) -> None:
    reading = recordings.read(ROSTER)
    assert len(reading.rows) == 17
    assert reading.unresolved == ()
    porzingis = row_of(reading.rows, player_name="Kristaps Porzingis")
    assert (porzingis["player_id"], porzingis["team"], porzingis["position"]) == ("204001", "BOS", "C")


def test_athletes_beside_the_team_object_read_the_same(recordings: Recordings) -> None:
    team = recordings.document(ROSTER)["team"]
    beside = {"athletes": team.pop("athletes"), "team": team}
    assert recordings.read(ROSTER, beside).rows == recordings.read(ROSTER).rows


def test_an_unresolved_roster_name_is_reported_with_the_nearest_names(recordings: Recordings) -> None:
    document = recordings.document(ROSTER)
    document["team"]["athletes"][0]["displayName"] = "Jalin Browne"
    reading = recordings.read(ROSTER, document)
    assert len(reading.rows) == 16
    (unresolved,) = reading.unresolved
    assert unresolved["player_name"] == "Jalin Browne"
    assert unresolved["candidates"].startswith("Jaylen Brown; ")


def test_another_team_than_requested_is_refused(recordings: Recordings) -> None:
    document = recordings.document(ROSTER)
    document["team"]["id"] = "18"
    with pytest.raises(ContractError, match="is NYK, requested BOS"):
        recordings.read(ROSTER, document)


def test_the_injury_report_equals_an_independent_parse(recordings: Recordings) -> None:
    recorded = json.loads((recordings.folder / "payloads/nba_com/injury_report_20240104.parsed.json").read_text())
    expected = {
        (record["team"], " ".join(reversed(record["player"].split(", "))), record["status"], record["reason"])
        for record in recorded["records"]
    }
    reading = recordings.read(INJURIES)
    players = [row for row in reading.rows if row["player_id"] != row["team"]]
    assert {(row["team"], row["player_name"], row["status"], row["reason"]) for row in players} == expected
    assert reading.unresolved == ()
    assert reading.rejected == {"Milwaukee Bucks has not submitted yet": 1, "game of another date than 2024-01-04": 28}


def test_every_team_has_a_row_that_says_whether_it_has_submitted(recordings: Recordings) -> None:
    """The Bucks have not submitted. Teams that the report does not list have: they have no injuries to report."""
    teams = {row["team"]: row["status"] for row in recordings.read(INJURIES).rows if row["player_id"] == row["team"]}
    assert teams == {"MIL": "Not submitted", "SAS": "Submitted", "DEN": "Submitted", "GSW": "Submitted"}


def test_no_team_rows_for_games_that_have_begun_or_for_a_date_the_report_does_not_list(
    recordings: Recordings,
) -> None:
    context = recordings.context(INJURIES)
    tip_offs = sorted(tip(game) for game in context.slate.games)
    late = INJURIES.source.read(recordings.body(INJURIES), context.model_copy(update={"as_of": tip_offs[0]}))
    assert {row["team"] for row in late.rows if row["player_id"] == row["team"]} == {"DEN", "GSW"}
    unlisted_date = context.slate.model_copy(update={"game_date": date(2024, 1, 9)})
    assert (
        INJURIES.source.read(recordings.body(INJURIES), context.model_copy(update={"slate": unlisted_date})).rows == ()
    )


def test_a_wrapped_reason_of_the_injury_report_is_read_completely(recordings: Recordings) -> None:
    row = row_of(recordings.read(INJURIES).rows, player_name="Doug McDermott")
    assert row["reason"] == "Injury/Illness - Right Forearm; Contusion"
    assert row["game_id"] == "0022300477"


def test_all_pages_of_the_injury_report_are_read(recordings: Recordings) -> None:
    next_day = recordings.context(INJURIES).model_copy(
        update={"slate": JANUARY_24.model_copy(update={"game_date": date(2024, 1, 5)})}
    )
    rejected = INJURIES.source.read(recordings.body(INJURIES), next_day).rejected
    assert sum(count for reason, count in rejected.items() if reason.endswith("is not on the slate")) == 28
    assert rejected["TOR@SAC is not on the slate"] == 2
    assert (
        rejected["ORL@DEN is not on the slate"] == 2
    )  # one team is on the last line of a page, the other on the first line of the next


def test_balldontlie_injuries_have_the_statuses_of_the_official_report(recordings: Recordings) -> None:
    rows = recordings.read(BDL_INJURIES_OF_A_TEAM).rows
    assert {(row["player_id"], row["team"], row["status"]) for row in rows} == {
        ("1627759", "BOS", "Questionable"),  # Jaylen Brown, "Day-To-Day"
        ("1628369", "BOS", "Out"),  # Jayson Tatum
        *((team, team, "Submitted") for team in ("ATL", "BOS")),
    }


def test_only_the_two_teams_are_read_and_an_incomplete_list_is_partial(recordings: Recordings) -> None:
    reading = recordings.read(BDL_INJURIES)
    assert Counter(row["team"] for row in reading.rows) == {"ATL": 3, "BOS": 2}
    assert {row["player_name"] for row in reading.unresolved} == {"Amari Williams", "Kevon Harris"}  # not yet in a game
    assert reading.rejected == {"player of a team that was not requested": 93}
    judgement = BDL_INJURIES.source.judge(
        recordings.request(BDL_INJURIES), recordings.response(BDL_INJURIES), BDL_INJURIES.slate
    )
    assert judgement.outcome is Outcome.PARTIAL
    assert judgement.reason == "ATL@BOS: more entries than the 100 of the first page"


@pytest.mark.parametrize(
    ("provider_status", "status"),
    [("Out", "Out"), ("Out For Season", "Out"), ("Doubtful", "Doubtful"), ("Probable", "Probable")],
)
def test_balldontlie_statuses_map_to_ours(recordings: Recordings, provider_status: str, status: str) -> None:
    document = recordings.document(BDL_INJURIES_OF_A_TEAM)
    document["data"][0]["status"] = provider_status
    assert row_of(recordings.read(BDL_INJURIES_OF_A_TEAM, document).rows, player_id="1627759")["status"] == status


def test_a_list_without_page_metadata_is_complete(recordings: Recordings) -> None:
    document = {"data": recordings.document(BDL_INJURIES_OF_A_TEAM)["data"]}
    assert recordings.read(BDL_INJURIES_OF_A_TEAM, document) == recordings.read(BDL_INJURIES_OF_A_TEAM)
    response = recordings.response(BDL_INJURIES_OF_A_TEAM, body=json.dumps(document).encode())
    judgement = BDL_INJURIES.source.judge(recordings.request(BDL_INJURIES_OF_A_TEAM), response, BDL_INJURIES.slate)
    assert judgement.outcome is Outcome.OK


def test_a_list_with_only_unknown_players_makes_no_team_submitted(recordings: Recordings) -> None:
    document = recordings.document(BDL_INJURIES_OF_A_TEAM)
    for entry in document["data"]:
        entry["player"] |= {"first_name": "Somebody", "last_name": "Else"}
    assert recordings.read(BDL_INJURIES_OF_A_TEAM, document).rows == ()
    document["data"].append({"player": {"first_name": "Trae", "last_name": "Young", "team_id": 1}, "status": "Out"})
    rows = recordings.read(BDL_INJURIES_OF_A_TEAM, document).rows
    assert {(row["team"], row["status"]) for row in rows} == {("ATL", "Out"), ("ATL", "Submitted")}


def test_an_unknown_status_is_rejected_and_named(recordings: Recordings) -> None:
    document = recordings.document(BDL_INJURIES_OF_A_TEAM)
    document["data"][0]["status"] = "Away from team"
    reading = recordings.read(BDL_INJURIES_OF_A_TEAM, document)
    assert reading.rejected == {"unknown status 'Away from team'": 1}
    assert row_of(reading.rows, player_id="BOS")["status"] == "Not submitted"


def test_officials_have_their_positions_and_only_nba_games_are_read(recordings: Recordings) -> None:
    reading = recordings.read(REFEREES)
    crew = [row for row in reading.rows if row["game_id"] == "0022400509"]
    assert [(row["official_id"], row["official_name"], row["position"]) for row in crew] == [
        ("101284", "John Goble", "crew_chief"),
        ("1626300", "Ray Acosta", "referee"),
        ("1628480", "Robert Hussey", "umpire"),
    ]
    assert len(reading.rows) == 6
    assert reading.rejected == {"game not on the slate": 6}


def test_a_fourth_official_is_the_alternate(recordings: Recordings) -> None:
    document = recordings.document(REFEREES)
    document["nba"]["Table"]["rows"][0] |= {"official4": "Marc Davis", "official4_code": 2534}
    row = row_of(recordings.read(REFEREES, document).rows, official_id="2534")
    assert (row["official_name"], row["position"]) == ("Marc Davis", "alternate")


def test_a_game_without_officials_is_missing_and_its_open_positions_are_counted(recordings: Recordings) -> None:
    document = recordings.document(REFEREES)
    no_officials = {f"official{number}{suffix}": None for number in (1, 2, 3) for suffix in ("", "_code")}
    document["nba"]["Table"]["rows"][0] |= no_officials
    assert recordings.read(REFEREES, document).rejected["position without an official"] == 3
    response = recordings.response(REFEREES, body=json.dumps(document).encode())
    judgement = REFEREES.source.judge(recordings.request(REFEREES), response, REFEREES.slate)
    assert (judgement.outcome, judgement.reason) == (Outcome.PARTIAL, "1 of 2 games missing: OKC@CLE")


def test_an_official_without_a_code_leaves_his_game_out(recordings: Recordings) -> None:
    document = recordings.document(REFEREES)
    document["nba"]["Table"]["rows"][0]["official2_code"] = None
    reading = recordings.read(REFEREES, document)
    assert {row["game_id"] for row in reading.rows} == {"0022400510"}
    assert reading.damaged == {
        "$.nba.Table.rows[0].official2_code: is null, expected text or an integer or a number": 1
    }


def test_assignments_of_another_date_are_stale(recordings: Recordings) -> None:
    next_day = REFEREES.slate.model_copy(update={"game_date": date(2025, 1, 9)})
    judgement = REFEREES.source.judge(recordings.request(REFEREES), recordings.response(REFEREES), next_day)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.STALE,
        "received the assignments of 2025-01-08, requested 2025-01-09",
    )


def test_the_standings_add_up(recordings: Recordings) -> None:
    rows = recordings.read(STANDINGS).rows
    assert sum(row["wins"] for row in rows) == sum(row["losses"] for row in rows) == 1230
    counted = ("home_wins", "home_losses", "road_wins", "road_losses")
    neither = {row["team"]: row["wins"] + row["losses"] - sum(row[name] for name in counted) for row in rows}
    # Paris twice, Mexico City, two semi-finals of the Cup: neutral ground is neither home nor road
    assert Counter(neither) == Counter(["IND", "SAS", "IND", "SAS", "MIA", "WAS", "ATL", "MIL", "HOU", "OKC"])
    cavaliers = row_of(rows, team="CLE")
    assert (cavaliers["wins"], cavaliers["losses"], cavaliers["conference_rank"]) == (64, 18, 1)
    assert (cavaliers["season"], cavaliers["conference"], cavaliers["division"]) == ("2024-25", "East", "Central")
    assert (cavaliers["conference_wins"], cavaliers["conference_losses"]) == (41, 11)
    assert Counter(row["conference"] for row in rows) == {"East": 15, "West": 15}


def test_standings_of_last_season_are_stale(recordings: Recordings) -> None:
    next_season = STANDINGS.slate.model_copy(update={"game_date": date(2025, 11, 15)})
    judgement = STANDINGS.source.judge(recordings.request(STANDINGS), recordings.response(STANDINGS), next_season)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.STALE,
        "received the standings of 2024-25, requested 2025-26",
    )


def test_standings_without_a_team_of_the_slate_name_its_game(recordings: Recordings) -> None:
    document = recordings.document(STANDINGS)
    document["data"] = [entry for entry in document["data"] if entry["team"]["abbreviation"] != "NYK"]
    response = recordings.response(STANDINGS, body=json.dumps(document).encode())
    judgement = STANDINGS.source.judge(recordings.request(STANDINGS), response, STANDINGS.slate)
    assert (judgement.outcome, judgement.reason) == (Outcome.PARTIAL, "1 of 2 games missing: NYK@GSW")


@pytest.mark.parametrize(
    ("day", "outcome"), [(date(2025, 10, 21), Outcome.EMPTY_OK), (date(2025, 11, 1), Outcome.SUSPICIOUSLY_EMPTY)]
)
def test_standings_may_be_empty_only_at_the_start_of_the_season(
    recordings: Recordings, day: date, outcome: Outcome
) -> None:
    slate = STANDINGS.slate.model_copy(update={"game_date": day})
    response = recordings.response(STANDINGS, body=b'{"data": []}')
    assert STANDINGS.source.judge(recordings.request(STANDINGS), response, slate).outcome is outcome


def test_moves_of_the_season_are_kept_and_a_trade_has_the_former_team(recordings: Recordings) -> None:
    case = replace(MOVEMENT, slate=MARCH_15)
    reading = recordings.read(case)
    assert Counter(row["kind"] for row in reading.rows) == {
        "Signing": 409,
        "Waive": 327,
        "Trade": 122,
        "ContractConverted": 16,
        "AwardOnWaivers": 7,
    }
    doncic = row_of(reading.rows, player_id="1629029")
    assert (doncic["game_date"], doncic["move_id"], doncic["kind"]) == (date(2025, 2, 2), "Trade 2024022", "Trade")
    assert (doncic["from_team"], doncic["team"]) == ("DAL", "LAL")
    assert {row["from_team"] is not None for row in reading.rows if row["kind"] != "Trade"} == {False}
    assert reading.rejected["move of another season than 2024-25"] == 7780
    assert len(reading.rows) + sum(reading.rejected.values()) == 8730


@pytest.mark.parametrize(("day", "outcome"), [(date(2025, 9, 29), Outcome.OK), (date(2025, 10, 1), Outcome.STALE)])
def test_a_list_without_recent_moves_is_stale(recordings: Recordings, day: date, outcome: Outcome) -> None:
    slate = MOVEMENT.slate.model_copy(update={"game_date": day})
    assert MOVEMENT.source.judge(recordings.request(MOVEMENT), recordings.response(MOVEMENT), slate).outcome is outcome


def test_a_season_of_moves_covers_every_game(recordings: Recordings) -> None:
    assert MOVEMENT.source.covers((), MARCH_15) == {"0022400968", "0022400974"}


def test_events_are_matched_to_games_by_teams_and_eastern_date(recordings: Recordings) -> None:
    reading = recordings.read(EVENTS)
    assert reading.provider_ids["0022301062"] == "ee8cfaef963aea9276e133873f77c26a"
    assert len(reading.rows) == 2
    assert reading.rejected == {"game not on the slate": 10}
    assert {row["as_of"] for row in reading.rows} == {datetime(2024, 3, 29, 11, 55, 40, tzinfo=UTC)}


def test_of_two_events_of_a_game_the_one_nearer_to_tip_off_counts(recordings: Recordings) -> None:
    document = recordings.document(EVENTS)
    event = next(event for event in document["data"] if event["home_team"] == "Charlotte Hornets")
    document["data"].insert(0, event | {"id": "placeholder", "commence_time": "2024-03-29T16:00:00Z"})
    reading = recordings.read(EVENTS, document)
    assert reading.provider_ids["0022301062"] == event["id"]
    assert reading.rejected["repeated"] == 1


def test_game_lines_have_one_row_per_book_with_the_home_spread(recordings: Recordings) -> None:
    reading = recordings.read(GAME_LINES)
    assert Counter(row["game_id"] for row in reading.rows) == {"0022301062": 14, "0022301072": 14}
    hornets = row_of(reading.rows, game_id="0022301062", book="draftkings")
    assert (hornets["home_spread"], hornets["total"]) == (12.0, 217.0)
    assert (hornets["home_moneyline_american"], hornets["away_moneyline_american"]) == (575.0, -850.0)


def test_a_book_with_one_market_has_no_other_lines(recordings: Recordings) -> None:
    document = recordings.document(GAME_LINES)
    hornets = next(event for event in document["data"] if event["home_team"] == "Charlotte Hornets")
    hornets["bookmakers"][0]["markets"] = hornets["bookmakers"][0]["markets"][2:]
    hornets["bookmakers"][1]["markets"] = []
    reading = recordings.read(GAME_LINES, document)
    only_total = row_of(reading.rows, game_id="0022301062", book=hornets["bookmakers"][0]["key"])
    assert only_total["total"] == 217.0
    assert only_total["home_spread"] is only_total["home_moneyline_american"] is None
    assert reading.rejected["book without a line"] == 1


def test_decimal_prices_are_rejected(recordings: Recordings) -> None:
    file = "odds_api/historical_event_odds_spreads_totals_20240125.json"
    case = Case("odds_api_game_lines", file, JANUARY_24, utc(2024, 1, 25, 2, 0))
    event = recordings.document(case)
    reading = recordings.read(case, event | {"data": [event["data"]], "timestamp": "2024-01-25T02:00:00Z"})
    assert reading.rows == ()
    assert reading.rejected == {"price that is not American": 8, "quoted at or after tip-off": 2}


def test_over_and_under_of_ten_books_are_paired_and_names_resolved(recordings: Recordings) -> None:
    reading = recordings.read(PROPS)
    assert len(reading.rows) == 241
    assert reading.unresolved == ()
    assert None not in {row["player_id"] for row in reading.rows}
    levert = row_of(reading.rows, book="draftkings", player_name="Caris LeVert")
    assert (levert["line"], levert["over_price_american"], levert["under_price_american"]) == (11.5, -130.0, 100.0)
    banchero = [row["line"] for row in reading.rows if row["book"] == "betrivers" and row["player_id"] == "1631094"]
    assert len(banchero) > 1  # alternate lines are kept: the reader does not choose the main line


def props_document(recordings: Recordings) -> tuple[Any, list[Any]]:
    """The recorded props and the outcomes of the first book."""
    document = recordings.document(PROPS)
    return document, document["bookmakers"][0]["markets"][0]["outcomes"]


def test_a_one_sided_prop_is_kept_without_the_other_price(recordings: Recordings) -> None:
    document, outcomes = props_document(recordings)
    outcomes[:] = [outcome for outcome in outcomes if outcome["name"] == "Over"]
    row = row_of(recordings.read(PROPS, document).rows, book="draftkings", player_name="Caris LeVert")
    assert (row["over_price_american"], row["under_price_american"]) == (-130.0, None)


def test_of_a_price_quoted_twice_the_worse_one_counts(recordings: Recordings) -> None:
    document, outcomes = props_document(recordings)
    over = next(item for item in outcomes if item["description"] == "Caris LeVert" and item["name"] == "Over")
    outcomes.append(over | {"price": 105})
    reading = recordings.read(PROPS, document)
    assert len(reading.rows) == 241
    assert reading.rejected == {"repeated": 1}
    assert row_of(reading.rows, book="draftkings", player_name="Caris LeVert")["over_price_american"] == -130.0


@pytest.mark.parametrize(
    ("as_of", "last_update"), [(utc(2024, 2, 23, 0, 0), None), (utc(2024, 2, 22, 23, 58), "2024-02-23T00:00:00Z")]
)
def test_a_price_of_tip_off_or_later_is_rejected(
    recordings: Recordings, as_of: datetime, last_update: str | None
) -> None:
    document = recordings.document(PROPS)
    for book in document["bookmakers"]:
        book["markets"][0]["last_update"] = last_update or book["markets"][0]["last_update"]
    context = recordings.context(PROPS).model_copy(update={"as_of": as_of})
    reading = PROPS.source.read(json.dumps(document).encode(), context)
    assert reading.rows == ()
    assert reading.rejected == {"quoted at or after tip-off": 241}


def test_an_unresolved_quoted_name_is_kept_with_its_line(recordings: Recordings) -> None:
    document, outcomes = props_document(recordings)
    for outcome in outcomes:
        outcome["description"] = outcome["description"].replace("Caris LeVert", "Karis Levertt")
    reading = recordings.read(PROPS, document)
    row = row_of(reading.rows, player_name="Karis Levertt")
    assert (row["player_id"], row["line"]) == (None, 11.5)
    (unresolved,) = reading.unresolved
    assert unresolved["candidates"].split("; ")[0] == "Caris LeVert"
    assert unresolved["game_id"] == "0022300792"


def test_an_alias_of_the_operator_resolves_a_nickname(recordings: Recordings) -> None:
    document, outcomes = props_document(recordings)
    for outcome in outcomes:
        outcome["description"] = outcome["description"].replace("Caris LeVert", "Baby Durant")
    context = recordings.context(PROPS).model_copy(update={"aliases": {"Baby Durant": "Caris LeVert"}})
    reading = PROPS.source.read(json.dumps(document).encode(), context)
    assert reading.unresolved == ()
    assert row_of(reading.rows, player_name="Baby Durant")["player_id"] == "1627747"


def test_a_historical_props_response_is_read_as_of_its_timestamp(recordings: Recordings) -> None:
    wrapped = {"timestamp": "2024-02-22T23:56:00Z", "data": recordings.document(PROPS)}
    reading = recordings.read(PROPS, wrapped)
    assert {row["as_of"] for row in reading.rows} == {utc(2024, 2, 22, 23, 56)}
    assert [row | {"as_of": None} for row in reading.rows] == [
        row | {"as_of": None} for row in recordings.read(PROPS).rows
    ]


def test_bettingpros_events_start_in_utc_and_are_matched_by_teams(recordings: Recordings) -> None:
    reading = recordings.read(BETTINGPROS_EVENTS)
    assert reading.provider_ids == {"0022100014": "20879", "0022100015": "20880", "0022100016": "20881"}
    late = row_of(reading.rows, event_id="20881")
    assert (late["away"], late["home"], late["commence_time"]) == ("LAC", "GSW", utc(2021, 10, 22, 2, 0))


def test_bettingpros_quotes_are_those_of_known_books_on_offer(recordings: Recordings) -> None:
    reading = recordings.read(BETTINGPROS_POINTS)
    assert {(row["book"], row["player_id"], row["line"]) for row in reading.rows} == {
        ("fanduel", "1627747", 11.5),
        ("draftkings", "1627747", 11.5),
        ("draftkings", "1629636", 20.5),
        ("betmgm", "1629636", 21.5),
    }
    levert = row_of(reading.rows, book="draftkings", player_name="Caris LeVert")
    assert (levert["over_price_american"], levert["under_price_american"]) == (-130.0, 100.0)
    assert row_of(reading.rows, book="betmgm")["under_price_american"] is None
    # the consensus and a pick'em site, two sides each; a book that withdrew its line, two sides as well
    assert reading.rejected == {"quote of an unknown book": 4, "quote that is not offered": 2}


@pytest.mark.parametrize(
    ("page", "pages", "outcome"),
    [(1, 0, Outcome.NOT_PUBLISHED_YET), (2, 1, Outcome.EMPTY_OK), (1, 2, Outcome.SUSPICIOUSLY_EMPTY)],
)
def test_an_empty_bettingpros_page_is_too_early_or_after_the_last_or_suspicious(
    recordings: Recordings, page: int, pages: int, outcome: Outcome
) -> None:
    body = json.dumps({"offers": [], "_pagination": {"page": page, "total_pages": pages}}).encode()
    case = BETTINGPROS_POINTS
    assert (
        case.source.judge(recordings.request(case), recordings.response(case, body=body), case.slate).outcome is outcome
    )


def test_more_bettingpros_pages_than_are_requested_make_it_partial(recordings: Recordings) -> None:
    case, document = BETTINGPROS_POINTS, recordings.document(BETTINGPROS_POINTS)
    document["_pagination"]["total_pages"] = 4
    response = recordings.response(case, body=json.dumps(document).encode())
    judgement = case.source.judge(recordings.request(case), response, case.slate)
    assert (judgement.outcome, judgement.reason) == (
        Outcome.PARTIAL,
        "ORL@CLE page 1: only 3 of 4 pages requested",
    )


@pytest.mark.parametrize(("page", "outcome"), [(1, Outcome.STALE), (2, Outcome.EMPTY_OK)])
def test_offers_of_yesterday_are_stale_unless_an_earlier_page_was_fresh(
    recordings: Recordings, page: int, outcome: Outcome
) -> None:
    case, document = BETTINGPROS_POINTS, recordings.document(BETTINGPROS_POINTS)
    for line in (
        line
        for offer in document["offers"]
        for selection in offer["selections"]
        for book in selection["books"]
        for line in book["lines"]
    ):
        line["updated"] = "2024-02-21 20:00:00"
    document["_pagination"] |= {"page": page, "total_pages": page}
    response = recordings.response(case, body=json.dumps(document).encode())
    judgement = case.source.judge(recordings.request(case), response, case.slate)
    assert (judgement.outcome, judgement.reason) == (
        outcome,
        "the lines for ORL@CLE page 1 are too old",
    )
    reading = recordings.read(case, document)
    assert (reading.rows, reading.rejected["quoted too long ago"]) == ((), 4)


def test_offers_of_another_event_than_requested_are_refused(recordings: Recordings) -> None:
    case, request = BETTINGPROS_POINTS, recordings.request(BETTINGPROS_POINTS)
    other = request.model_copy(update={"params": {**request.params, "event_id": "23815"}})
    assert case.source.judge(request, recordings.response(case), case.slate).outcome is Outcome.OK
    judgement = case.source.judge(other, recordings.response(case), case.slate)
    assert judgement.outcome is Outcome.WRONG_TYPE
    assert "offers: are of event '23814', requested '23815'" in judgement.reason


@pytest.mark.parametrize(
    ("page", "pages", "next_page"), [(1, 1, None), (1, 2, 2), (2, 2, None), (2, 9, 3), (3, 9, None)]
)
def test_the_next_page_is_requested_when_there_is_one(
    recordings: Recordings, page: int, pages: int, next_page: int | None
) -> None:
    case, document = BETTINGPROS_POINTS, recordings.document(BETTINGPROS_POINTS)
    document["_pagination"] |= {"page": page, "total_pages": pages}
    request = recordings.request(case).model_copy(
        update={"params": {"event_id": "23814", "page": f"{page}"}, "part": f"ORL@CLE page {page}"}
    )
    following = case.source.next_page(request, json.dumps(document).encode())
    if next_page is None:
        assert following is None
    else:
        assert following == request.model_copy(
            update={"params": {"event_id": "23814", "page": f"{next_page}"}, "part": f"ORL@CLE page {next_page}"}
        )


def test_offers_of_two_events_are_refused(recordings: Recordings) -> None:
    document = recordings.document(BETTINGPROS_POINTS)
    document["offers"][0]["event_id"] = 23815
    with pytest.raises(ContractError, match="are of several events, although one event was requested"):
        recordings.read(BETTINGPROS_POINTS, document)


def test_a_bettingpros_refusal_of_the_key_is_a_bad_key_and_not_a_block(recordings: Recordings) -> None:
    case = BETTINGPROS_POINTS
    forbidden = recordings.response(case, 403, b'{"message":"Forbidden"}')
    assert case.source.judge(recordings.request(case), forbidden, case.slate).outcome is Outcome.BAD_KEY
    blocked = recordings.response(case, 403, b"<html>")
    assert case.source.judge(recordings.request(case), blocked, case.slate).outcome is Outcome.BLOCKED


def test_the_event_of_another_game_is_refused(recordings: Recordings) -> None:
    slate = PROPS.slate.model_copy(update={"games": (*PROPS.slate.games, *MARCH_15.games)})
    context = recordings.context(PROPS).model_copy(update={"slate": slate, "game_id": "0022400968"})
    with pytest.raises(ContractError, match="is the event of ORL@CLE"):
        PROPS.source.read(recordings.body(PROPS), context)


def test_the_scoreboard_has_status_and_score(recordings: Recordings) -> None:
    rows = recordings.read(SCOREBOARD).rows
    assert {row["game_id"]: (row["status"], row["home_points"], row["away_points"]) for row in rows}["0042200163"] == (
        "live",
        39,
        30,
    )
    assert [row["status"] for row in rows] == ["live", "live", "final"]


def test_the_espn_scoreboard_has_event_ids_and_final_scores(recordings: Recordings) -> None:
    reading = recordings.read(ESPN_SCOREBOARD)
    assert reading.provider_ids["0022300562"] == "401585190"
    overtime = row_of(reading.rows, game_id="0022300562")
    assert (overtime["away"], overtime["home"], overtime["status"], overtime["period"]) == ("MIA", "BKN", "final", 5)
    assert (overtime["away_points"], overtime["home_points"]) == (96, 95)
    assert reading.rejected == {"game not on the slate": 7}


@pytest.mark.parametrize(
    ("name", "state", "status"),
    [
        ("STATUS_SCHEDULED", "pre", "scheduled"),
        ("STATUS_HALFTIME", "in", "live"),
        ("STATUS_POSTPONED", "post", "postponed"),
    ],
)
def test_espn_statuses_map_to_ours(recordings: Recordings, name: str, state: str, status: str) -> None:
    document = recordings.document(ESPN_SCOREBOARD)
    document["events"][0]["status"]["type"] |= {"name": name, "state": state}
    assert row_of(recordings.read(ESPN_SCOREBOARD, document).rows, game_id="0022300555")["status"] == status


def test_the_espn_schedule_has_the_games_whose_ids_an_earlier_schedule_gave(recordings: Recordings) -> None:
    no_known_games = recordings.context(ESPN_SCHEDULE).model_copy(update={"slate": Slate(game_date=date(2024, 1, 15))})
    earlier = no_known_games.model_copy(update={"known_games": ESPN_SCHEDULE.slate.games})
    reading = ESPN_SCHEDULE.source.read(recordings.body(ESPN_SCHEDULE), earlier)
    assert slate_games(reading.rows, date(2024, 1, 15)) == ESPN_SCHEDULE.slate.games
    unknown = {"NOP@DAL", "ORL@NYK", "SAS@ATL", "GSW@MEM", "CHI@CLE", "BOS@TOR", "IND@UTA"}
    assert set(reading.unknown_games) == unknown
    assert reading.rejected == {f"{label} has no known NBA id": 1 for label in unknown}
    judgement = ESPN_SCHEDULE.source.judge(
        recordings.request(ESPN_SCHEDULE), recordings.response(ESPN_SCHEDULE), no_known_games.slate
    )
    assert (judgement.outcome, judgement.reason) == (Outcome.OK, "11 games on 2024-01-15")


@pytest.mark.parametrize(("status", "listed"), [("STATUS_SCHEDULED", True), ("STATUS_POSTPONED", False)])
def test_the_espn_schedule_has_games_moved_to_the_date_and_none_moved_away(
    recordings: Recordings, status: str, *, listed: bool
) -> None:
    document, day = recordings.document(ESPN_SCHEDULE), date(2024, 1, 15)
    document["events"][0]["status"]["type"]["name"] = status
    first, *others = ESPN_SCHEDULE.slate.games
    a_week_later = first.model_copy(update={"tip_off": tip(first) + timedelta(days=7)})
    months_later = first.model_copy(update={"game_id": "0022301100", "tip_off": tip(first) + timedelta(days=70)})
    known = {"slate": Slate(game_date=day), "known_games": (months_later, a_week_later, *others)}
    context = recordings.context(ESPN_SCHEDULE).model_copy(update=known)
    reading = ESPN_SCHEDULE.source.read(json.dumps(document).encode(), context)
    dates = {row["game_id"]: row["game_date"] for row in reading.rows}
    assert dates.get(first.game_id) == (day if listed else None)
    assert months_later.game_id not in dates
    assert first.label not in reading.unknown_games


@pytest.mark.parametrize(
    ("day", "outcome"), [(date(2025, 2, 14), Outcome.EMPTY_OK), (date(2025, 2, 16), Outcome.SUSPICIOUSLY_EMPTY)]
)
def test_a_date_without_games_is_empty_unless_espns_calendar_lists_it(
    recordings: Recordings, day: date, outcome: Outcome
) -> None:
    case = replace(ESPN_SCHEDULE, file="espn/scoreboard_empty_allstar_20250214.json", slate=Slate(game_date=day))
    assert case.source.judge(recordings.request(case), recordings.response(case), case.slate).outcome is outcome


def test_an_espn_scoreboard_of_yesterday_is_stale(recordings: Recordings) -> None:
    for case in (ESPN_SCOREBOARD, ESPN_SCHEDULE):
        next_day = Slate(game_date=date(2024, 1, 16), games=JANUARY_24.games)
        judgement = case.source.judge(recordings.request(case), recordings.response(case), next_day)
        assert (judgement.outcome, judgement.reason) == (
            Outcome.STALE,
            "received the scoreboard of 2024-01-15, requested 2024-01-16",
        )


def test_box_scores_have_opponent_and_home(recordings: Recordings) -> None:
    reading = recordings.read(BOX_SCORES)
    assert len(reading.rows) == 157
    curry = row_of(reading.rows, player_id="201939")
    assert (curry["opponent"], curry["home"], curry["points"], curry["minutes"]) == ("NYK", True, 28, 35.0)
    assert curry["season"] == "2024-25"
    points = {team: sum(row["points"] for row in reading.rows if row["team"] == team) for team in ("NYK", "GSW")}
    assert points == {"NYK": 94, "GSW": 97}  # the final score


def test_on_neutral_ground_neither_team_is_at_home(recordings: Recordings) -> None:
    document = recordings.document(BOX_SCORES)
    log = document["resultSets"][0]
    matchup = log["headers"].index("MATCHUP")
    for row in log["rowSet"]:
        row[matchup] = row[matchup].replace(" vs. ", " @ ")
    rows = recordings.read(BOX_SCORES, document).rows
    assert not any(row["home"] for row in rows)
    assert row_of(rows, player_id="201939")["opponent"] == "NYK"


def test_history_has_only_games_before_the_date(recordings: Recordings) -> None:
    assert len(recordings.read(HISTORY).rows) == 157
    same_day = recordings.context(HISTORY).model_copy(update={"slate": MARCH_15})
    reading = HISTORY.source.read(recordings.body(HISTORY), same_day)
    assert reading.rows == ()
    assert reading.rejected == {"game not before 2025-03-15": 157}


def test_a_game_in_progress_makes_no_rows(recordings: Recordings) -> None:
    document = recordings.document(BOX_SCORES)
    log = document["resultSets"][0]
    for row in log["rowSet"][:3]:
        row[log["headers"].index("WL")] = None
    reading = recordings.read(BOX_SCORES, document)
    assert len(reading.rows) == 154
    assert reading.rejected == {"game not final": 3}


@pytest.mark.parametrize("file", ["current_odds", "historical_odds", "historical_player_props", "player_props"])
def test_odds_of_the_wnba_are_refused(recordings: Recordings, file: str) -> None:
    body = (recordings.folder / f"payloads/wnba_same_schema/odds_api_{file}.json").read_bytes()
    for case in (EVENTS, GAME_LINES, PROPS):
        with pytest.raises(ContractError):
            case.source.read(body, recordings.context(case))
        judgement = case.source.judge(recordings.request(case), recordings.response(case, body=body), case.slate)
        assert judgement.outcome is Outcome.WRONG_TYPE
