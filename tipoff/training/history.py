"""Builds the training history: for each earlier date its pre-game features and the points scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

import polars as pl

from tipoff.vocabulary import season_of, step_names
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.feature_store import build_features
from tipoff.warehouse.generated_sql import dates_with_results
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES

PRE_GAME = (
    step_names.TEAM_CONTEXT,
    step_names.PLAYER_CONTEXT,
    step_names.PLAYER_FORM,
    step_names.TEAM_DEFENSE_ZONES,
    step_names.PLAYER_SHOT_ZONES,
    step_names.COMPOSITE_FACTORS,
)
"""Transforms that the feature store depends on, in dependency order."""


REPORTS_UNTIL_MINUTES: Final = 65
"""Injury reports of past games count until so many minutes before tip-off: late scratches are known later, and most
predictions are made earlier."""


def training_history(warehouse: Warehouse, seasons: Sequence[str], before: date, as_of: datetime) -> pl.DataFrame:
    """Return the feature rows with `points` of all dates of the seasons before `before`; see `graded_features`.

    Missing dates are built first, in ranges. A date with rows in a table is not rebuilt there, so rows of a real day
    or an earlier call are never replaced, and the next call completes an interrupted one. Requires
    `team_defense_game_summary` and `player_game_summary` of the seasons.
    """
    for table in (*PRE_GAME, step_names.FEATURES):
        for scope in _missing_ranges(warehouse, table, seasons, before, as_of):
            _build(warehouse, table, scope)
    return graded_features(warehouse, seasons, before)


def graded_features(warehouse: Warehouse, seasons: Sequence[str], before: date) -> pl.DataFrame:
    """Return the feature rows strictly before a date with their `points`, for players who played."""
    return warehouse.query(sql_text("graded_features"), {"seasons": list(seasons), "before": before})


def seasons_up_to(game_date: date, count: int) -> tuple[str, ...]:
    """Return `count` seasons up to the season of a date, oldest first."""
    return tuple(season_of(game_date.replace(year=game_date.year - back, day=1)) for back in reversed(range(count)))


def _build(warehouse: Warehouse, table: str, scope: TransformScope) -> None:
    if table == step_names.FEATURES:
        build_features(warehouse, scope.first_date, scope.last_date, (), scope.as_of)
    else:
        warehouse.transform(table, scope.parameters, scope.slice)


def _missing_ranges(
    warehouse: Warehouse, table: str, seasons: Sequence[str], before: date, as_of: datetime
) -> Iterator[TransformScope]:
    """Yield ranges of consecutive game dates without rows in the table, each within one month to limit memory."""
    dates = warehouse.query(dates_with_results(TABLES[table]), {"before": before}).iter_rows()
    keyed = ((season_of(game_date), game_date.month, is_built, game_date) for game_date, is_built in dates)
    for (season, _, is_built), group in groupby(keyed, key=itemgetter(0, 1, 2)):
        days = [game_date for *_, game_date in group]
        if season in seasons and not is_built:
            yield TransformScope(
                first_date=days[0],
                last_date=days[-1],
                as_of=as_of,
                training=True,
                reports_until_minutes=REPORTS_UNTIL_MINUTES,
            )
