"""Which provider address means which source, and what answers there."""

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
    refusals,
)
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View


@dataclass(frozen=True)
class Endpoint:
    """One address: the source asked for there, and how it answers."""

    source: ReplaySource
    host: str
    path: str
    """A pattern; its named groups go into the answer's parameters."""
    answer: Callable[[View, Params], UpstreamResponse]
    about: Callable[[View, Params], Iterable[Game]] | None = None
    """The games a request is about, where it is not about a whole slate."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What the query must say for the request to mean this source."""


_CDN, _STATS, _ODDS = "cdn.nba.com", "stats.nba.com", "api.the-odds-api.com"
_ESPN = "site.api.espn.com"
_OFFICIALS = "official.nba.com"
_BDL, _BETTINGPROS = "api.balldontlie.io", "api.bettingpros.com"

WANT_NBA_REFERER = frozenset({_CDN, _STATS})
"""Hosts that refuse requests which do not come from the NBA's own pages."""

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
        about=box_rows.game_asked,
    ),
    Endpoint(
        ReplaySource.LIVE_BOXSCORE,
        _CDN,
        r"static/json/liveData/boxscore/boxscore_(?P<game_id>\d+)\.json",
        nba_boxscores.live,
        about=box_rows.game_asked,
    ),
    Endpoint(ReplaySource.BDL_BOXSCORES, _BDL, r"v1/box_scores", bdl_boxscores.box_scores),
    Endpoint(
        ReplaySource.ESPN_BOXSCORES,
        _ESPN,
        r"apis/site/v2/sports/basketball/nba/summary",
        espn_summary.summary,
        about=espn_summary.game_asked,
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
        about=espn_roster.games_of_team,
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
        about=plays.game_asked_for,
    ),
    Endpoint(
        ReplaySource.BIGDATABALL,
        "bigdataball",
        r"\[(?P<date>\d{4}-\d\d-\d\d)\]-(?P<game_id>\d{10})-[A-Z]{3}@[A-Z]{3}\.csv",
        bigdataball.play_by_play,
        about=plays.game_asked_for,
    ),
    Endpoint(
        ReplaySource.GAMEBOOK,
        "statsdmz.nba.com",
        r"pdfs/(?P<date>\d{8})/(?P=date)_(?P<away>[A-Z]{3})(?P<home>[A-Z]{3})\.pdf",
        nba_gamebook.gamebook,
        about=nba_gamebook.game_asked_for,
    ),
    Endpoint(
        ReplaySource.BDL_INJURIES,
        _BDL,
        r"v1/player_injuries",
        bdl_injuries.injuries,
        about=bdl_injuries.games_of_teams,
    ),
    Endpoint(ReplaySource.REFEREES, _OFFICIALS, r"wp-json/api/v1/get-game-officials", nba_referees.officials),
    Endpoint(ReplaySource.STANDINGS, _BDL, r"v1/standings", bdl_standings.standings),
    Endpoint(
        ReplaySource.PLAYER_MOVEMENT,
        _STATS,
        r"js/data/playermovement/NBA_Player_Movement\.json",
        lambda view, params: refusals.not_found(),  # an archive has no moves
    ),
    Endpoint(ReplaySource.EVENTS, _ODDS, r"v4/sports/basketball_nba/events/?", odds_api.events),
    Endpoint(ReplaySource.GAME_LINES, _ODDS, r"v4/sports/basketball_nba/odds/?", odds_api.game_lines),
    Endpoint(
        ReplaySource.PROPS,
        _ODDS,
        r"v4/sports/basketball_nba/events/(?P<event_id>\w+)/odds/?",
        odds_api.player_points,
        about=odds_api.game_of_event,
    ),
    Endpoint(ReplaySource.BETTINGPROS_EVENTS, _BETTINGPROS, r"v3/events", bettingpros.events),
    Endpoint(
        ReplaySource.BETTINGPROS,
        _BETTINGPROS,
        r"v3/offers",
        bettingpros.offers,
        about=bettingpros.game_of_event,
    ),
)


def find(host: str, path: str, query: Mapping[str, str]) -> tuple[Endpoint, Params] | None:
    """The endpoint that a request means, with its parameters; None when the replay has none such."""
    for endpoint in ENDPOINTS:
        match = re.fullmatch(endpoint.path, path) if endpoint.host == host else None
        if match and endpoint.query.items() <= query.items():
            return endpoint, {**query, **match.groupdict()}
    return None
