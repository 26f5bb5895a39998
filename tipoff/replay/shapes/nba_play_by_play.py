"""cdn.nba.com liveData/playbyplay: the shots of one game and the marks of its periods, while it runs and after.

Of a shot the replay tells player, zone, result and worth; see `plays` for what is drawn. The place is the middle of
its zone, the corner always the left one. Kinds of shots, blocks, exact places and the running points of a player are
not told.
"""

from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.plays import PLACES, Play, Player, Shot, knows_shots, plays_of
from tipoff.replay.shapes.refusals import forbidden_not_yet, not_found
from tipoff.replay.shapes.view import Params, UpstreamResponse, View, json_answer, zulu
from tipoff.teams import TEAMS
from tipoff.vocabulary import EASTERN

_REQUEST = "http://nba.cloud/games/{}/playbyplay?Format=json"
_MARKS = {
    "start": ("period", "start", "Period Start"),
    "end": ("period", "end", "Period End"),
    "game end": ("game", "end", "Game End"),
}


def play_by_play(view: View, params: Params) -> UpstreamResponse:
    """The game's plays so far: 403 before its tip-off, 404 for a game whose shots the archive does not have."""
    game = view.past.by_id.get(params["game_id"])
    if game and (view.as_of < game.tip_off or game.game_id in view.left_out):
        return forbidden_not_yet()
    if game is None or not knows_shots(view.past, game):
        return not_found()
    plays = [] if view.empty else plays_of(view, game)
    return json_answer(
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
    return _common(play) | (_of_shot(play.shot) if play.shot else _of_mark(play.mark))


def _common(play: Play) -> dict[str, object]:
    minutes, seconds = divmod(play.seconds_left, 60)
    return {
        "actionNumber": play.number,
        "clock": f"PT{minutes:02d}M{seconds:02d}.00S",
        "timeActual": zulu(play.at),
        "period": play.period,
        "periodType": "REGULAR" if play.period <= 4 else "OVERTIME",
        "qualifiers": [],
        "personId": 0,
        "x": None,
        "y": None,
        "possession": 0,
        "scoreHome": str(play.home_points),
        "scoreAway": str(play.away_points),
        "edited": zulu(play.at),
        "orderNumber": play.number * 10000,
        "isTargetScoreLastPeriod": False,
        "xLegacy": None,
        "yLegacy": None,
        "isFieldGoal": 0,
        "side": None,
        "personIdsFilter": [],
    }


def _of_mark(mark: str) -> dict[str, object]:
    kind, detail, description = _MARKS[mark]
    return {"actionType": kind, "subType": detail, "description": description}


def _of_shot(shot: Shot) -> dict[str, object]:
    place, team = PLACES[shot.zone], int(TEAMS[shot.team].nba_id)
    people = [int(player.player_id) for player in (shot.player, shot.assist) if player]
    return {
        "teamId": team,
        "teamTricode": shot.team,
        "actionType": f"{place.worth}pt",
        "subType": "",
        "personId": int(shot.player.player_id),
        "area": place.area,
        "possession": team,
        "xLegacy": place.x,
        "yLegacy": place.y,
        "isFieldGoal": 1,
        "shotResult": "Made" if shot.made else "Missed",
        "description": ("" if shot.made else "MISS ") + _initial_and_last(shot.player),
        "playerName": first_and_last(shot.player.player_name)[1],
        "playerNameI": _initial_and_last(shot.player),
        "personIdsFilter": people,
        **(_of_assist(shot.assist) if shot.assist else {}),
    }


def _of_assist(player: Player) -> dict[str, object]:
    return {"assistPlayerNameInitial": _initial_and_last(player), "assistPersonId": int(player.player_id)}


def _initial_and_last(player: Player) -> str:
    first, last = first_and_last(player.player_name)
    return f"{first[:1]}. {last}" if first else last
