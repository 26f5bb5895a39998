"""Every reader on a recorded answer of its provider."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.support.recorded_answers import (
    BOX_SCORES,
    CASES,
    EVENTS,
    GAME_LINES,
    HISTORY,
    INJURIES,
    JANUARY_24,
    MARCH_15,
    PLAYER_LIST,
    PRESEASON,
    PROPS,
    ROSTER,
    SCHEDULE,
    SCOREBOARD,
    Case,
    Desk,
    utc,
)
from tipoff.errors import ContractError
from tipoff.sources.base import Row
from tipoff.sources.schedule import slate_games
from tipoff.vocabulary import Outcome


def row_of(rows: tuple[Row, ...], **wanted: object) -> Row:
    (row,) = (row for row in rows if all(row[name] == value for name, value in wanted.items()))
    return row


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source_name}-{case.file}")
def test_a_recorded_answer_is_judged_usable_and_has_no_field_we_never_saw(desk: Desk, case: Case) -> None:
    judgement = case.source.judge(desk.request(case), desk.response(case), case.slate)
    assert judgement.outcome in (Outcome.OK, Outcome.PARTIAL), judgement.reason
    reading = desk.read(case)
    assert reading.rows
    assert reading.unknown_fields == ()


def test_the_schedule_has_every_game_between_two_nba_teams(desk: Desk) -> None:
    reading = desk.read(SCHEDULE)
    assert Counter(row["season_type"] for row in reading.rows) == {
        "preseason": 69,
        "regular": 1230,
        "playoffs": 84,
        "play_in": 6,
        "cup_final": 1,
    }
    assert sum(reading.rejected.values()) == 10  # six All-Star games, four preseason games against foreign guests


def test_a_game_belongs_to_the_eastern_date_of_its_tip_off(desk: Desk) -> None:
    rows = desk.read(SCHEDULE).rows
    cup_final = row_of(rows, game_id="0062400001")
    assert cup_final["tip_off"] == utc(2024, 12, 18, 1, 30)
    assert cup_final["game_date"] == date(2024, 12, 17)
    abu_dhabi = row_of(desk.read(PRESEASON).rows, game_id="0012500008")
    assert (abu_dhabi["tip_off"], abu_dhabi["game_date"]) == (utc(2025, 10, 2, 16, 0), date(2025, 10, 2))
    assert abu_dhabi["neutral_site"]


def test_the_slate_leaves_out_preseason_and_postponed_games(desk: Desk) -> None:
    document = desk.document(SCHEDULE)
    listed = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    postponed = next(game for game in listed if game["gameId"] == "0022400968")
    postponed |= {"gameStatus": 1, "gameStatusText": "PPD", "postponedStatus": "Y"}
    rows = desk.read(SCHEDULE, document).rows
    assert row_of(rows, game_id="0022400968")["status"] == "postponed"
    slate = slate_games(rows, date(2025, 3, 15))
    assert len(slate) == 7
    assert [game.tip_off for game in slate] == sorted(game.tip_off for game in slate)
    assert slate_games(rows, date(2024, 10, 4)) == ()
    assert [game.label for game in slate_games(rows, date(2024, 12, 17))] == ["MIL@OKC"]


def test_the_player_list_has_id_team_and_position(desk: Desk) -> None:
    rows = desk.read(PLAYER_LIST).rows
    assert len(rows) == 594
    achiuwa = row_of(rows, player_id="1630173")
    assert (achiuwa["player_name"], achiuwa["team"], achiuwa["position"]) == ("Precious Achiuwa", "NYK", "F")


def test_a_player_without_a_team_stays_on_the_list(desk: Desk) -> None:
    document = desk.document(PLAYER_LIST)
    document["resultSets"][0]["rowSet"][0][4:10] = [0, None, 0, None, None, None]
    assert row_of(desk.read(PLAYER_LIST, document).rows, player_id="1630173")["team"] is None


def test_a_roster_of_espn_gets_the_nba_ids(desk: Desk) -> None:
    reading = desk.read(ROSTER)
    assert len(reading.rows) == 17
    assert reading.unresolved == ()
    porzingis = row_of(reading.rows, player_name="Kristaps Porzingis")
    assert (porzingis["player_id"], porzingis["team"], porzingis["position"]) == ("204001", "BOS", "C")


def test_a_roster_beside_its_team_reads_the_same(desk: Desk) -> None:
    team = desk.document(ROSTER)["team"]
    beside = {"athletes": team.pop("athletes"), "team": team}
    assert desk.read(ROSTER, beside).rows == desk.read(ROSTER).rows


def test_a_name_of_a_roster_that_nobody_answers_to_is_told_with_the_nearest(desk: Desk) -> None:
    document = desk.document(ROSTER)
    document["team"]["athletes"][0]["displayName"] = "Jalin Browne"
    reading = desk.read(ROSTER, document)
    assert len(reading.rows) == 16
    (unresolved,) = reading.unresolved
    assert unresolved["player_name"] == "Jalin Browne"
    assert unresolved["candidates"].startswith("Jaylen Brown; ")


def test_another_team_than_asked_for_is_refused(desk: Desk) -> None:
    document = desk.document(ROSTER)
    document["team"]["id"] = "18"
    with pytest.raises(ContractError, match="is NYK, asked for BOS"):
        desk.read(ROSTER, document)


def test_the_injury_report_reads_like_an_independent_reader_read_it(desk: Desk) -> None:
    recorded = json.loads((desk.folder / "payloads/nba_com/injury_report_20240104.parsed.json").read_text())
    expected = {
        (record["team"], " ".join(reversed(record["player"].split(", "))), record["status"], record["reason"])
        for record in recorded["records"]
    }
    reading = desk.read(INJURIES)
    players = [row for row in reading.rows if row["player_id"] != row["team"]]
    assert {(row["team"], row["player_name"], row["status"], row["reason"]) for row in players} == expected
    assert reading.unresolved == ()
    assert reading.rejected == {"Milwaukee Bucks has not submitted yet": 1, "game of another date than 2024-01-04": 28}


def test_the_injury_report_says_of_each_team_whether_it_has_submitted(desk: Desk) -> None:
    """The Bucks have not; who has nobody to report is on no line and has."""
    teams = {row["team"]: row["status"] for row in desk.read(INJURIES).rows if row["player_id"] == row["team"]}
    assert teams == {"MIL": "Not submitted", "SAS": "Submitted", "DEN": "Submitted", "GSW": "Submitted"}


def test_a_report_says_nothing_of_teams_whose_game_has_tipped_off_nor_of_a_date_it_is_silent_on(desk: Desk) -> None:
    context = desk.context(INJURIES)
    tips = sorted(game.tip_off for game in context.slate.games)
    late = INJURIES.source.read(desk.body(INJURIES), context.model_copy(update={"as_of": tips[0]}))
    assert {row["team"] for row in late.rows if row["player_id"] == row["team"]} == {"DEN", "GSW"}
    silent = context.slate.model_copy(update={"game_date": date(2024, 1, 9)})
    assert INJURIES.source.read(desk.body(INJURIES), context.model_copy(update={"slate": silent})).rows == ()


def test_a_wrapped_reason_of_the_injury_report_is_whole(desk: Desk) -> None:
    row = row_of(desk.read(INJURIES).rows, player_name="Doug McDermott")
    assert row["reason"] == "Injury/Illness - Right Forearm; Contusion"
    assert row["game_id"] == "0022300477"


def test_teams_of_all_pages_of_the_injury_report_are_read(desk: Desk) -> None:
    next_day = desk.context(INJURIES).model_copy(
        update={"slate": JANUARY_24.model_copy(update={"game_date": date(2024, 1, 5)})}
    )
    rejected = INJURIES.source.read(desk.body(INJURIES), next_day).rejected
    assert sum(count for reason, count in rejected.items() if reason.endswith("is not on the slate")) == 28
    assert rejected["TOR@SAC is not on the slate"] == 2
    assert rejected["ORL@DEN is not on the slate"] == 2  # one team at the foot of a page, the other on top of the next


def test_events_belong_to_games_by_their_teams_and_eastern_date(desk: Desk) -> None:
    reading = desk.read(EVENTS)
    assert reading.provider_ids["0022301062"] == "ee8cfaef963aea9276e133873f77c26a"
    assert len(reading.rows) == 2
    assert reading.rejected == {"of no game of the slate": 10}
    assert {row["as_of"] for row in reading.rows} == {datetime(2024, 3, 29, 11, 55, 40, tzinfo=UTC)}


def test_of_two_events_of_a_game_the_one_nearer_to_tip_off_counts(desk: Desk) -> None:
    document = desk.document(EVENTS)
    event = next(event for event in document["data"] if event["home_team"] == "Charlotte Hornets")
    document["data"].insert(0, event | {"id": "placeholder", "commence_time": "2024-03-29T16:00:00Z"})
    reading = desk.read(EVENTS, document)
    assert reading.provider_ids["0022301062"] == event["id"]
    assert reading.rejected["repeated"] == 1


def test_game_lines_have_one_row_a_book_signed_from_the_home_side(desk: Desk) -> None:
    reading = desk.read(GAME_LINES)
    assert Counter(row["game_id"] for row in reading.rows) == {"0022301062": 14, "0022301072": 14}
    hornets = row_of(reading.rows, game_id="0022301062", book="draftkings")
    assert (hornets["home_spread"], hornets["total"]) == (12.0, 217.0)
    assert (hornets["home_moneyline_american"], hornets["away_moneyline_american"]) == (575.0, -850.0)


def test_a_book_with_one_market_has_no_invented_lines(desk: Desk) -> None:
    document = desk.document(GAME_LINES)
    hornets = next(event for event in document["data"] if event["home_team"] == "Charlotte Hornets")
    hornets["bookmakers"][0]["markets"] = hornets["bookmakers"][0]["markets"][2:]
    hornets["bookmakers"][1]["markets"] = []
    reading = desk.read(GAME_LINES, document)
    only_total = row_of(reading.rows, game_id="0022301062", book=hornets["bookmakers"][0]["key"])
    assert only_total["total"] == 217.0
    assert only_total["home_spread"] is only_total["home_moneyline_american"] is None
    assert reading.rejected["book without a line"] == 1


def test_decimal_prices_are_no_american_ones(desk: Desk) -> None:
    file = "odds_api/historical_event_odds_spreads_totals_20240125.json"
    case = Case("odds_api_game_lines", file, JANUARY_24, utc(2024, 1, 25, 2, 0))
    event = desk.document(case)
    reading = desk.read(case, event | {"data": [event["data"]], "timestamp": "2024-01-25T02:00:00Z"})
    assert reading.rows == ()
    assert reading.rejected == {"price that is not American": 8, "quoted at or after tip-off": 2}


def test_props_of_ten_books_are_paired_and_resolved(desk: Desk) -> None:
    reading = desk.read(PROPS)
    assert len(reading.rows) == 241
    assert reading.unresolved == ()
    assert None not in {row["player_id"] for row in reading.rows}
    levert = row_of(reading.rows, book="draftkings", player_name="Caris LeVert")
    assert (levert["line"], levert["over_price_american"], levert["under_price_american"]) == (11.5, -130.0, 100.0)
    banchero = [row["line"] for row in reading.rows if row["book"] == "betrivers" and row["player_id"] == "1631094"]
    assert len(banchero) > 1  # alternate lines are kept: which one is the main line is not the reader's to say


def props_document(desk: Desk) -> tuple[Any, list[Any]]:
    """The recorded props and the outcomes of the first book."""
    document = desk.document(PROPS)
    return document, document["bookmakers"][0]["markets"][0]["outcomes"]


def test_a_one_sided_prop_is_kept_without_the_other_price(desk: Desk) -> None:
    document, outcomes = props_document(desk)
    outcomes[:] = [outcome for outcome in outcomes if outcome["name"] == "Over"]
    row = row_of(desk.read(PROPS, document).rows, book="draftkings", player_name="Caris LeVert")
    assert (row["over_price_american"], row["under_price_american"]) == (-130.0, None)


def test_a_price_quoted_twice_counts_once_and_at_its_worse(desk: Desk) -> None:
    document, outcomes = props_document(desk)
    over = next(item for item in outcomes if item["description"] == "Caris LeVert" and item["name"] == "Over")
    outcomes.append(over | {"price": 105})
    reading = desk.read(PROPS, document)
    assert len(reading.rows) == 241
    assert reading.rejected == {"repeated": 1}
    assert row_of(reading.rows, book="draftkings", player_name="Caris LeVert")["over_price_american"] == -130.0


@pytest.mark.parametrize(
    ("as_of", "last_update"), [(utc(2024, 2, 23, 0, 0), None), (utc(2024, 2, 22, 23, 58), "2024-02-23T00:00:00Z")]
)
def test_a_price_of_the_tip_off_or_later_is_left_out(desk: Desk, as_of: datetime, last_update: str | None) -> None:
    document = desk.document(PROPS)
    for book in document["bookmakers"]:
        book["markets"][0]["last_update"] = last_update or book["markets"][0]["last_update"]
    context = desk.context(PROPS).model_copy(update={"as_of": as_of})
    reading = PROPS.source.read(json.dumps(document).encode(), context)
    assert reading.rows == ()
    assert reading.rejected == {"quoted at or after tip-off": 241}


def test_a_quoted_name_that_nobody_answers_to_stays_with_its_line(desk: Desk) -> None:
    document, outcomes = props_document(desk)
    for outcome in outcomes:
        outcome["description"] = outcome["description"].replace("Caris LeVert", "Karis Levertt")
    reading = desk.read(PROPS, document)
    row = row_of(reading.rows, player_name="Karis Levertt")
    assert (row["player_id"], row["line"]) == (None, 11.5)
    (unresolved,) = reading.unresolved
    assert unresolved["candidates"].split("; ")[0] == "Caris LeVert"
    assert unresolved["game_id"] == "0022300792"


def test_a_persons_alias_resolves_what_we_can_not(desk: Desk) -> None:
    document, outcomes = props_document(desk)
    for outcome in outcomes:
        outcome["description"] = outcome["description"].replace("Caris LeVert", "Baby Durant")
    context = desk.context(PROPS).model_copy(update={"aliases": {"Baby Durant": "Caris LeVert"}})
    reading = PROPS.source.read(json.dumps(document).encode(), context)
    assert reading.unresolved == ()
    assert row_of(reading.rows, player_name="Baby Durant")["player_id"] == "1627747"


def test_a_historical_answer_of_props_reads_as_of_its_own_moment(desk: Desk) -> None:
    wrapped = {"timestamp": "2024-02-22T23:56:00Z", "data": desk.document(PROPS)}
    reading = desk.read(PROPS, wrapped)
    assert {row["as_of"] for row in reading.rows} == {utc(2024, 2, 22, 23, 56)}
    assert [row | {"as_of": None} for row in reading.rows] == [row | {"as_of": None} for row in desk.read(PROPS).rows]


def test_the_event_of_another_game_is_refused(desk: Desk) -> None:
    slate = PROPS.slate.model_copy(update={"games": (*PROPS.slate.games, *MARCH_15.games)})
    context = desk.context(PROPS).model_copy(update={"slate": slate, "game_id": "0022400968"})
    with pytest.raises(ContractError, match="is the event of ORL@CLE"):
        PROPS.source.read(desk.body(PROPS), context)


def test_the_scoreboard_tells_status_and_score(desk: Desk) -> None:
    rows = desk.read(SCOREBOARD).rows
    assert {row["game_id"]: (row["status"], row["home_points"], row["away_points"]) for row in rows}["0042200163"] == (
        "live",
        39,
        30,
    )
    assert [row["status"] for row in rows] == ["live", "live", "final"]


def test_box_scores_know_opponent_and_home(desk: Desk) -> None:
    reading = desk.read(BOX_SCORES)
    assert len(reading.rows) == 157
    curry = row_of(reading.rows, player_id="201939")
    assert (curry["opponent"], curry["home"], curry["points"], curry["minutes"]) == ("NYK", True, 28, 35.0)
    assert curry["season"] == "2024-25"
    points = {team: sum(row["points"] for row in reading.rows if row["team"] == team) for team in ("NYK", "GSW")}
    assert points == {"NYK": 94, "GSW": 97}  # the final score


def test_on_neutral_ground_neither_team_is_at_home(desk: Desk) -> None:
    document = desk.document(BOX_SCORES)
    log = document["resultSets"][0]
    matchup = log["headers"].index("MATCHUP")
    for row in log["rowSet"]:
        row[matchup] = row[matchup].replace(" vs. ", " @ ")
    rows = desk.read(BOX_SCORES, document).rows
    assert not any(row["home"] for row in rows)
    assert row_of(rows, player_id="201939")["opponent"] == "NYK"


def test_history_takes_nothing_of_the_date_itself_or_after_it(desk: Desk) -> None:
    assert len(desk.read(HISTORY).rows) == 157
    same_day = desk.context(HISTORY).model_copy(update={"slate": MARCH_15})
    reading = HISTORY.source.read(desk.body(HISTORY), same_day)
    assert reading.rows == ()
    assert reading.rejected == {"game not before 2025-03-15": 157}


def test_a_game_in_progress_is_no_result(desk: Desk) -> None:
    document = desk.document(BOX_SCORES)
    log = document["resultSets"][0]
    for row in log["rowSet"][:3]:
        row[log["headers"].index("WL")] = None
    reading = desk.read(BOX_SCORES, document)
    assert len(reading.rows) == 154
    assert reading.rejected == {"game not final": 3}


@pytest.mark.parametrize("file", ["current_odds", "historical_odds", "historical_player_props", "player_props"])
def test_odds_of_the_sister_league_are_refused(desk: Desk, file: str) -> None:
    body = (desk.folder / f"payloads/wnba_same_schema/odds_api_{file}.json").read_bytes()
    for case in (EVENTS, GAME_LINES, PROPS):
        with pytest.raises(ContractError):
            case.source.read(body, desk.context(case))
        judgement = case.source.judge(desk.request(case), desk.response(case, body=body), case.slate)
        assert judgement.outcome is Outcome.WRONG_TYPE
