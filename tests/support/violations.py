"""Generates rows that violate each declared check of a table once, and rows that violate none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

import polars as pl

from tests.support.rows import rows_of
from tipoff.warehouse.checks import Check
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.tables import TABLES, Column, Table

FIRST = date(2024, 1, 1)
CHECKED: Final = tuple(name for name, table in TABLES.items() if table.checks)

Row = dict[str, Any]

VIOLATING_COLUMNS: Final[Mapping[str, Row]] = {
    "fga minus fgm": {"fga": 4, "fgm": 5},
    "fg3a minus fg3m": {"fg3a": 4, "fg3m": 5, "fgm": 5, "fga": 5},
    "fta minus ftm": {"fta": 4, "ftm": 5},
    "fgm minus fg3m": {"fgm": 4, "fg3m": 5, "fg3a": 5, "fga": 5},
    "usage_rate from 10 minutes on": {"minutes": 10.0, "usage_rate": 1228.0},
    "usage rate of a team's players together": {"minutes": 30.0, "usage_rate": 69.0},
    "days from the line to the game date": {"line_as_of": None},
    "paint_share_10 + mid_range_share_10 + three_share_10": {
        "paint_share_10": 0.7,
        "mid_range_share_10": 0.5,
        "three_share_10": 0.2,
    },
    "paint_share_20 + mid_range_share_20 + three_share_20": {
        "paint_share_20": 0.1,
        "mid_range_share_20": 0.2,
        "three_share_20": 0.2,
    },
    "points minus low_80": {"points": 9.0, "low_80": 10.0, "high_80": 12.0},
    "high_80 minus points": {"points": 9.0, "low_80": 5.0, "high_80": 8.0},
}
"""Check of several columns -> values that violate it; a check that is neither here nor a range or count has no test."""


class Case(NamedTuple):
    """One violated bound of a check, and its rows: a date of their own."""

    check: Check
    game_date: date
    rows: pl.DataFrame


def cases(table_name: str) -> Iterator[Case]:
    """Yield one case for each bound of each check of a table."""
    table = table_named(table_name)
    bounds = [
        (check, bound, is_maximum)
        for check in table.checks
        for bound, is_maximum in ((check.minimum, False), (check.maximum, True))
        if bound is not None and not (check.name in VIOLATING_COLUMNS and is_maximum and check.minimum is not None)
    ]
    for number, (check, bound, is_maximum) in enumerate(bounds, start=1):
        day = FIRST + timedelta(days=number)
        yield Case(check, day, _violating(table, day, check, bound, is_maximum=is_maximum))


def valid_rows(table_name: str, game_date: date) -> pl.DataFrame:
    """Return rows of one date that violate no check."""
    table = table_named(table_name)
    return _rows(table, game_date, _usual_count(table))


def _violating(table: Table, day: date, check: Check, bound: float, *, is_maximum: bool) -> pl.DataFrame:
    if check.measure == "COUNT(*) {over}":
        return _rows(table, day, round(bound) + (1 if is_maximum else -1))
    changes = VIOLATING_COLUMNS.get(check.name)
    if changes is None:
        assert check.name in table.column_names, f"no rows violate the check {check.name} of {table.name}"
        changes = {check.name: bound + (1 if is_maximum else -1)}
    if "line_as_of" in changes:
        changes = {"line_as_of": pl.lit(day - timedelta(days=3)).cast(pl.Datetime("us", "UTC"))}
    rows = _rows(table, day, _usual_count(table))
    first = pl.int_range(pl.len()) == 0
    changed = {
        name: pl.when(first | bool(check.per)).then(value).otherwise(name).cast(rows.schema[name])
        for name, value in changes.items()
    }
    return rows.with_columns(**changed)


def _usual_count(table: Table) -> int:
    """The fewest rows of a group that the checks allow."""
    return max([1, *(round(check.minimum) for check in table.checks if check.per and check.minimum)])


def _rows(table: Table, day: date, count: int) -> pl.DataFrame:
    """Rows of one game of one date that differ in the last column of the key that tells the rows of a game apart."""
    key = next(
        name for name in ("player_id", "team", "prediction_id", "player_name", "system_id") if name in table.natural_key
    )
    limits = {column.name: value for column in table.columns if (value := _within(column)) is not None}
    rows = ({**limits, "game_date": day, key: f"{number}"} for number in range(count))
    return rows_of(table.name, rows)


def _within(column: Column) -> float | None:
    """A value within the range of a column that is never NULL."""
    if column.nullable or not column.checks:
        return None
    return max(column.minimum or 0, 0) if column.maximum is None else min(max(column.minimum or 0, 0), column.maximum)
