"""cdn.nba.com liveData/playbyplay: the shots of one game and the starts and ends of its periods, from tip-off on.

A shot has player, zone, result and points; see `plays` for what is synthetic. Its location is the middle of the zone;
every corner three is in the left corner. Shot types, blocks, exact locations and points so far are omitted.
"""

from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import forbidden_not_yet, not_found
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.plays import SHOT_LOCATIONS, Play, Player, Shot, has_shots, plays_of, requested_games
from tipoff.replay.shapes.view import ArchiveView, Params, UpstreamResponse, iso_z, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN

_REQUEST = "http://nba.cloud/games/{}/playbyplay?Format=json"
_PERIOD_EVENTS = {
    "start": ("period", "start", "Period Start"),
    "end": ("period", "end", "Period End"),
    "game end": ("game", "end", "Game End"),
}


def play_by_play(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The plays of a game so far: 403 before tip-off, 404 when the archive has no shots of the game."""
    game = view.index.by_id.get(params["game_id"])
    if game and (not view.has_begun(game) or game.game_id in view.hidden_games):
        return forbidden_not_yet()
    if game is None or not has_shots(view.index, game):
        return not_found()
    plays = [] if view.empty else plays_of(view, game)
    return json_response(
        {
            "meta": {
                "version": 1,
                "code": 200,
                "request": _REQUEST.format(game.game_id),
                "time": f"{view.as_of.astimezone(EASTERN):%Y-%m-%d %H:%M:%S.%f}",
            },
            "game": {"gameId": game.game_id, "actions": [_action(play) for play in plays]},
        }
    )


def _action(play: Play) -> dict[str, object]:
    return _common_fields(play) | (_shot_fields(play.shot) if play.shot else _period_event_fields(play.event))


def _common_fields(play: Play) -> dict[str, object]:
    minutes, seconds = divmod(play.seconds_left, 60)
    return {
        "actionNumber": play.number,
        "clock": f"PT{minutes:02d}M{seconds:02d}.00S",
        "timeActual": iso_z(play.at),
        "period": play.period,
        "periodType": "REGULAR" if play.period <= 4 else "OVERTIME",
        "qualifiers": [],
        "personId": 0,
        "x": None,
        "y": None,
        "possession": 0,
        "scoreHome": str(play.home_points),
        "scoreAway": str(play.away_points),
        "edited": iso_z(play.at),
        "orderNumber": play.number * 10000,
        "isTargetScoreLastPeriod": False,
        "xLegacy": None,
        "yLegacy": None,
        "isFieldGoal": 0,
        "side": None,
        "personIdsFilter": [],
    }


def _period_event_fields(event: str) -> dict[str, object]:
    kind, detail, description = _PERIOD_EVENTS[event]
    return {"actionType": kind, "subType": detail, "description": description}


def _shot_fields(shot: Shot) -> dict[str, object]:
    location, team = SHOT_LOCATIONS[shot.zone], int(TEAMS[shot.team].nba_id)
    player_ids = [int(player.player_id) for player in (shot.player, shot.assist) if player]
    return {
        "teamId": team,
        "teamTricode": shot.team,
        "actionType": f"{location.points}pt",
        "subType": "",
        "personId": int(shot.player.player_id),
        "area": location.area,
        "possession": team,
        "xLegacy": location.x,
        "yLegacy": location.y,
        "isFieldGoal": 1,
        "shotResult": "Made" if shot.made else "Missed",
        "description": ("" if shot.made else "MISS ") + _initial_and_last(shot.player),
        "playerName": first_and_last(shot.player.player_name)[1],
        "playerNameI": _initial_and_last(shot.player),
        "personIdsFilter": player_ids,
        **(_assist_fields(shot.assist) if shot.assist else {}),
    }


def _assist_fields(player: Player) -> dict[str, object]:
    return {"assistPlayerNameInitial": _initial_and_last(player), "assistPersonId": int(player.player_id)}


def _initial_and_last(player: Player) -> str:
    first, last = first_and_last(player.player_name)
    return f"{first[:1]}. {last}" if first else last


ENDPOINTS = (
    Endpoint(
        "nbac_play_by_play",
        "cdn.nba.com",
        r"static/json/liveData/playbyplay/playbyplay_(?P<game_id>\d{10})\.json",
        play_by_play,
        requested_games=requested_games,
    ),
)
