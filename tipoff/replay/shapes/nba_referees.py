"""official.nba.com get-game-officials: the crews of a date's games, published on the morning of the date.

The archive has no codes or numbers of officials and neither G League nor WNBA; codes are derived from the names.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import polars as pl

from tipoff.replay.shapes.endpoint import Endpoint
from tipoff.replay.shapes.error_responses import bad_request
from tipoff.replay.shapes.view import ArchiveView, Game, Params, UpstreamResponse, json_response
from tipoff.teams import TEAMS
from tipoff.vocabulary import eastern

PUBLISHED_AT = (9, 15)
"""Hour and minute, Eastern time."""

_POSITIONS = (1, 2, 3, 4)
_NO_ROWS: Mapping[str, Mapping[str, list[object]]] = {"Table": {"rows": []}, "Table1": {"rows": []}}


def officials(view: ArchiveView, params: Params) -> UpstreamResponse:
    """The crews of `date`, by default today; empty before they are published; 400 when that is not a date."""
    try:
        game_date = date.fromisoformat(params["date"]) if "date" in params else view.today
    except ValueError:
        return bad_request("date must be YYYY-MM-DD")
    games = view.games_on(game_date) if view.as_of >= eastern(game_date, *PUBLISHED_AT) else []
    crews = _crews(view, games)
    rows = [_row(game, crews[game.game_id]) for game in games if game.game_id in crews]
    return json_response({"nba": {**_NO_ROWS, "Table": {"rows": rows}}, "gl": _NO_ROWS, "wnba": _NO_ROWS})


def _crews(view: ArchiveView, games: list[Game]) -> dict[str, dict[int, str]]:
    """Names by position for each game with officials in the archive."""
    game_ids = [game.game_id for game in games]
    listed = view.index.archive.officials.filter(pl.col("game_id").is_in(game_ids))
    crews: dict[str, dict[int, str]] = defaultdict(dict)
    for game_id, name, position in listed.select("game_id", "official_name", "position").iter_rows():
        crews[game_id][position] = name
    return dict(crews)


def _row(game: Game, crew: Mapping[int, str]) -> dict[str, object]:
    home, away = TEAMS[game.home], TEAMS[game.away]
    return {
        "game_id": game.game_id,
        "game_date": f"{game.game_date:%m/%d/%Y}",
        "season": f"2{game.season[:4]}",
        "game_code": f"{game.game_date:%Y%m%d}/{game.away}{game.home}",
        "home_team_id": int(home.nba_id),
        "home_team": home.city,
        "home_team_abbr": home.tricode,
        "away_team_id": int(away.nba_id),
        "away_team": away.city,
        "away_team_abbr": away.tricode,
        **{f"official{position}": crew.get(position) for position in _POSITIONS},
        **{f"official{position}_code": _code(crew[position]) if position in crew else None for position in _POSITIONS},
    }


def _code(name: str) -> int:
    return int.from_bytes(hashlib.blake2s(name.encode(), digest_size=4).digest())


ENDPOINTS = (
    Endpoint(
        "nbac_referee_assignments",
        "official.nba.com",
        r"wp-json/api/v1/get-game-officials",
        officials,
    ),
)
