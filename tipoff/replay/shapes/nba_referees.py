"""official.nba.com get-game-officials: the crews of a date's games, from the morning of the date on.

The archive knows neither codes nor numbers of officials, nor the G League and WNBA: a code is made of the name.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import polars as pl

from tipoff.replay.shapes.refusals import bad_request
from tipoff.replay.shapes.view import Game, Params, UpstreamResponse, View, json_answer
from tipoff.teams import TEAMS
from tipoff.vocabulary import eastern

PUBLISHED_AT = (9, 15)
"""Hour and minute, Eastern."""

_PLACES = (1, 2, 3, 4)
_NO_ROWS: Mapping[str, Mapping[str, list[object]]] = {"Table": {"rows": []}, "Table1": {"rows": []}}


def officials(view: View, params: Params) -> UpstreamResponse:
    """The games of the date asked for, today's when none is; none before its morning; 400 for what is no date."""
    try:
        game_date = date.fromisoformat(params["date"]) if "date" in params else view.today
    except ValueError:
        return bad_request("date must be YYYY-MM-DD")
    games = view.games_on(game_date) if view.as_of >= eastern(game_date, *PUBLISHED_AT) else []
    crews = _crews(view, games)
    rows = [_row(game, crews[game.game_id]) for game in games if game.game_id in crews]
    return json_answer({"nba": {**_NO_ROWS, "Table": {"rows": rows}}, "gl": _NO_ROWS, "wnba": _NO_ROWS})


def _crews(view: View, games: list[Game]) -> dict[str, dict[int, str]]:
    """Names by place for each game that the archive has officials of."""
    wanted = [game.game_id for game in games]
    known = view.past.archive.officials.filter(pl.col("game_id").is_in(wanted))
    crews: dict[str, dict[int, str]] = defaultdict(dict)
    for game_id, name, place in known.select("game_id", "official_name", "position").iter_rows():
        crews[game_id][place] = name
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
        **{f"official{place}": crew.get(place) for place in _PLACES},
        **{f"official{place}_code": _code(crew[place]) if place in crew else None for place in _PLACES},
    }


def _code(name: str) -> int:
    return int.from_bytes(hashlib.blake2s(name.encode(), digest_size=4).digest())
