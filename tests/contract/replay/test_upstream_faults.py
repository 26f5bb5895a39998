"""Every kind of fault over real HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from devtools.sources_page import first_request
from tipoff.replay.upstream.endpoints import SERVED_SOURCES
from tipoff.sources.registry import SOURCES as REGISTRY
from tipoff.sources.registry import sources

Get = Callable[..., httpx.Response]
GetWith = Callable[[str], Get]

NOON = "2024-03-29 12:35"
AFTERNOON = "2024-03-29 15:30"
NEXT_MORNING = "2024-03-30 06:00"

SCHEDULE = "cdn.nba.com/static/json/staticData/scheduleLeagueV2.json"
SCOREBOARD = "cdn.nba.com/static/json/liveData/scoreboard/todaysScoreboard_00.json"
ESPN_SCOREBOARD = "site.api.espn.com/apis/site/v2/sports/basketball/nba/scoreboard?dates=20240329"
PLAYERS = "stats.nba.com/stats/playerindex?Season=2023-24"
LOG = "stats.nba.com/stats/leaguegamelog?Season=2023-24&DateFrom=03/29/2024&PlayerOrTeam="
REPORT = "ak-static.cms.nba.com/referee/injury/Injury-Report_2024-03-29_12PM.pdf"
HORNETS_ROSTER = "site.api.espn.com/apis/site/v2/sports/basketball/nba/teams/30/roster"
JAZZ_ROSTER = "site.api.espn.com/apis/site/v2/sports/basketball/nba/teams/26/roster"
INJURIES = "api.balldontlie.io/v1/player_injuries?team_ids[]=4&team_ids[]=10"
OFFICIALS = "official.nba.com/wp-json/api/v1/get-game-officials?date=2024-03-29"
STANDINGS = "api.balldontlie.io/v1/standings?season=2023"
SPORT = "api.the-odds-api.com/v4/sports/basketball_nba"
ODDS = "apiKey=any&regions=us&oddsFormat=american"
EVENTS = f"{SPORT}/events?apiKey=any"
LINES = f"{SPORT}/odds?{ODDS}&markets=h2h,spreads,totals"
HORNETS_PROPS = f"{SPORT}/events/ee8cfaef963aea9276e133873f77c26a/odds?{ODDS}&markets=player_points"
JAZZ_PROPS = f"{SPORT}/events/0c27cbb0f7633e73a59fbb14d412dbf7/odds?{ODDS}&markets=player_points"
PLAYS = "cdn.nba.com/static/json/liveData/playbyplay/playbyplay_0022301060.json"
PLAYS_IN_CSV = "bigdataball/[2024-03-28]-0022301060-BOS@ATL.csv"
GAMEBOOK = "statsdmz.nba.com/pdfs/20240328/20240328_BOSATL.pdf"
HORNETS_OFFERS = "api.bettingpros.com/v3/offers?sport=NBA&market_id=156&event_id=22301062"

HORNETS_GAME = "0022301062"


def address_of(source: str) -> str:
    """The address of the source's first request."""
    return unquote(first_request(REGISTRY[source]).url.removeprefix("https://"))


WITHOUT_FACTS = {name: address_of(name) for name, source in sources(replayed=True).items() if source.idle_reason}
"""Sources without archived facts: the replay always responds with 404."""
SOURCES = {name: address_of(name) for name in sorted(SERVED_SOURCES - WITHOUT_FACTS.keys())} | {
    "nbac_schedule": SCHEDULE,
    "nbac_scoreboard": SCOREBOARD,
    "espn_scoreboard": ESPN_SCOREBOARD,
    "nbac_player_list_current": PLAYERS,
    "nbac_player_boxscores": LOG + "P",
    "nbac_team_history": LOG + "T",
    "nbac_team_boxscore": "stats.nba.com/stats/boxscoretraditionalv3?GameID=0022301062",
    "nbac_live_boxscore": "cdn.nba.com/static/json/liveData/boxscore/boxscore_0022301062.json",
    "bdl_player_boxscores": "api.balldontlie.io/v1/box_scores?date=2024-03-29",
    "nbac_injury_report": REPORT,
    "espn_boxscores": "site.api.espn.com/apis/site/v2/sports/basketball/nba/summary?event=422301062",
    "espn_team_rosters": HORNETS_ROSTER,
    "bdl_injuries": INJURIES,
    "nbac_referee_assignments": OFFICIALS,
    "nbac_standings": STANDINGS,
    "odds_api_events": EVENTS,
    "odds_api_game_lines": LINES,
    "odds_api_player_points_props": HORNETS_PROPS,
    "nbac_play_by_play": PLAYS,
    "bigdataball_play_by_play": PLAYS_IN_CSV,
    "nbac_gamebook_player_stats": GAMEBOOK,
    "bettingpros_events": "api.bettingpros.com/v3/events?sport=NBA",
    "bettingpros_player_points_props": HORNETS_OFFERS,
}
"""Source -> an address with data; by default that of its first request."""
EVERY_SOURCE = SOURCES | WITHOUT_FACTS
AFTER_TIP_OFF = {"nbac_live_boxscore"}
"""Sources without data before tip-off."""


def fault(source: str, kind: str, **fields: Any) -> str:
    lines = [f"{name} = {value!r}" for name, value in {"source": source, "kind": kind, **fields}.items()]
    return "\n".join(["[[fault]]", *lines, ""])


def games_in(response: httpx.Response) -> list[str]:
    dates = response.json()["leagueSchedule"]["gameDates"]
    return [game["gameCode"] for day in dates for game in day["games"]]


def outcomes(response: httpx.Response, book: str = "draftkings") -> list[dict[str, Any]]:
    books = {listed["key"]: listed for listed in response.json()["bookmakers"]}
    listed: list[dict[str, Any]] = books[book]["markets"][0]["outcomes"]
    return listed


def test_every_source_that_a_fault_may_name_is_covered() -> None:
    assert EVERY_SOURCE.keys() == SERVED_SOURCES
    assert WITHOUT_FACTS.keys() == {"nbac_player_movement"}


@pytest.mark.parametrize("source", EVERY_SOURCE)
def test_a_failing_provider_responds_with_500(source: str, get_with: GetWith) -> None:
    get = get_with(fault(source, "server_error"))
    for name, address in EVERY_SOURCE.items():
        assert (get(address, NEXT_MORNING).status_code == 500) == (name == source)


def test_a_fault_for_any_source_affects_every_source(get_with: GetWith) -> None:
    get = get_with(fault("*", "html_page"))
    for address in EVERY_SOURCE.values():
        response = get(address, NOON)
        assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_block_is_403_with_xml_and_not_yet_published_is_a_bare_403(get_with: GetWith) -> None:
    get = get_with(fault("nbac_schedule", "access_denied") + fault("nbac_scoreboard", "forbidden_not_yet"))
    blocked, early = get(SCHEDULE, NOON), get(SCOREBOARD, NOON)
    assert (blocked.status_code, early.status_code) == (403, 403)
    assert b"AccessDenied" in blocked.content
    assert b"AccessDenied" not in early.content


def test_throttling_has_a_retry_after_header(get_with: GetWith) -> None:
    response = get_with(fault("odds_api_events", "too_many_requests", retry_after_seconds=90))(EVENTS, NOON)
    assert (response.status_code, response.headers["retry-after"]) == (429, "90")


def test_a_spent_quota_and_a_bad_key_have_different_error_codes(get_with: GetWith) -> None:
    get = get_with(fault("odds_api_events", "quota_spent") + fault("odds_api_game_lines", "bad_key"))
    spent, bad = get(EVENTS, NOON), get(LINES, NOON)
    assert (spent.status_code, bad.status_code) == (401, 401)
    assert spent.json()["error_code"] == "OUT_OF_USAGE_CREDITS"
    assert spent.headers["x-requests-remaining"] == "0"
    assert bad.json()["error_code"] == "INVALID_KEY"


def test_providers_with_a_key_in_a_header_respond_to_a_bad_key_with_401(get_with: GetWith) -> None:
    response = get_with(fault("bdl_injuries", "bad_key"))(INJURIES, NOON)
    assert (response.status_code, response.text) == (401, "Unauthorized")


def test_a_gone_fault_is_a_404(get_with: GetWith) -> None:
    assert get_with(fault("nbac_schedule", "gone"))(SCHEDULE, NOON).status_code == 404


@pytest.mark.parametrize("address", WITHOUT_FACTS.values())
def test_a_source_without_archived_facts_is_a_404(address: str, get: Get) -> None:
    assert get(address, NOON).status_code == 404


def test_a_bad_request_fault_is_a_422(get_with: GetWith) -> None:
    assert get_with(fault("odds_api_events", "bad_request"))(EVENTS, NOON).status_code == 422


def test_a_fault_is_active_from_its_start_to_its_end_in_virtual_eastern_time(get_with: GetWith) -> None:
    period = {"from": "2024-03-29T10:00", "until": "2024-03-29T11:00"}
    get = get_with(fault("nbac_schedule", "server_error", **period))
    times = ("09:59", "10:00", "10:59", "11:00")
    assert [get(SCHEDULE, f"2024-03-29 {at}").status_code for at in times] == [200, 500, 500, 200]


def test_a_fault_with_a_count_affects_only_the_first_requests(get_with: GetWith) -> None:
    get = get_with(fault("nbac_schedule", "server_error", count=2))
    assert [get(SCHEDULE, NOON).status_code for _ in range(4)] == [500, 500, 200, 200]


def test_a_hanging_provider_does_not_block_the_others(get_with: GetWith, client: httpx.Client) -> None:
    get = get_with(fault("nbac_schedule", "hang"))
    client.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        get(SCHEDULE, NOON)
    client.timeout = httpx.Timeout(10)
    assert get(SCOREBOARD, NOON).status_code == 200


def test_a_truncated_body_ends_before_its_content_length(get_with: GetWith) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        get_with(fault("nbac_schedule", "truncated_body"))(SCHEDULE, NOON)


def test_an_oversize_response_exceeds_every_cap(get_with: GetWith) -> None:
    response = get_with(fault("nbac_schedule", "oversize"))(SCHEDULE, NOON)
    assert len(response.content) == 200_000_000


@pytest.mark.parametrize("source", SOURCES)
def test_an_empty_response_keeps_its_keys(source: str, get_with: GetWith, get: Get) -> None:
    at = NEXT_MORNING if source in AFTER_TIP_OFF else AFTERNOON
    full, empty = (one(SOURCES[source], at) for one in (get, get_with(fault(source, "empty"))))
    assert empty.status_code == 200
    assert empty.headers["content-type"] == full.headers["content-type"]
    assert len(empty.content) <= len(full.content)
    if empty.headers["content-type"] == "application/json":
        assert empty.json() == [] or empty.json().keys() == full.json().keys()


def test_a_partial_slate_lacks_only_the_named_games(get_with: GetWith, get: Get) -> None:
    get_partly = get_with("".join(fault(source, "partial_slate", games=["GSW@CHA"]) for source in SOURCES))
    missing = set(games_in(get(SCHEDULE, NOON))) - set(games_in(get_partly(SCHEDULE, NOON)))
    assert missing == {"20240329/GSWCHA"}
    assert len(get_partly(EVENTS, NOON).json()) == 11
    assert len(get_partly(LINES, NOON).json()) == 11
    assert len(get_partly(SCOREBOARD, NOON).json()["scoreboard"]["games"]) == 11
    assert len(get_partly(ESPN_SCOREBOARD, NOON).json()["events"]) == 11
    logged = {row[6] for row in get_partly(LOG + "P", NEXT_MORNING).json()["resultSets"][0]["rowSet"]}
    assert len(logged) == 11
    assert HORNETS_GAME not in logged
    assert get_partly(HORNETS_PROPS, AFTERNOON).json()["bookmakers"] == []
    assert get_partly(JAZZ_PROPS, AFTERNOON).json()["bookmakers"] != []
    assert get_partly(HORNETS_ROSTER, NOON).json()["team"]["athletes"] == []
    assert get_partly(JAZZ_ROSTER, NOON).json()["team"]["athletes"] != []
    assert get_partly(INJURIES, NOON).json()["data"] == []
    assert len(get_partly(OFFICIALS, NOON).json()["nba"]["Table"]["rows"]) == 11
    assert {entry["team"]["abbreviation"] for entry in get_partly(STANDINGS, NOON).json()["data"]}.isdisjoint(
        {"GSW", "CHA"}
    )
    assert get_partly(HORNETS_OFFERS, AFTERNOON).json()["offers"] == []


def test_a_stale_response_is_that_of_the_day_before(get_with: GetWith, get: Get) -> None:
    stale = get_with(fault("*", "stale"))
    assert stale(SCOREBOARD, "2024-03-29 20:00").content == get(SCOREBOARD, "2024-03-28 20:00").content
    assert stale(SCHEDULE, NEXT_MORNING).content == get(SCHEDULE, "2024-03-29 06:00").content
    assert stale(REPORT, NOON).status_code == 403


def test_a_request_about_today_can_get_yesterdays_response(get_with: GetWith, get: Get) -> None:
    old = "".join(
        fault(source, "yesterdays") for source in ("nbac_injury_report", "espn_scoreboard", "odds_api_game_lines")
    )
    for address in (REPORT, ESPN_SCOREBOARD):
        of_yesterday = address.replace("2024-03-29", "2024-03-28").replace("20240329", "20240328")
        assert get_with(old)(address, NOON).content == get(of_yesterday, NOON).content
    old_book, book = (send(LINES, NOON).json()[0]["bookmakers"][0] for send in (get_with(old), get))
    assert old_book["last_update"] == book["last_update"].replace("2024-03-29", "2024-03-28")
    assert old_book["markets"][0]["outcomes"] == book["markets"][0]["outcomes"]


def test_a_late_provider_lags_by_the_given_minutes(get_with: GetWith) -> None:
    late = get_with(fault("nbac_player_boxscores", "late", delay_minutes=90))
    assert late(LOG + "P", "2024-03-29 22:54").json()["resultSets"][0]["rowSet"] == []
    assert late(LOG + "P", "2024-03-29 22:55").json()["resultSets"][0]["rowSet"] != []


def test_a_postponed_game_leaves_its_date_and_never_becomes_final(get_with: GetWith) -> None:
    get = get_with(fault("*", "postponed", games=["GSW@CHA"], **{"from": "2024-03-29T12:00"}))
    before, after = (games_in(get(SCHEDULE, f"2024-03-29 {at}")) for at in ("11:59", "12:00"))
    assert "20240329/GSWCHA" in before
    assert "20240329/GSWCHA" not in after
    assert "20240405/GSWCHA" in after
    board = get(SCOREBOARD, NEXT_MORNING).json()["scoreboard"]["games"]
    postponed = next(game for game in board if game["gameId"] == HORNETS_GAME)
    assert (postponed["gameStatusText"], postponed["gameStatus"], postponed["homeTeam"]["score"]) == ("PPD", 1, 0)
    assert HORNETS_GAME not in get(LOG + "P", NEXT_MORNING).text
    assert get(PLAYS.replace("0022301060", HORNETS_GAME), NEXT_MORNING).status_code == 403
    assert get("statsdmz.nba.com/pdfs/20240329/20240329_GSWCHA.pdf", NEXT_MORNING).status_code == 404
    (event,) = [
        event for event in get(ESPN_SCOREBOARD, NEXT_MORNING).json()["events"] if event["shortName"] == "GS @ CHA"
    ]
    assert event["status"]["type"]["name"] == "STATUS_POSTPONED"


def test_a_game_without_a_fixed_tip_off_is_listed_at_midnight_and_is_not_played_meanwhile(get_with: GetWith) -> None:
    get = get_with(fault("*", "tip_off_tbd", games=["GSW@CHA"], until="2024-03-30T06:00"))
    in_play, morning = "2024-03-29 20:00", NEXT_MORNING
    listed = get(SCHEDULE, in_play).json()["leagueSchedule"]["gameDates"]
    (game,) = (game for day in listed for game in day["games"] if game["gameId"] == HORNETS_GAME)
    assert (game["gameStatusText"], game["gameDateTimeUTC"]) == ("TBD", "2024-03-29T04:00:00Z")
    board = get(SCOREBOARD, in_play).json()["scoreboard"]["games"]
    shown = next(game for game in board if game["gameId"] == HORNETS_GAME)
    assert (shown["gameStatus"], shown["gameStatusText"], shown["gameTimeUTC"]) == (1, "TBD", "2024-03-29T04:00:00Z")
    (event,) = [event for event in get(ESPN_SCOREBOARD, in_play).json()["events"] if event["shortName"] == "GS @ CHA"]
    assert (event["date"], event["competitions"][0]["timeValid"]) == ("2024-03-29T04:00Z", False)
    assert get(HORNETS_PROPS, in_play).json()["bookmakers"] != []
    later = get(SCOREBOARD, morning).json()["scoreboard"]["games"]
    assert next(game for game in later if game["gameId"] == HORNETS_GAME)["gameStatusText"] == "Final"


def test_a_damaged_entry_of_the_schedule_has_no_time_and_no_status_text(get_with: GetWith) -> None:
    get = get_with(fault("nbac_schedule", "damaged_entry", games=[HORNETS_GAME]))
    days = get(SCHEDULE, "2024-01-29 12:00").json()["leagueSchedule"]["gameDates"]
    damaged = [game["gameId"] for day in days for game in day["games"] if not game["gameDateTimeUTC"]]
    assert damaged == [HORNETS_GAME]


def test_the_named_game_never_gets_props(get_with: GetWith) -> None:
    get = get_with(fault("odds_api_player_points_props", "never", games=[HORNETS_GAME]))
    assert get(HORNETS_PROPS, "2024-03-29 18:59").json()["bookmakers"] == []
    assert get(JAZZ_PROPS, "2024-03-29 18:59").json()["bookmakers"] != []


def test_a_fault_can_select_the_requests_of_one_game(get_with: GetWith) -> None:
    get = get_with(
        fault("odds_api_player_points_props", "server_error", games=["GSW@CHA"])
        + fault("espn_team_rosters", "html_page", games=["GSW@CHA"])
    )
    assert [get(address, AFTERNOON).status_code for address in (HORNETS_PROPS, JAZZ_PROPS)] == [500, 200]
    kinds = [get(address, NOON).headers["content-type"] for address in (HORNETS_ROSTER, JAZZ_ROSTER)]
    assert kinds == ["text/html; charset=utf-8", "application/json"]


def with_fault(get_with: GetWith, kind: str) -> httpx.Response:
    return get_with(fault("odds_api_player_points_props", kind, books=["draftkings"]))(HORNETS_PROPS, AFTERNOON)


def test_a_one_sided_book_offers_no_under(get_with: GetWith) -> None:
    response = with_fault(get_with, "one_sided")
    assert {outcome["name"] for outcome in outcomes(response)} == {"Over"}
    assert {outcome["name"] for outcome in outcomes(response, "fanduel")} == {"Over", "Under"}


def test_alternate_lines_surround_the_main_line_with_lopsided_prices(get_with: GetWith, get: Get) -> None:
    main = outcomes(get(HORNETS_PROPS, AFTERNOON))
    player = main[0]["description"]
    listed = [
        (outcome["point"], outcome["price"])
        for outcome in outcomes(with_fault(get_with, "alternate"))
        if outcome["description"] == player and outcome["name"] == "Over"
    ]
    line, price = main[0]["point"], main[0]["price"]
    assert listed == [(line - 4, -350), (line, price), (line + 4, 260)]


def test_integer_lines_can_push(get_with: GetWith, get: Get) -> None:
    before = [outcome["point"] for outcome in outcomes(get(HORNETS_PROPS, AFTERNOON))]
    after = [outcome["point"] for outcome in outcomes(with_fault(get_with, "integer_line"))]
    assert after == [line - 0.5 for line in before]


def test_moved_lines_keep_their_prices(get_with: GetWith, get: Get) -> None:
    moved = get_with(fault("odds_api_player_points_props", "moved_line", books=["draftkings"], points=7))
    before, after = (outcomes(each(HORNETS_PROPS, AFTERNOON)) for each in (get, moved))
    assert [(each["point"] - 7, each["price"]) for each in after] == [(each["point"], each["price"]) for each in before]


def test_partial_totals_are_a_fraction_of_the_players(get_with: GetWith, get: Get) -> None:
    address = "stats.nba.com/stats/boxscoretraditionalv3"
    partial = get_with(fault("nbac_team_boxscore", "partial_totals", games=["GSW@CHA"]))
    whole, first = (
        each(address, "2024-03-30 02:00", GameID="0022301062").json()["boxScoreTraditional"]["homeTeam"]
        for each in (get, partial)
    )
    assert first["players"] == whole["players"]
    assert first["statistics"]["points"] == whole["statistics"]["points"] // 12
    assert first["statistics"]["minutes"] == whole["statistics"]["minutes"]


def test_in_play_quotes_have_an_update_time_after_tip_off(get_with: GetWith) -> None:
    get = get_with(fault("odds_api_player_points_props", "in_play", books=["draftkings"]))
    for at, stamp in (("15:30", "2024-03-29T23:20:00Z"), ("19:30", "2024-03-29T23:30:00Z")):
        books = {book["key"]: book for book in get(HORNETS_PROPS, f"2024-03-29 {at}").json()["bookmakers"]}
        assert books["draftkings"]["markets"][0]["last_update"] == stamp
        assert books["fanduel"]["markets"][0]["last_update"] < "2024-03-29T19:01:00Z"
