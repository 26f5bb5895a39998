"""The endpoints of the upstream: which provider address belongs to which source, and what responds there."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tipoff.replay.faults import ReplaySource
from tipoff.replay.shapes import (
    bdl_boxscores,
    bdl_injuries,
    bdl_standings,
    bettingpros,
    bigdataball,
    box_rows,
    error_responses,
    espn_roster,
    espn_scoreboard,
    espn_summary,
    nba_boxscores,
    nba_game_log,
    nba_gamebook,
    nba_injury_report,
    nba_play_by_play,
    nba_player_index,
    nba_referees,
    nba_schedule,
    nba_scoreboard,
    odds_api,
    plays,
)
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse


@dataclass(frozen=True)
class Endpoint:
    """One provider address with its source and the function that responds."""

    source: ReplaySource
    host: str
    path: str
    """A regular expression; its named groups become parameters."""
    respond: Callable[[ArchiveView, Params], UpstreamResponse]
    requested_games: Callable[[ArchiveView, Params], Iterable[Game]] | None = None
    """The games that a request is about; None where every request is about a whole slate."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that a request must have to match."""


_CDN, _STATS, _ODDS = "cdn.nba.com", "stats.nba.com", "api.the-odds-api.com"
_ESPN = "site.api.espn.com"
_OFFICIALS = "official.nba.com"
_BDL, _BETTINGPROS = "api.balldontlie.io", "api.bettingpros.com"

REQUIRE_NBA_REFERER = frozenset({_CDN, _STATS})
"""Hosts that deny requests without the Referer of nba.com."""

ENDPOINTS = (
    Endpoint(ReplaySource.SCHEDULE, _CDN, r"static/json/staticData/scheduleLeagueV2\.json", nba_schedule.schedule),
    Endpoint(ReplaySource.SCHEDULE, _STATS, r"stats/scheduleleaguev2int", nba_schedule.schedule),
    Endpoint(
        ReplaySource.SCOREBOARD,
        _CDN,
        r"static/json/liveData/scoreboard/todaysScoreboard_00\.json",
        nba_scoreboard.scoreboard,
    ),
    Endpoint(ReplaySource.PLAYER_LIST, _STATS, r"stats/playerindex", nba_player_index.player_index),
    Endpoint(
        ReplaySource.PLAYER_BOXSCORES,
        _STATS,
        r"stats/leaguegamelog",
        nba_game_log.game_log,
        query={"PlayerOrTeam": "P"},
    ),
    Endpoint(
        ReplaySource.TEAM_HISTORY,
        _STATS,
        r"stats/leaguegamelog",
        nba_game_log.game_log,
        query={"PlayerOrTeam": "T"},
    ),
    Endpoint(
        ReplaySource.TEAM_BOXSCORE,
        _STATS,
        r"stats/boxscoretraditionalv3",
        nba_boxscores.traditional,
        requested_games=box_rows.requested_games,
    ),
    Endpoint(
        ReplaySource.LIVE_BOXSCORE,
        _CDN,
        r"static/json/liveData/boxscore/boxscore_(?P<game_id>\d+)\.json",
        nba_boxscores.live,
        requested_games=box_rows.requested_games,
    ),
    Endpoint(ReplaySource.BDL_BOXSCORES, _BDL, r"v1/box_scores", bdl_boxscores.box_scores),
    Endpoint(
        ReplaySource.ESPN_BOXSCORES,
        _ESPN,
        r"apis/site/v2/sports/basketball/nba/summary",
        espn_summary.summary,
        requested_games=espn_summary.requested_games,
    ),
    Endpoint(
        ReplaySource.ESPN_SCOREBOARD,
        _ESPN,
        r"apis/site/v2/sports/basketball/nba/scoreboard",
        espn_scoreboard.scoreboard,
    ),
    Endpoint(
        ReplaySource.ROSTERS,
        _ESPN,
        r"apis/site/v2/sports/basketball/nba/teams/(?P<espn_id>\d+)/roster",
        espn_roster.team_roster,
        requested_games=espn_roster.requested_games,
    ),
    Endpoint(
        ReplaySource.INJURY_REPORT,
        "ak-static.cms.nba.com",
        r"referee/injury/Injury-Report_(?P<stamp>[^/]+)\.pdf",
        nba_injury_report.report,
    ),
    Endpoint(
        ReplaySource.PLAY_BY_PLAY,
        _CDN,
        r"static/json/liveData/playbyplay/playbyplay_(?P<game_id>\d{10})\.json",
        nba_play_by_play.play_by_play,
        requested_games=plays.requested_games,
    ),
    Endpoint(
        ReplaySource.BIGDATABALL,
        "bigdataball",
        r"\[(?P<date>\d{4}-\d\d-\d\d)\]-(?P<game_id>\d{10})-[A-Z]{3}@[A-Z]{3}\.csv",
        bigdataball.play_by_play,
        requested_games=plays.requested_games,
    ),
    Endpoint(
        ReplaySource.GAMEBOOK,
        "statsdmz.nba.com",
        r"pdfs/(?P<date>\d{8})/(?P=date)_(?P<away>[A-Z]{3})(?P<home>[A-Z]{3})\.pdf",
        nba_gamebook.gamebook,
        requested_games=nba_gamebook.requested_games,
    ),
    Endpoint(
        ReplaySource.BDL_INJURIES,
        _BDL,
        r"v1/player_injuries",
        bdl_injuries.injuries,
        requested_games=bdl_injuries.requested_games,
    ),
    Endpoint(ReplaySource.REFEREES, _OFFICIALS, r"wp-json/api/v1/get-game-officials", nba_referees.officials),
    Endpoint(ReplaySource.STANDINGS, _BDL, r"v1/standings", bdl_standings.standings),
    Endpoint(
        ReplaySource.PLAYER_MOVEMENT,
        _STATS,
        r"js/data/playermovement/NBA_Player_Movement\.json",
        lambda view, params: error_responses.not_found(),  # no archive holds player moves
    ),
    Endpoint(ReplaySource.EVENTS, _ODDS, r"v4/sports/basketball_nba/events/?", odds_api.events),
    Endpoint(ReplaySource.GAME_LINES, _ODDS, r"v4/sports/basketball_nba/odds/?", odds_api.game_lines),
    Endpoint(
        ReplaySource.PROPS,
        _ODDS,
        r"v4/sports/basketball_nba/events/(?P<event_id>\w+)/odds/?",
        odds_api.player_points,
        requested_games=odds_api.requested_games,
    ),
    Endpoint(ReplaySource.BETTINGPROS_EVENTS, _BETTINGPROS, r"v3/events", bettingpros.events),
    Endpoint(
        ReplaySource.BETTINGPROS,
        _BETTINGPROS,
        r"v3/offers",
        bettingpros.offers,
        requested_games=bettingpros.requested_games,
    ),
)


def find_endpoint(host: str, path: str, query: Mapping[str, str]) -> tuple[Endpoint, Params] | None:
    """The endpoint that matches a request, with the parameters; None when none matches."""
    for endpoint in ENDPOINTS:
        match = re.fullmatch(endpoint.path, path) if endpoint.host == host else None
        if match and endpoint.query.items() <= query.items():
            return endpoint, {**query, **match.groupdict()}
    return None
