"""The requests of each source at a time (which report, seasons, games), and judgements that depend on the time."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.sources.base import Request, Response, Slate, Source
from tipoff.sources.boxscore_rules import RESULT_DUE_AFTER
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import EASTERN, Outcome, SlateGame, eastern

EVENING = datetime(2024, 3, 29, 23, tzinfo=UTC)


def slate_on(game_date: date, game_id: str = "0022301062") -> Slate:
    tip_off = eastern(game_date, 19)
    return Slate(game_date=game_date, games=(SlateGame(game_id=game_id, away="GSW", home="CHA", tip_off=tip_off),))


def requested_reports(as_of: datetime) -> list[str]:
    requests = SOURCES["nbac_injury_report"].requests(slate_on(date(2024, 3, 29)), as_of, {})
    return [request.path.removeprefix("/referee/injury/Injury-Report_") for request in requests]


@pytest.mark.parametrize(
    ("as_of", "newest", "before"),
    [
        (eastern(date(2024, 1, 4), 12, 35), "2024-01-04_12PM.pdf", "2024-01-04_11AM.pdf"),
        (eastern(date(2024, 1, 4), 12, 34), "2024-01-04_11AM.pdf", "2024-01-04_10AM.pdf"),
        (eastern(date(2024, 1, 4), 0, 40), "2024-01-04_12AM.pdf", "2024-01-03_11PM.pdf"),
        (eastern(date(2025, 12, 21), 23, 50), "2025-12-21_11PM.pdf", "2025-12-21_10PM.pdf"),
        (eastern(date(2025, 12, 22), 0, 20), "2025-12-22_12_15AM.pdf", "2025-12-22_12_00AM.pdf"),
        (eastern(date(2025, 12, 22), 0, 6), "2025-12-22_12_00AM.pdf", "2025-12-21_11PM.pdf"),
        (eastern(date(2026, 1, 5), 17, 50), "2026-01-05_05_45PM.pdf", "2026-01-05_05_30PM.pdf"),
    ],
)
def test_the_newest_due_injury_report_and_the_one_before_are_requested(
    as_of: datetime, newest: str, before: str
) -> None:
    assert requested_reports(as_of) == [newest, before]


STAMP = re.compile(r"(\d{4}-\d\d-\d\d)_(\d\d)(?:_(\d\d))?(AM|PM)\.pdf")


def stamp_of(report: str) -> datetime:
    match = STAMP.fullmatch(report)
    assert match
    day, hour, minute, half = match.groups()
    clock = int(hour) % 12 + (12 if half == "PM" else 0)
    return eastern(date.fromisoformat(day), clock, int(minute or 30))


@given(st.datetimes(datetime(2022, 10, 1), datetime(2026, 6, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_requested_reports_are_published_and_recent(as_of: datetime) -> None:
    newest, before = map(stamp_of, requested_reports(as_of))
    repeated_hour = timedelta(hours=1)  # when the clock goes back, one report name means two times
    assert newest <= as_of - timedelta(minutes=5) < newest + timedelta(hours=1) + repeated_hour
    assert newest - timedelta(hours=1) - repeated_hour <= before < newest or as_of.astimezone(EASTERN).month == 11


def test_the_schedule_has_a_second_address_as_an_alternative() -> None:
    requests = SOURCES["nbac_schedule"].requests(Slate(game_date=date(2024, 3, 29)), EVENING, {})
    assert SOURCES["nbac_schedule"].requests_are_alternatives
    assert [request.url for request in requests] == [
        "https://cdn.nba.com/static/json/staticData/scheduleLeagueV2.json",
        "https://stats.nba.com/stats/scheduleleaguev2int?LeagueID=00&Season=2023-24",
    ]


def test_injuries_are_requested_for_both_teams_of_an_upcoming_game() -> None:
    injuries, slate = SOURCES["bdl_injuries"], slate_on(date(2024, 3, 29))
    (request,) = injuries.requests(slate, EVENING - timedelta(seconds=1), {})
    assert request.url.startswith("https://api.balldontlie.io/v1/player_injuries?team_ids%5B%5D=10&team_ids%5B%5D=4&")
    assert (request.game_id, request.part) == ("0022301062", "GSW@CHA")
    assert injuries.requests(slate, EVENING, {}) == ()


@pytest.mark.parametrize(
    ("clock", "outcome"), [((9, 59), Outcome.NOT_PUBLISHED_YET), ((10, 0), Outcome.SUSPICIOUSLY_EMPTY)]
)
def test_no_officials_are_suspicious_once_they_are_due(clock: tuple[int, int], outcome: Outcome) -> None:
    referees, slate = SOURCES["nbac_referee_assignments"], slate_on(date(2024, 3, 29))
    (request,) = referees.requests(slate, EVENING, {})
    assert request.url == "https://official.nba.com/wp-json/api/v1/get-game-officials?date=2024-03-29"
    body, fetched_at = b'{"nba": {"Table": {"rows": []}}}', eastern(date(2024, 3, 29), *clock)
    response = Response(status=200, headers={}, body=body, url="", fetched_at=fetched_at)
    assert referees.judge(request, response, slate).outcome is outcome


def test_standings_are_not_requested_from_the_first_tip_off_on() -> None:
    standings, slate = SOURCES["nbac_standings"], slate_on(date(2024, 3, 29))
    (request,) = standings.requests(slate, EVENING - timedelta(seconds=1), {})
    assert request.url == "https://api.balldontlie.io/v1/standings?season=2023"
    assert standings.requests(slate, EVENING, {}) == ()


def test_props_are_requested_for_upcoming_games_with_an_event_id() -> None:
    props, slate = SOURCES["odds_api_player_points_props"], slate_on(date(2024, 3, 29))
    (request,) = props.requests(slate, EVENING - timedelta(seconds=1), {"0022301062": "abc"})
    assert request.path == "/v4/sports/basketball_nba/events/abc/odds"
    assert (request.game_id, request.part) == ("0022301062", "GSW@CHA")
    assert props.requests(slate, EVENING, {"0022301062": "abc"}) == ()
    assert props.requests(slate, EVENING - timedelta(hours=1), {}) == ()


@pytest.mark.parametrize(
    ("fetched_at", "outcome"),
    [(EVENING - timedelta(minutes=1), Outcome.NOT_PUBLISHED_YET), (EVENING, Outcome.GONE)],
)
def test_an_event_that_is_not_found_is_gone_only_after_tip_off(fetched_at: datetime, outcome: Outcome) -> None:
    request = Request(host="api.the-odds-api.com", path="/", game_id="0022301062", part="GSW@CHA")
    response = Response(status=404, headers={}, body=b"{}", url="", fetched_at=fetched_at)
    judgement = SOURCES["odds_api_player_points_props"].judge(request, response, slate_on(date(2024, 3, 29)))
    assert judgement.outcome is outcome
    assert "GSW@CHA" in judgement.reason


@pytest.mark.parametrize(
    ("game_id", "log"),
    [
        ("0022301062", "Regular Season"),
        ("0042300101", "Playoffs"),
        ("0052300101", "PlayIn"),
        ("0062300001", "IST"),
    ],
)
def test_results_are_requested_from_the_log_of_their_season_type(game_id: str, log: str) -> None:
    slate = slate_on(date(2024, 3, 29), game_id)
    (request,) = SOURCES["nbac_player_boxscores"].requests(slate, EVENING, {})
    assert request.params["SeasonType"] == log
    assert request.params["DateFrom"] == request.params["DateTo"] == "03/29/2024"
    assert request.params["Season"] == "2023-24"


_HEADERS = (
    "SEASON_ID GAME_ID GAME_DATE TEAM_ID MATCHUP WL MIN FGM FGA FG3M FG3A FTM FTA OREB DREB REB AST STL BLK TOV PF PTS",
    "PLAYER_ID PLAYER_NAME PLUS_MINUS",
)
EMPTY_RESULTS = {"headers": " ".join(_HEADERS).split(), "rowSet": []}
EMPTY_LOG = json.dumps({"parameters": {"LeagueID": "00"}, "resultSets": [EMPTY_RESULTS]}).encode()


@pytest.mark.parametrize(
    ("after_tip", "outcome"),
    [
        (RESULT_DUE_AFTER - timedelta(seconds=1), Outcome.NOT_PUBLISHED_YET),
        (RESULT_DUE_AFTER, Outcome.SUSPICIOUSLY_EMPTY),
    ],
)
def test_no_results_are_suspicious_once_a_game_is_due(after_tip: timedelta, outcome: Outcome) -> None:
    box_scores, slate = SOURCES["nbac_player_boxscores"], slate_on(date(2024, 3, 29))
    (request,) = box_scores.requests(slate, EVENING, {})
    response = Response(status=200, headers={}, body=EMPTY_LOG, url="", fetched_at=EVENING + after_tip)
    assert box_scores.judge(request, response, slate).outcome is outcome


@pytest.mark.parametrize(
    ("game_date", "logs", "outcome"),
    [
        (date(2024, 10, 22), 1, Outcome.EMPTY_OK),
        (date(2024, 12, 1), 1, Outcome.SUSPICIOUSLY_EMPTY),
        (date(2025, 4, 20), 3, Outcome.SUSPICIOUSLY_EMPTY),
        (date(2025, 8, 1), 1, Outcome.EMPTY_OK),
    ],
)
def test_history_may_be_empty_only_before_the_season(game_date: date, logs: int, outcome: Outcome) -> None:
    history, slate = SOURCES["nbac_player_history"], slate_on(game_date)
    first, *playoffs = history.requests(slate, eastern(game_date, 10), {})
    response = Response(status=200, headers={}, body=EMPTY_LOG, url="", fetched_at=eastern(game_date, 10))
    assert history.judge(first, response, slate).outcome is outcome
    assert len(playoffs) == logs - 1
    assert {history.judge(request, response, slate).outcome for request in playoffs} <= {Outcome.EMPTY_OK}


ONE_DATE = '[{"games": []}]'


def schedule_of(season: str, dates: str = "[]") -> bytes:
    return f'{{"leagueSchedule": {{"leagueId": "00", "seasonYear": "{season}", "gameDates": {dates}}}}}'.encode()


@pytest.mark.parametrize(
    ("game_date", "season", "dates", "outcome"),
    [
        (date(2024, 3, 29), "2023-24", ONE_DATE, Outcome.OK),
        (date(2024, 3, 29), "2022-23", ONE_DATE, Outcome.STALE),
        (date(2024, 3, 29), "2023-24", "[]", Outcome.SUSPICIOUSLY_EMPTY),
        (date(2024, 8, 1), "2023-24", ONE_DATE, Outcome.OK),
        (date(2024, 8, 1), "2024-25", "[]", Outcome.EMPTY_OK),
        (date(2024, 11, 1), "2023-24", ONE_DATE, Outcome.STALE),
    ],
)
def test_a_schedule_of_another_season_is_stale(game_date: date, season: str, dates: str, outcome: Outcome) -> None:
    schedule, as_of = SOURCES["nbac_schedule"], eastern(game_date, 6)
    body = schedule_of(season, dates)
    response = Response(status=200, headers={}, body=body, url="", fetched_at=as_of)
    for request in schedule.requests(Slate(game_date=game_date), as_of, {}):
        assert schedule.judge(request, response, Slate(game_date=game_date)).outcome is outcome


@pytest.mark.parametrize(
    ("shown", "outcome"), [("2024-03-29", Outcome.SUSPICIOUSLY_EMPTY), ("2024-03-28", Outcome.STALE)]
)
def test_the_scoreboard_of_another_date_is_stale(shown: str, outcome: Outcome) -> None:
    scoreboard, slate = SOURCES["nbac_scoreboard"], slate_on(date(2024, 3, 29))
    (request,) = scoreboard.requests(slate, EVENING, {})
    body = f'{{"scoreboard": {{"gameDate": "{shown}", "leagueId": "00", "games": []}}}}'.encode()
    response = Response(status=200, headers={}, body=body, url="", fetched_at=EVENING)
    assert scoreboard.judge(request, response, slate).outcome is outcome


@pytest.mark.parametrize(
    ("status", "newest", "one_before"),
    [
        (403, Outcome.NOT_PUBLISHED_YET, Outcome.BLOCKED),
        (404, Outcome.NOT_PUBLISHED_YET, Outcome.NOT_PUBLISHED_YET),
        (500, Outcome.PROVIDER_ERROR, Outcome.PROVIDER_ERROR),
    ],
)
def test_only_the_newest_injury_report_may_be_unpublished(status: int, newest: Outcome, one_before: Outcome) -> None:
    report, slate = SOURCES["nbac_injury_report"], slate_on(date(2024, 3, 29))
    body = b"Not Found" if status == 404 else b"<Error>AccessDenied</Error>"
    response = Response(status=status, headers={}, body=body, url="", fetched_at=EVENING)
    outcomes = [report.judge(request, response, slate).outcome for request in report.requests(slate, EVENING, {})]
    assert outcomes == [newest, one_before]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2024, 3, 29), "2024-03-29T04:00:00Z", "2024-03-30T03:59:59Z"),
        (date(2024, 11, 3), "2024-11-03T04:00:00Z", "2024-11-04T04:59:59Z"),
    ],
    ids=["any day", "the day the clock goes back"],
)
def test_game_lines_are_requested_for_the_date_only(day: date, first: str, last: str) -> None:
    (request,) = SOURCES["odds_api_game_lines"].requests(slate_on(day), eastern(day, 9), {})
    assert (request.params["commenceTimeFrom"], request.params["commenceTimeTo"]) == (first, last)


def test_the_sources_that_know_a_next_page_are_paged() -> None:
    know_a_next_page = {name for name, source in SOURCES.items() if type(source).next_page is not Source.next_page}
    assert {name for name, source in SOURCES.items() if source.paged} == know_a_next_page
