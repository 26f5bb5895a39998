"""Replayed responses have the key paths of the recorded ones; omitted paths are listed, none is added."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from devtools.handmade_responses import MADE
from devtools.recorded_responses import CASES as RECORDED_CASES
from tipoff.replay.upstream.endpoints import ENDPOINTS, find_endpoint
from tipoff.sources.pdf import pages_of, text_of

Get = Callable[..., httpx.Response]

pytestmark = pytest.mark.data

NBA_QUERY = {"Season": "2023-24", "PlayerOrTeam": "P", "DateFrom": "03/28/2024", "DateTo": "03/28/2024"}
ODDS = {"apiKey": "any", "regions": "us", "oddsFormat": "american"}
EVENT = "ee8cfaef963aea9276e133873f77c26a"
LAST_NIGHT = "0022301060"
"""A game of 2024-03-28."""

BROADCAST_PATHS = {"leagueSchedule.broadcasterList[]", "leagueSchedule.gameDates[].games[].broadcasters"}
ESPN_ROSTER_EXTRAS = {
    *("team.color", "team.alternateColor", "team.logos", "team.record", "team.groups", "team.links"),
    *("team.franchise", "team.nextEvent", "team.standingSummary"),
    *(
        f"team.athletes[].{key}"
        for key in (
            *("guid", "weight", "displayWeight", "height", "displayHeight", "age", "dateOfBirth", "debutYear"),
            *("links", "birthPlace", "citizenship", "college", "collegeAthlete", "headshot", "jersey", "position"),
            *("injuries[]", "teams", "experience", "contract", "eventLog", "draft"),
        )
    ),
}
BDL_PLAYER_EXTRAS = {
    f"data[].player.{key}"
    for key in (
        *("id", "position", "height", "weight", "jersey_number", "college", "country"),
        *("draft_year", "draft_round", "draft_number"),
    )
}
BETTINGPROS_EVENT_EXTRAS = {
    "_parameters",
    *(
        f"events[].{key}"
        for key in (
            *("sr_id", "link", "series_summary", "popularity", "lineups", "venue", "broadcasts", "results", "is_free"),
            *("participants[].link", "participants[].team.conference", "participants[].team.division"),
            *("participants[].team.record", "participants[].team.slug"),
        )
    ),
}
ESPN_SCOREBOARD_EXTRAS = {
    *("leagues[].logos", "leagues[].season", "leagues[].calendarStartDate", "leagues[].calendarEndDate"),
    *("events[].season.type", "events[].season.slug", "events[].links"),
    *(
        f"events[].competitions[].{key}"
        for key in (
            *("attendance", "type", "conferenceCompetition", "playByPlayAvailable", "recent", "venue", "notes"),
            *("broadcast", "broadcasts", "geoBroadcasts", "format", "highlights", "headlines"),
            *(f"competitors[].{suffix}" for suffix in ("winner", "linescores", "statistics", "leaders", "records")),
            *(f"competitors[].team.{suffix}" for suffix in ("color", "alternateColor", "venue", "links", "logo")),
            "status.type.altDetail",
        )
    ),
    "events[].status.type.altDetail",
}

PLAY_BY_PLAY_EXTRAS = {
    f"game.actions[].{key}"
    for key in (
        *("descriptor", "areaDetail", "shotDistance", "pointsTotal", "assistTotal", "shotActionNumber", "officialId"),
        *("foulPersonalTotal", "foulTechnicalTotal", "foulDrawnPersonId", "foulDrawnPlayerName", "turnoverTotal"),
        *("reboundTotal", "reboundDefensiveTotal", "reboundOffensiveTotal", "jumpBallRecoveredName"),
        *(f"{whose}{suffix}" for whose in ("block", "steal") for suffix in ("PersonId", "PlayerName")),
        *(f"jumpBall{whose}{suffix}" for whose in ("Won", "Lost") for suffix in ("PersonId", "PlayerName")),
        "jumpBallRecoverdPersonId",
    )
}

_SHOT_FIGURES = ("Attempted", "Made", "Percentage")
COMMON_EXTRA_FIGURES = (
    *("blocksReceived", "foulsDrawn", "foulsOffensive", "foulsTechnical", "minutesCalculated"),
    *(
        "pointsFastBreak",
        "pointsInThePaint",
        "pointsSecondChance",
        *(f"twoPointers{suffix}" for suffix in _SHOT_FIGURES),
    ),
)
"""Figures of players and teams that the archive does not have."""
PLAYER_EXTRA_FIGURES = (*COMMON_EXTRA_FIGURES, "plus", "minus")
TEAM_EXTRA_FIGURES = (
    *COMMON_EXTRA_FIGURES,
    *(
        f"{scored}{suffix}"
        for scored in ("fastBreakPoints", "pointsInThePaint", "secondChancePoints")
        for suffix in _SHOT_FIGURES
    ),
    *("assistsTurnoverRatio", "benchPoints", "fieldGoalsEffectiveAdjusted", "foulsTeam", "foulsTeamTechnical"),
    *("biggestLead", "biggestLeadScore", "biggestScoringRun", "biggestScoringRunScore", "leadChanges"),
    *("pointsAgainst", "pointsFromTurnovers", "reboundsPersonal", "reboundsTeam", "reboundsTeamDefensive"),
    *("reboundsTeamOffensive", "timeLeading", "timesTied", "trueShootingAttempts", "trueShootingPercentage"),
    *("turnoversTeam", "turnoversTotal"),
)
LIVE_BOX_EXTRAS = {
    *("game.arena", "game.attendance", "game.duration", "game.gameTimeAway", "game.gameTimeHome", "game.gameTimeLocal"),
    *("game.officials", "game.sellout"),
    *(
        f"game.{side}.{key}"
        for side in ("homeTeam", "awayTeam")
        for key in (
            *("inBonus", "players[].position", "players[].notPlayingReason", "players[].notPlayingDescription"),
            *(f"players[].statistics.{figure}" for figure in PLAYER_EXTRA_FIGURES),
            *(f"statistics.{figure}" for figure in TEAM_EXTRA_FIGURES),
        )
    ),
}

BOX_TEAM_EXTRAS = ("slug", "shortDisplayName", "color", "alternateColor", "logo")
HEADER_TEAM_EXTRAS = ("guid", "color", "alternateColor", "logos", "links")
ESPN_SUMMARY_EXTRAS = {
    *("gameInfo", "header.links", "header.league.links", "header.league.logos", "header.season"),
    *("boxscore.teams[].statistics", "boxscore.players[].statistics[].descriptions"),
    *(f"boxscore.{block}[].team.{key}" for block in ("teams", "players") for key in BOX_TEAM_EXTRAS),
    *(f"header.competitions[].competitors[].team.{key}" for key in HEADER_TEAM_EXTRAS),
    *(
        f"boxscore.players[].statistics[].athletes[].{key}"
        for key in ("active", "reason", "athlete.id", "athlete.uid", "athlete.guid", "athlete.shortName")
    ),
    *(
        f"boxscore.players[].statistics[].athletes[].athlete.{key}"
        for key in ("links", "headshot", "jersey", "position")
    ),
    *(f"header.competitions[].competitors[].{key}" for key in ("winner", "linescores", "record", "possession")),
    *(
        f"header.competitions[].{key}"
        for key in (
            *("conferenceCompetition", "boxscoreAvailable", "commentaryAvailable", "liveAvailable"),
            *("shotChartAvailable", "timeoutsAvailable", "possessionArrowAvailable", "onWatchESPN", "recent"),
            *("wallclockAvailable", "boxscoreSource", "playByPlaySource", "broadcasts", "series", "boxscoreMinutes"),
        )
    ),
}

CASES = {
    "schedule": (
        "cdn_nba/scheduleLeagueV2_subset_cdn.json",
        ("cdn.nba.com/static/json/staticData/scheduleLeagueV2.json", {}),
        BROADCAST_PATHS,
    ),
    "schedule of stats.nba.com": (
        "stats_nba/scheduleleaguev2int_full_season.json.gz",
        ("stats.nba.com/stats/scheduleleaguev2int", {"LeagueID": "00", "Season": "2023-24"}),
        {
            *(BROADCAST_PATHS | {"leagueSchedule.weeks[]"}),
            "leagueSchedule.gameDates[].games[].pointsLeaders[]",
        },
    ),
    "scoreboard": (
        "cdn_nba/todaysScoreboard_00.json",
        ("cdn.nba.com/static/json/liveData/scoreboard/todaysScoreboard_00.json", {}),
        set(),
    ),
    "player index": ("stats_nba/playerindex.json", ("stats.nba.com/stats/playerindex", NBA_QUERY), set()),
    "game log": (
        "stats_nba/leaguegamelog_playerbox_oneday.json",
        ("stats.nba.com/stats/leaguegamelog", NBA_QUERY),
        set(),
    ),
    "game log of teams": (
        "stats_nba/leaguegamelog_playerbox_oneday.json",
        ("stats.nba.com/stats/leaguegamelog", NBA_QUERY | {"PlayerOrTeam": "T"}),
        set(),
    ),
    "team box": (
        "stats_nba/nba_api_docs_boxscoretraditionalv3.json",
        ("stats.nba.com/stats/boxscoretraditionalv3", {"GameID": LAST_NIGHT}),
        set(),
    ),
    "live box": (
        "cdn_nba/boxscore_0042200123.json",
        (f"cdn.nba.com/static/json/liveData/boxscore/boxscore_{LAST_NIGHT}.json", {}),
        LIVE_BOX_EXTRAS,
    ),
    "bdl box scores": (
        "balldontlie/box_scores_7a649e12.json",
        ("api.balldontlie.io/v1/box_scores", {"date": "2024-03-28"}),
        {
            f"data[].{side}.{key}"
            for side in ("home_team", "visitor_team")
            for key in (
                *("id", "conference", "division"),
                *(
                    f"players[].player.{known}"
                    for known in ("position", "height", "weight", "jersey_number", "college")
                ),
                *(f"players[].player.{known}" for known in ("country", "draft_year", "draft_round", "draft_number")),
            )
        },
    ),
    "roster": (
        "espn/team_2_roster.json",
        ("site.api.espn.com/apis/site/v2/sports/basketball/nba/teams/2/roster", {}),
        ESPN_ROSTER_EXTRAS,
    ),
    "espn scoreboard": (
        "espn/scoreboard_11games.json",
        ("site.api.espn.com/apis/site/v2/sports/basketball/nba/scoreboard", {"dates": "20240328"}),
        ESPN_SCOREBOARD_EXTRAS,
    ),
    "espn box": (
        "wnba_same_schema/espn_summary_with_game_info.json",
        ("site.api.espn.com/apis/site/v2/sports/basketball/nba/summary", {"event": f"4{LAST_NIGHT[2:]}"}),
        ESPN_SUMMARY_EXTRAS,
    ),
    "bdl injuries": (
        "balldontlie/injuries_49fd60fb.json",
        ("api.balldontlie.io/v1/player_injuries", {"per_page": "20"}),
        BDL_PLAYER_EXTRAS | {"data[].return_date"},
    ),
    "referees": (
        "nba_com/referee_assignments.json",
        ("official.nba.com/wp-json/api/v1/get-game-officials", {"date": "2024-03-29"}),
        {
            *(f"{league}.{table}.columns" for league in ("nba", "gl", "wnba") for table in ("Table", "Table1")),
            *("nba.Table1.rows[]", "gl.Table.rows[]", "gl.Table1.rows[]", "wnba.Table1.rows[]"),
            *(f"nba.Table.rows[].official{number}_JNum" for number in (1, 2, 3, 4)),
        },
    ),
    "standings": (
        "balldontlie/standings_395a0451.json",
        ("api.balldontlie.io/v1/standings", {"season": "2023"}),
        set(),
    ),
    "events": (
        "odds_api/historical_events_20240329.json#data",
        ("api.the-odds-api.com/v4/sports/basketball_nba/events", ODDS),
        set(),
    ),
    "game lines": (
        "odds_api/historical_odds_20240329_h2h_spreads_totals.json#data",
        (
            "api.the-odds-api.com/v4/sports/basketball_nba/odds",
            {**ODDS, "markets": "h2h,spreads,totals"},
        ),
        set(),
    ),
    "props": (
        "odds_api/event_odds_mockOrlandoVsCleveland.json",
        (
            f"api.the-odds-api.com/v4/sports/basketball_nba/events/{EVENT}/odds",
            {**ODDS, "markets": "player_points"},
        ),
        set(),
    ),
    "play-by-play": (
        "cdn_nba/playbyplay_14ecf360.json.gz",
        ("cdn.nba.com/static/json/liveData/playbyplay/playbyplay_0022301060.json", {}),
        PLAY_BY_PLAY_EXTRAS,
    ),
    "bettingpros events": (
        "bettingpros/events.json",
        ("api.bettingpros.com/v3/events", {"sport": "NBA", "date": "2024-03-29"}),
        BETTINGPROS_EVENT_EXTRAS,
    ),
    "bettingpros props": (
        "made/bettingpros_offers",
        ("api.bettingpros.com/v3/offers", {"market_id": "156", "event_id": "22301062"}),
        {
            *(f"offers[].{key}" for key in ("player_id", "link", "active", "participants[].id")),
            *("offers[].participants[].player", "offers[].selections[].id", "offers[].selections[].active"),
            *(f"offers[].selections[].books[].lines[].{key}" for key in ("main", "active", "best")),
        },
    ),
}


NOT_JSON = {
    "nbac_injury_report": "test_upstream_rosters_and_injuries.py",
    "bigdataball_play_by_play": "test_upstream_plays.py",
    "nbac_gamebook_player_stats": "below",
    "nbac_player_movement": "not compared: the replay has no facts of it and responds with 404",
}
"""Where the formats of responses that are not JSON are compared."""


def key_paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}".removeprefix(".")
            yield from key_paths(inner, f"{path}.{key}".removeprefix("."))
    if isinstance(value, list):
        for inner in value:
            yield from key_paths(inner, f"{path}[]")


def is_within(path: str, parent: str) -> bool:
    """Whether a path is the parent or below it."""
    return path == parent or path.startswith((f"{parent}.", f"{parent}["))


def unpacked(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def recorded_response(payloads: Path, name: str) -> Any:
    file, _, inside = name.partition("#")
    content = json.loads(MADE[file] if file in MADE else unpacked(payloads / file))
    return content[inside] if inside else content


@pytest.mark.parametrize("case", CASES)
def test_the_replayed_response_has_the_recorded_key_paths(case: str, get: Get, payloads: Path) -> None:
    file, (address, query), omitted = CASES[case]
    recorded = set(key_paths(recorded_response(payloads, file)))
    replayed = set(key_paths(get(address, "2024-03-29 18:00", **query).json()))
    assert replayed - recorded == set()
    missing = recorded - replayed
    assert {path for path in missing if not any(is_within(path, parent) for parent in omitted)} == set()
    assert {parent for parent in omitted if not any(is_within(path, parent) for path in missing)} == set()


def test_the_shape_of_every_recorded_source_is_compared() -> None:
    compared = []
    for _, (address, query), _ in CASES.values():
        host, _, path = address.partition("/")
        match = find_endpoint(host, path, query)
        assert match, f"the replay has no endpoint for {address}"
        compared.append(match[0])
    uncompared = {endpoint.source for endpoint in ENDPOINTS if endpoint not in compared}
    recorded = {case.source_name for case in RECORDED_CASES if case.file not in MADE}
    assert uncompared & recorded <= NOT_JSON.keys() <= uncompared


def test_the_team_log_has_the_columns_of_the_player_log_except_the_player_columns(get: Get, payloads: Path) -> None:
    recorded = recorded_response(payloads, "stats_nba/leaguegamelog_playerbox_oneday.json")["resultSets"][0]["headers"]
    _, (address, query), _ = CASES["game log of teams"]
    replayed = get(address, "2024-03-29 18:00", **query).json()["resultSets"][0]["headers"]
    assert replayed == [name for name in recorded if name not in ("PLAYER_ID", "PLAYER_NAME", "FANTASY_PTS")]


def headings(pdf: bytes) -> list[str]:
    """The headings of a gamebook page: titles, column names and the words before a colon."""
    (page,) = pages_of("nbac_gamebook_player_stats", pdf)
    lines = (text_of(line) for line in page)
    return [line.split(":")[0] for line in lines if re.match("NATIONAL|OFFICIAL|VISITOR|HOME|POS |Inactive", line)]


def test_a_gamebook_has_the_documented_headings_in_order(get: Get) -> None:
    documented = headings(MADE["made/gamebook.pdf"])
    replayed = headings(get("statsdmz.nba.com/pdfs/20240329/20240329_GSWCHA.pdf", "2024-03-30 06:00").content)
    assert replayed == documented
    assert len(documented) >= 6


@pytest.mark.parametrize("case", ["player index", "game log"])
def test_tables_have_the_recorded_columns_in_their_order(case: str, get: Get, payloads: Path) -> None:
    file, (address, query), _ = CASES[case]
    recorded = recorded_response(payloads, file)["resultSets"][0]
    replayed = get(address, "2024-03-29 18:00", **query).json()["resultSets"][0]
    assert (replayed["name"], replayed["headers"]) == (recorded["name"], recorded["headers"])
    assert {len(row) for row in replayed["rowSet"]} == {len(recorded["headers"])}


@pytest.mark.parametrize("case", CASES)
def test_values_have_the_recorded_types(case: str, get: Get, payloads: Path) -> None:
    file, (address, query), _ = CASES[case]
    recorded = types_by_path(recorded_response(payloads, file))
    replayed = types_by_path(get(address, "2024-03-29 18:00", **query).json())
    unexpected = {
        path: kinds - recorded[path]
        for path, kinds in replayed.items()
        if path in recorded and recorded[path] and not kinds <= recorded[path]
    }
    assert unexpected == {}


def types_by_path(value: Any) -> dict[str, set[str]]:
    types: dict[str, set[str]] = {}

    def walk(value: Any, path: str) -> None:
        types.setdefault(path, set()).add(type(value).__name__)
        inner = value.items() if isinstance(value, dict) else ()
        for key, item in inner:
            walk(item, f"{path}.{key}")
        for item in value if isinstance(value, list) else ():
            walk(item, f"{path}[]")

    walk(value, "")
    return types
