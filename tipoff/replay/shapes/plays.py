"""The plays of a game, for every play-by-play shape.

The archive has attempts and makes by player and zone, and assists by player. The order and times of the shots and who
assisted which make are synthetic but deterministic. The score grows in proportion to time; a game with overtime is tied
until its end. Free throws, rebounds, fouls and line-ups are omitted.
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

from tipoff.replay.shapes.view import OVERTIME, REGULATION, ArchiveIndex, ArchiveView, Game, Params


class ShotLocation(NamedTuple):
    """Location of all shots of a zone: x and y in tenths of feet from the basket, the NBA's area, points per make."""

    x: int
    y: int
    area: str
    points: int


SHOT_LOCATIONS: Mapping[str, ShotLocation] = {
    "restricted_area": ShotLocation(0, 10, "Restricted Area", 2),
    "paint": ShotLocation(0, 80, "In The Paint (Non-RA)", 2),
    "mid_range": ShotLocation(0, 180, "Mid-Range", 2),
    "corner_three": ShotLocation(-230, 20, "Left Corner 3", 3),
    "above_break_three": ShotLocation(0, 250, "Above the Break 3", 3),
    "backcourt": ShotLocation(0, 600, "Backcourt", 3),
}


class Player(NamedTuple):
    """A shooter or passer."""

    player_id: str
    player_name: str


class Shot(NamedTuple):
    """One field-goal attempt."""

    player: Player
    team: str
    zone: str
    made: bool
    assist: Player | None = None


class Play(NamedTuple):
    """A shot, or the start or end of a period or the game (`shot` is None), with its time and the score after it."""

    number: int
    event: str
    """One of start, shot, end and game end."""
    period: int
    seconds_left: int
    """In the period."""
    at: datetime
    home_points: int
    away_points: int
    shot: Shot | None


def plays_of(view: ArchiveView, game: Game) -> list[Play]:
    """The plays up to the as-of time; none before tip-off or without shots in the archive."""
    if not has_shots(view.index, game):
        return []
    plays, final = _plays(view.index, game), view.is_final(game)
    return [play for play in plays if final or (play.at <= view.as_of and play.event != "game end")]


def has_shots(index: ArchiveIndex, game: Game) -> bool:
    """Whether the archive has shots of the game."""
    return bool(_ordered_shots(index, game.game_id))


def requested_games(view: ArchiveView, params: Params) -> list[Game]:
    """The game of the parameter `game_id`; empty when the archive does not have it."""
    game = view.index.by_id.get(params["game_id"])
    return [game] if game else []


_Event = tuple[float, str, int, Shot | None]
"""Seconds played, event, period, shot."""


@lru_cache(maxsize=64)
def _plays(index: ArchiveIndex, game: Game) -> tuple[Play, ...]:
    ends = tuple(accumulate([12 * 60] * 4 + [5 * 60] * (game.overtime_periods or 0)))
    events = _events(ends, _shots(index, game))
    return tuple(_play(game, ends, number, event) for number, event in enumerate(events, start=1))


def _events(ends: tuple[int, ...], shots: list[Shot]) -> Iterator[_Event]:
    """All events by period: its start, its shots at even intervals, its end."""
    interval = ends[-1] / len(shots)
    timed = [(interval * (number + 0.5), shot) for number, shot in enumerate(shots)]
    for period, (begins, end) in enumerate(zip((0, *ends), ends, strict=False), start=1):
        yield begins, "start", period, None
        yield from ((at, "shot", period, shot) for at, shot in timed if begins <= at < end)
        yield end, "end", period, None
    yield ends[-1], "game end", len(ends), None


def _play(game: Game, ends: tuple[int, ...], number: int, event: _Event) -> Play:
    seconds, name, period, shot = event
    elapsed = seconds / ends[-1]
    at = game.tip_off + (REGULATION + OVERTIME * (game.overtime_periods or 0)) * elapsed
    return Play(number, name, period, round(ends[period - 1] - seconds), at, *_score(game, elapsed), shot)


def _score(game: Game, elapsed: float) -> tuple[int, int]:
    home, away = game.home_points or 0, game.away_points or 0
    if game.overtime_periods and elapsed < 1:
        home = away = min(home, away)
    return int(home * elapsed), int(away * elapsed)


def _shots(index: ArchiveIndex, game: Game) -> list[Shot]:
    """The shots of a game with assists, which go to the first makes of team-mates."""
    passers, shots = _passers(index, game.game_id), []
    for shot in _ordered_shots(index, game.game_id):
        available = passers[shot.team] if shot.made else []
        passer = next((player for player in available if player != shot.player), None)
        if passer:
            available.remove(passer)
        shots.append(shot._replace(assist=passer))
    return shots


@lru_cache(maxsize=64)
def _ordered_shots(index: ArchiveIndex, game_id: str) -> tuple[Shot, ...]:
    """The shots of a game in their synthetic order; empty when the archive has none."""
    names = _rows_of_game(index.archive.player_box, game_id).select("player_id", "player_name")
    counts = _rows_of_game(index.archive.shots_by_zone, game_id).join(names, on="player_id")
    keyed: list[tuple[bytes, Shot]] = []
    columns = ("player_id", "player_name", "team", "zone", "made", "attempts")
    for player_id, name, team, zone, made, attempts in counts.select(columns).iter_rows():
        for number in range(attempts):
            shot = Shot(Player(player_id, name), team, zone, number < made)
            keyed.append((_order_key(game_id, player_id, zone, number), shot))
    return tuple(shot for _, shot in sorted(keyed))


def _rows_of_game(table: pl.DataFrame, game_id: str) -> pl.DataFrame:
    return table.filter(pl.col("game_id") == game_id)


def _order_key(*parts: object) -> bytes:
    return hashlib.blake2s(repr(parts).encode(), digest_size=8).digest()


def _passers(index: ArchiveIndex, game_id: str) -> dict[str, list[Player]]:
    """Players by team, each repeated once per assist."""
    box = _rows_of_game(index.archive.player_box, game_id)
    passers: dict[str, list[Player]] = defaultdict(list)
    for team, player_id, name, assists in box.select("team", "player_id", "player_name", "ast").iter_rows():
        passers[team] += [Player(player_id, name)] * assists
    return passers
