"""BigDataBall's CSV of one game, published some hours after its end: shots and the starts and ends of periods.

`plays` documents what is synthetic. Every shot is a jump shot; line-ups and distances are blank, other events omitted.
"""

import csv
from datetime import timedelta
from io import StringIO

from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import not_found
from tipoff.replay.shapes.plays import SHOT_LOCATIONS, Play, Shot, has_shots, plays_of, requested_games
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse

APPEARS_AFTER = timedelta(hours=4)
"""Time from the end of a game to its file."""

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
_PERIOD_EVENTS = {"start": "start of period", "end": "end of period"}


def play_by_play(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The file of a game; 404 while there is none."""
    game = view.index.by_id.get(params["game_id"])
    if game is None or game.game_id in view.hidden_games or f"{game.game_date}" != params["date"]:
        return not_found()
    if not view.is_final(game, APPEARS_AFTER) or not has_shots(view.index, game):
        return not_found()
    file = StringIO()
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    plays = [] if view.empty else plays_of(view, game)
    writer.writerows(_csv_row(game, play) for play in plays if play.event != "game end")
    return UpstreamResponse(200, file.getvalue().encode(), "text/csv")


def _csv_row(game: Game, play: Play) -> dict[str, object]:
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
        **(_shot_fields(play.shot) if play.shot else dict.fromkeys(("event_type", "type"), _PERIOD_EVENTS[play.event])),
    }


def _shot_fields(shot: Shot) -> dict[str, object]:
    location = SHOT_LOCATIONS[shot.zone]
    return {
        "team": shot.team,
        "event_type": "shot",
        "assist": shot.assist.player_name if shot.assist else "",
        "player": shot.player.player_name,
        "points": location.points if shot.made else 0,
        "result": "made" if shot.made else "missed",
        "type": "3pt jump shot" if location.points == 3 else "jump shot",
        "original_x": location.x,
        "original_y": location.y,
        "description": ("" if shot.made else "MISS ") + shot.player.player_name,
    }


ENDPOINTS = (
    Endpoint(
        "bigdataball_play_by_play",
        "bigdataball",
        r"\[(?P<date>\d{4}-\d\d-\d\d)\]-(?P<game_id>\d{10})-[A-Z]{3}@[A-Z]{3}\.csv",
        play_by_play,
        requested_games=requested_games,
    ),
)
