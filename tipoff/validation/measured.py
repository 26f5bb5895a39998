"""What a check measured: how many games, teams or files should have data, which lack them, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

import polars as pl

from tipoff.validation.records import DayRecords
from tipoff.vocabulary import SlateGame

GRACE: Final = timedelta(minutes=15)
"""How long a day may take to compute what follows from new data: until then nothing is missing."""


class Unit(NamedTuple):
    """Something that should have data: a game, a team in its game, a system or a file."""

    label: str
    game_id: str = ""
    """Its game; empty: it belongs to no single one."""


class Measured(NamedTuple):
    """What a check measured."""

    expected: int
    missing: tuple[Unit, ...] = ()
    wrong: tuple[str, ...] = ()
    """Statements about data that contradict others: no time makes them right."""
    note: str = ""
    """Why nothing is expected."""


def games_without(games: Iterable[SlateGame], present: Iterable[str]) -> tuple[Unit, ...]:
    """Return the games whose ids are not present."""
    known = set(present)
    return tuple(Unit(game.label, game.game_id) for game in games if game.game_id not in known)


def teams_of(games: Iterable[SlateGame]) -> tuple[tuple[SlateGame, str], ...]:
    """Return each team with its game."""
    return tuple((game, team) for game in games for team in (game.away, game.home))


def rows_per_team(frame: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Return (game id, team) -> number of rows."""
    counts = frame.group_by("game_id", "team").len()
    return {(game_id, team): count for game_id, team, count in counts.iter_rows()}


def settled(records: DayRecords, table: str) -> pl.DataFrame:
    """Return the rows of a table that are old enough for what follows from them to be computed."""
    return records.tables[table].filter(pl.col("as_of") <= records.as_of - GRACE)


def labels_of(records: DayRecords) -> dict[str, str]:
    """Return game id -> label of the games of the date."""
    return {game.game_id: game.label for game in records.slate}
