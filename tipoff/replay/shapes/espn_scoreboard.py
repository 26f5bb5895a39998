"""site.api.espn.com scoreboard: the games of one date in ESPN's ids, as they stand at the moment of the request.

The archive knows no ids of ESPN: an event's is made of the game's. Line scores, leaders, records, venues and what
broadcasters and writers say are left out.
"""

from datetime import datetime

from tipoff.replay.shapes.game_state import FINAL, IN_PLAY, POSTPONED_TEXT, SCHEDULED, GameState, state_of
from tipoff.replay.shapes.refusals import bad_request
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View, json_answer
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


def scoreboard(view: View, params: Params) -> UpstreamResponse:
    """The games of the date asked for, today's when none is; 400 for what is no date."""
    try:
        game_date = datetime.strptime(params["dates"], "%Y%m%d").date() if "dates" in params else view.today  # noqa: DTZ007
    except ValueError:
        return bad_request("dates must be YYYYMMDD")
    listed = [_event(game, view) for game in view.games_on(game_date)]
    return json_answer({"leagues": [_league(view, season_of(game_date))], "events": listed})


def event_id(game: Game) -> str:
    """ESPN's id of a game, as the replay numbers them: 422301062 for 0022301062."""
    return f"4{game.game_id[2:]}"


def game_of_event(view: View, espn_id: str) -> Game | None:
    """The game with this id of ESPN's; None when there is none."""
    return view.past.by_id.get(f"00{espn_id[1:]}")


def _league(view: View, season: str) -> dict[str, object]:
    """With the dates of the season's games, which are known before it begins."""
    dates = sorted({game.game_date for game in view.past.by_season.get(season, ())})
    days = [_moment(eastern(day, 3)) for day in dates]
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


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def _event(game: Game, view: View) -> dict[str, object]:
    state = state_of(game, view)
    number, tip_off, status = event_id(game), _moment(game.tip_off), _status(state)
    away, home = TEAMS[game.away], TEAMS[game.home]
    competition = {
        "id": number,
        "uid": f"{_LEAGUE}~e:{number}~c:{number}",
        "date": tip_off,
        "timeValid": True,
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
    """The home side, which comes first, or the visitors."""
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
    """Where a game stands, in ESPN's words."""
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
