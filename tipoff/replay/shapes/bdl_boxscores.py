"""api.balldontlie.io /v1/box_scores: the games of a date, in the format of 2024.

Players are listed once a game is final, because the archive has no earlier box score. Players who did not play have
minutes "00".
"""

import hashlib
from datetime import date

from tipoff.replay.archive.layout import COUNTS
from tipoff.replay.faults import FaultKind
from tipoff.replay.shapes.box_rows import Row, absent_rows, fraction, player_rows
from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import bad_request
from tipoff.replay.shapes.espn_roster import without_accents
from tipoff.replay.shapes.game_state import FINAL, IN_PLAY, GameState, state_of
from tipoff.replay.shapes.nba import first_and_last
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, iso_z, json_response
from tipoff.teams import TEAMS

_COUNTS = {name: name for name in COUNTS if name not in ("tov", "points", "plus_minus")} | {
    "turnover": "tov",
    "pts": "points",
}
_NO_COUNTS: Row = {"minutes": 0.0, **dict.fromkeys(COUNTS, 0)}
_QUARTERS = {1: "1st Qtr", 2: "2nd Qtr", 3: "3rd Qtr", 4: "4th Qtr"}


def box_scores(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The box scores of `date`; 400 without a valid date."""
    try:
        game_date = date.fromisoformat(params.get("date", ""))
    except ValueError:
        return bad_request("date is required: YYYY-MM-DD")
    return json_response({"data": [_box(game, state_of(game, view), view) for game in view.games_on(game_date)]})


def _box(game: Game, state: GameState, view: ArchiveView) -> dict[str, object]:
    return {
        "date": f"{game.game_date}",
        "season": int(game.season[:4]),
        "status": _status(game, state),
        "period": state.period,
        "time": "Final" if state.status == FINAL else state.clock,
        "postseason": False,
        "home_team_score": sum(state.home_periods),
        "visitor_team_score": sum(state.away_periods),
        "home_team": _side(game, game.home, state, view),
        "visitor_team": _side(game, game.away, state, view),
    }


def _status(game: Game, state: GameState) -> str:
    """The status text; before tip-off the provider puts the time of tip-off here."""
    if state.status == IN_PLAY:
        return _QUARTERS.get(state.period, f"{state.period - 4}OT")
    return "Final" if state.status == FINAL else iso_z(game.tip_off)


def _side(game: Game, tricode: str, state: GameState, view: ArchiveView) -> dict[str, object]:
    team = TEAMS[tricode]
    played = player_rows(view, game, tricode) if state.status == FINAL else []
    absent = [{**_NO_COUNTS, **row} for row in absent_rows(view, game, tricode)] if state.status == FINAL else []
    return {
        "city": team.city,
        "name": team.name,
        "full_name": f"{team.city} {team.name}",
        "abbreviation": tricode,
        "players": [_player(row) for row in (*played, *absent)],
    }


def _player(row: Row) -> dict[str, object]:
    first, last = first_and_last(without_accents(row["player_name"]))
    return {
        "min": f"{round(row['minutes']):02d}",
        **{name: row[column] for name, column in _COUNTS.items()},
        "fg_pct": fraction(row["fgm"], row["fga"]),
        "fg3_pct": fraction(row["fg3m"], row["fg3a"]),
        "ft_pct": fraction(row["ftm"], row["fta"]),
        "player": {"id": _player_id(row["player_id"]), "first_name": first, "last_name": last},
    }


def _player_id(player_id: str) -> int:
    """A synthetic id of the provider for a player."""
    return int.from_bytes(hashlib.blake2s(player_id.encode(), digest_size=4).digest())


ENDPOINTS = (
    Endpoint(
        "bdl_player_boxscores",
        "api.balldontlie.io",
        r"v1/box_scores",
        box_scores,
        special_faults=frozenset({FaultKind.BAD_KEY, FaultKind.YESTERDAYS}),
    ),
)
