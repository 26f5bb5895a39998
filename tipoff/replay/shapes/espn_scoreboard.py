"""site.api.espn.com scoreboard: the games of one date at the as-of time, in ESPN's ids.

The archive has no ESPN ids, so that event ids are derived from game ids. Line scores, leaders, records, venues,
broadcasts and articles are omitted.
"""

from datetime import datetime

from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import bad_request
from tipoff.replay.shapes.game_state import FINAL, IN_PLAY, POSTPONED_TEXT, SCHEDULED, GameState, listed_time, state_of
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import eastern, season_of

_LEAGUE = "s:40~l:46"
_TYPES = {
    SCHEDULED: {"id": "1", "name": "STATUS_SCHEDULED", "state": "pre", "completed": False, "description": "Scheduled"},
    IN_PLAY: {
        "id": "2",
        "name": "STATUS_IN_PROGRESS",
        "state": "in",
        "completed": False,
        "description": "In Progress",
    },
    FINAL: {"id": "3", "name": "STATUS_FINAL", "state": "post", "completed": True, "description": "Final"},
}
_POSTPONED = {
    "id": "6",
    "name": "STATUS_POSTPONED",
    "state": "post",
    "completed": False,
    "description": "Postponed",
}


def scoreboard(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The games of `dates`, by default today's; 400 when that is not a date."""
    try:
        game_date = datetime.strptime(params["dates"], "%Y%m%d").date() if "dates" in params else view.today  # noqa: DTZ007
    except ValueError:
        return bad_request("dates must be YYYYMMDD")
    listed = [_event(game, view) for game in view.games_on(game_date)]
    return json_response({"leagues": [_league(view, season_of(game_date))], "events": listed})


def event_id(game: Game) -> str:
    """The ESPN id that the replay gives a game: 422301062 for 0022301062."""
    return f"4{game.game_id[2:]}"


def game_by_event_id(view: ArchiveView, espn_id: str) -> Game | None:
    """The game of an ESPN id; None when there is none."""
    return view.index.by_id.get(f"00{espn_id[1:]}")


def _league(view: ArchiveView, season: str) -> dict[str, object]:
    """The league with the dates of the season's games, which are known before the season begins."""
    dates = sorted({game.game_date for game in view.index.by_season.get(season, ())})
    days = [_utc_minutes(eastern(day, 3)) for day in dates]
    return {
        "id": "46",
        "uid": _LEAGUE,
        "name": "National Basketball Association",
        "abbreviation": "NBA",
        "slug": "nba",
        "season": {"year": _year(season), "displayName": season},
        "calendarType": "day",
        "calendarIsWhitelist": True,
        "calendar": days,
    }


def _year(season: str) -> int:
    return int(season[:4]) + 1


def _utc_minutes(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%MZ}"


def _event(game: Game, view: ArchiveView) -> dict[str, object]:
    state = state_of(game, view)
    number, tip_off, status = event_id(game), _utc_minutes(listed_time(game, view)), _status(state)
    away, home = TEAMS[game.away], TEAMS[game.home]
    competition = {
        "id": number,
        "uid": f"{_LEAGUE}~e:{number}~c:{number}",
        "date": tip_off,
        "timeValid": game.game_id not in view.unscheduled_games,
        "neutralSite": game.neutral_site,
        "competitors": [_side(game.home, 0, state), _side(game.away, 1, state)],
        "status": status,
        "startDate": tip_off,
    }
    return {
        "id": number,
        "uid": f"{_LEAGUE}~e:{number}",
        "date": tip_off,
        "name": f"{away.city} {away.name} at {home.city} {home.name}",
        "shortName": f"{away.espn_tricode} @ {home.espn_tricode}",
        "season": {"year": _year(game.season)},
        "competitions": [competition],
        "status": status,
    }


def _side(tricode: str, order: int, state: GameState) -> dict[str, object]:
    """One side; `order` is 0 for the home team and 1 for the visitors."""
    team, points = TEAMS[tricode], (state.home_periods, state.away_periods)[order]
    return {
        "id": team.espn_id,
        "uid": f"{_LEAGUE}~t:{team.espn_id}",
        "type": "team",
        "order": order,
        "homeAway": ("home", "away")[order],
        "team": {
            "id": team.espn_id,
            "uid": f"{_LEAGUE}~t:{team.espn_id}",
            "location": team.city,
            "name": team.name,
            "abbreviation": team.espn_tricode,
            "displayName": f"{team.city} {team.name}",
            "shortDisplayName": team.name,
            "isActive": True,
        },
        "score": str(sum(points)),
    }


def status_type(state: GameState) -> dict[str, object]:
    """The state of a game in ESPN's words."""
    kind = _POSTPONED if state.text == POSTPONED_TEXT else _TYPES[state.status]
    return {**kind, "detail": state.text, "shortDetail": state.text}


def _status(state: GameState) -> dict[str, object]:
    minutes, seconds = int(state.clock[2:4] or 0), int(state.clock[5:7] or 0)
    return {
        "clock": float(60 * minutes + seconds),
        "displayClock": f"{minutes}:{seconds:02d}" if state.clock else "0.0",
        "period": state.period,
        "type": status_type(state),
    }


ENDPOINTS = (
    Endpoint(
        "espn_scoreboard",
        "site.api.espn.com",
        r"apis/site/v2/sports/basketball/nba/scoreboard",
        scoreboard,
        special_faults=frozenset({FaultKind.YESTERDAYS, FaultKind.POSTPONED, FaultKind.TIP_OFF_TBD}),
    ),
)
