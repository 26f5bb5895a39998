"""The past as a model sees it: for each earlier date the features of that date's morning, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

import polars as pl

from tipoff.vocabulary import season_of, step_names
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.feature_store import build_features
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.sql_files import sql_text

PRE_GAME = (step_names.TEAM_CONTEXT, step_names.PLAYER_CONTEXT, step_names.PLAYER_FORM)
"""Transforms behind the feature store, in the order they need each other."""

_DATES = """
SELECT
  game_date,
  LOGICAL_OR(is_built) AS is_built,
FROM (
  SELECT DISTINCT game_date, FALSE AS is_built, FROM player_game_summary
  UNION ALL
  SELECT DISTINCT game_date, TRUE AS is_built, FROM {table}
)
WHERE game_date < @before
GROUP BY game_date
ORDER BY game_date
"""


def training_history(warehouse: Warehouse, seasons: Sequence[str], before: date, as_of: datetime) -> pl.DataFrame:
    """Graded feature rows of all dates of the seasons before `before`; see `graded_features`.

    Dates that lack rows are built first, whole stretches at a time. A date that has rows in a table is left alone
    there, so what a real day (or an earlier call) wrote is never replaced, and an interrupted call is finished by the
    next. Needs `player_game_summary` of the seasons.
    """
    for table in (*PRE_GAME, step_names.FEATURES):
        for target in _unbuilt(warehouse, table, seasons, before, as_of):
            _build(warehouse, table, target)
    return graded_features(warehouse, seasons, before)


def graded_features(warehouse: Warehouse, seasons: Sequence[str], before: date) -> pl.DataFrame:
    """Rows of the feature store strictly before a date with their `points`, of players who played."""
    return warehouse.query(sql_text("graded_features"), {"seasons": list(seasons), "before": before})


def seasons_up_to(game_date: date, count: int) -> tuple[str, ...]:
    """The season of a date and the ones before it, oldest first."""
    return tuple(season_of(game_date.replace(year=game_date.year - back, day=1)) for back in reversed(range(count)))


def _build(warehouse: Warehouse, table: str, target: TransformScope) -> None:
    if table == step_names.FEATURES:
        build_features(warehouse, target.first_date, target.last_date, (), target.as_of)
    else:
        warehouse.transform(table, target.parameters, target.slice)


def _unbuilt(
    warehouse: Warehouse, table: str, seasons: Sequence[str], before: date, as_of: datetime
) -> Iterator[TransformScope]:
    """Stretches of game dates without a row in the table, no date with one among them; within a month, for memory."""
    dates = warehouse.query(_DATES.format(table=table), {"before": before}).iter_rows()
    known = ((season_of(game_date), game_date.month, is_built, game_date) for game_date, is_built in dates)
    for (season, _, is_built), stretch in groupby(known, key=itemgetter(0, 1, 2)):
        days = [game_date for *_, game_date in stretch]
        if season in seasons and not is_built:
            yield TransformScope(first_date=days[0], last_date=days[-1], as_of=as_of, training=True)
