"""BigDataBall's CSV of one game, there some hours after its end: its shots and the marks of its periods.

What is drawn `plays` says. Every shot is a jump shot; line-ups, distances and whatever is no shot are left
blank or out.
"""

import csv
from datetime import timedelta
from io import StringIO

from tipoff.replay.shapes.plays import PLACES, Play, Shot, knows_shots, plays_of
from tipoff.replay.shapes.refusals import not_found
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View

APPEARS_AFTER = timedelta(hours=4)
"""From the end of a game to its file."""

COLUMNS = (
    *("game_id", "data_set", "date", "a1", "a2", "a3", "a4", "a5", "h1", "h2", "h3", "h4", "h5", "period"),
    *(
        "away_score",
        "home_score",
        "remaining_time",
        "elapsed",
        "play_length",
        "play_id",
        "team",
        "event_type",
        "assist",
    ),
    *("away", "home", "block", "entered", "left", "num", "opponent", "outof", "player", "points", "possession"),
    *("reason", "result", "steal", "type", "shot_distance", "original_x", "original_y", "converted_x", "converted_y"),
    "description",
)
_MARKS = {"start": "start of period", "end": "end of period"}


def play_by_play(view: View, params: Params) -> UpstreamResponse:
    """The game's file; 404 where there is none (yet)."""
    game = view.past.by_id.get(params["game_id"])
    if game is None or game.game_id in view.left_out or f"{game.game_date}" != params["date"]:
        return not_found()
    if not view.is_final(game, APPEARS_AFTER) or not knows_shots(view.past, game):
        return not_found()
    file = StringIO()
    sheet = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    sheet.writeheader()
    plays = [] if view.empty else plays_of(view, game)
    sheet.writerows(_line(game, play) for play in plays if play.mark != "game end")
    return UpstreamResponse(200, file.getvalue().encode(), "text/csv")


def _line(game: Game, play: Play) -> dict[str, object]:
    length = 720 if play.period <= 4 else 300
    return {
        "game_id": int(game.game_id),
        "data_set": f"NBA {game.season} Regular Season",
        "date": f"{game.game_date}",
        "period": play.period,
        "away_score": play.away_points,
        "home_score": play.home_points,
        "remaining_time": f"{timedelta(seconds=play.seconds_left)}",
        "elapsed": f"{timedelta(seconds=length - play.seconds_left)}",
        "play_id": play.number,
        **(_of_shot(play.shot) if play.shot else dict.fromkeys(("event_type", "type"), _MARKS[play.mark])),
    }


def _of_shot(shot: Shot) -> dict[str, object]:
    place = PLACES[shot.zone]
    return {
        "team": shot.team,
        "event_type": "shot",
        "assist": shot.assist.player_name if shot.assist else "",
        "player": shot.player.player_name,
        "points": place.worth if shot.made else 0,
        "result": "made" if shot.made else "missed",
        "type": "3pt jump shot" if place.worth == 3 else "jump shot",
        "original_x": place.x,
        "original_y": place.y,
        "description": ("" if shot.made else "MISS ") + shot.player.player_name,
    }
