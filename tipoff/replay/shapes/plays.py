"""A game's shots in an order, for every shape of a play-by-play.

The archive counts attempts and makes by player and zone, and assists by player. Drawn, and the same each time, are the
order of the shots and with it their times, and which makes were assisted by whom. The score runs in proportion to the
game; one with overtime is level until its end. Free throws, rebounds, fouls and line-ups are not told.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import polars as pl

from tipoff.replay.shapes.view import OVERTIME, REGULATION, Game, Params, Past, View


class Place(NamedTuple):
    """Where the replay puts the shots of a zone: tenths of feet from the basket, the NBA's area, points they count."""

    x: int
    y: int
    area: str
    worth: int


PLACES: Mapping[str, Place] = {
    "restricted_area": Place(0, 10, "Restricted Area", 2),
    "paint": Place(0, 80, "In The Paint (Non-RA)", 2),
    "mid_range": Place(0, 180, "Mid-Range", 2),
    "corner_three": Place(-230, 20, "Left Corner 3", 3),
    "above_break_three": Place(0, 250, "Above the Break 3", 3),
    "backcourt": Place(0, 600, "Backcourt", 3),
}


class Player(NamedTuple):
    """Who shoots or passes."""

    player_id: str
    player_name: str


class Shot(NamedTuple):
    """One attempt."""

    player: Player
    team: str
    zone: str
    made: bool
    assist: Player | None = None


class Play(NamedTuple):
    """A shot (None: the mark of a period or of the game), with its time and the score after it."""

    number: int
    mark: str
    """start, shot, end or game end."""
    period: int
    seconds_left: int
    """In the period."""
    at: datetime
    home_points: int
    away_points: int
    shot: Shot | None


def plays_of(view: View, game: Game) -> list[Play]:
    """What has happened by the view's moment: nothing before tip-off, or where the archive has no shots."""
    if not knows_shots(view.past, game):
        return []
    plays, over = _plays(view.past, game), view.is_final(game)
    return [play for play in plays if over or (play.at <= view.as_of and play.mark != "game end")]


def knows_shots(past: Past, game: Game) -> bool:
    """Whether the archive has the game's shots."""
    return bool(_taken(past, game.game_id))


def game_asked_for(view: View, params: Params) -> list[Game]:
    """The game of the parameter `game_id`; none when the archive has no such game."""
    game = view.past.by_id.get(params["game_id"])
    return [game] if game else []


_Mark = tuple[float, str, int, Shot | None]
"""Seconds played, mark, period, shot."""


@lru_cache(maxsize=64)
def _plays(past: Past, game: Game) -> tuple[Play, ...]:
    ends = tuple(accumulate([12 * 60] * 4 + [5 * 60] * (game.overtime_periods or 0)))
    marks = _marks(ends, _shots(past, game))
    return tuple(_play(game, ends, number, mark) for number, mark in enumerate(marks, start=1))


def _marks(ends: tuple[int, ...], shots: list[Shot]) -> Iterator[_Mark]:
    """All that happens, by period: its start, its share of the shots at even distances, its end."""
    apart = ends[-1] / len(shots)
    played = [(apart * (place + 0.5), shot) for place, shot in enumerate(shots)]
    for period, (begins, end) in enumerate(zip((0, *ends), ends, strict=False), start=1):
        yield begins, "start", period, None
        yield from ((at, "shot", period, shot) for at, shot in played if begins <= at < end)
        yield end, "end", period, None
    yield ends[-1], "game end", len(ends), None


def _play(game: Game, ends: tuple[int, ...], number: int, mark: _Mark) -> Play:
    played, kind, period, shot = mark
    share = played / ends[-1]
    at = game.tip_off + (REGULATION + OVERTIME * (game.overtime_periods or 0)) * share
    return Play(number, kind, period, round(ends[period - 1] - played), at, *_score(game, share), shot)


def _score(game: Game, share: float) -> tuple[int, int]:
    home, away = game.home_points or 0, game.away_points or 0
    if game.overtime_periods and share < 1:
        home = away = min(home, away)
    return int(home * share), int(away * share)


def _shots(past: Past, game: Game) -> list[Shot]:
    """The game's shots as drawn; assists go to the first makes of team-mates."""
    passers, shots = _passers(past, game.game_id), []
    for shot in _taken(past, game.game_id):
        mates = passers[shot.team] if shot.made else []
        passer = next((mate for mate in mates if mate != shot.player), None)
        if passer:
            mates.remove(passer)
        shots.append(shot._replace(assist=passer))
    return shots


@lru_cache(maxsize=64)
def _taken(past: Past, game_id: str) -> tuple[Shot, ...]:
    """The game's shots in the order drawn; none when the archive has none."""
    names = _of_game(past.archive.player_box, game_id).select("player_id", "player_name")
    counted = _of_game(past.archive.shots_by_zone, game_id).join(names, on="player_id")
    drawn: list[tuple[bytes, Shot]] = []
    columns = ("player_id", "player_name", "team", "zone", "made", "attempts")
    for player_id, name, team, zone, made, attempts in counted.select(columns).iter_rows():
        for number in range(attempts):
            shot = Shot(Player(player_id, name), team, zone, number < made)
            drawn.append((_lot(game_id, player_id, zone, number), shot))
    return tuple(shot for _, shot in sorted(drawn))


def _of_game(table: pl.DataFrame, game_id: str) -> pl.DataFrame:
    return table.filter(pl.col("game_id") == game_id)


def _lot(*of: object) -> bytes:
    return hashlib.blake2s(repr(of).encode(), digest_size=8).digest()


def _passers(past: Past, game_id: str) -> dict[str, list[Player]]:
    """Team -> its players, each as often as he assisted."""
    box = _of_game(past.archive.player_box, game_id)
    passers: dict[str, list[Player]] = defaultdict(list)
    for team, player_id, name, assists in box.select("team", "player_id", "player_name", "ast").iter_rows():
        passers[team] += [Player(player_id, name)] * assists
    return passers
