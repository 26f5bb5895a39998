"""SELECTs in GoogleSQL over any declared table. Every other query is a file in `tipoff/sql`."""

# ruff: noqa: S608 (statements contain only names of declared tables and columns; values are parameters)

from __future__ import annotations

from typing import Final

from tipoff.warehouse.base import ALL_DATES, DateRange, Slice, SqlValue
from tipoff.warehouse.tables import Table

READY: Final = "SELECT 1 AS one"
"""Fails if the warehouse cannot be queried."""


def row_count(table: Table) -> str:
    """Return a SELECT of the number of rows."""
    return f"SELECT COUNT(*) AS n FROM {table.name} WHERE game_date >= DATE '{ALL_DATES.first}'"


def rows_per_date(table: Table) -> str:
    """Return a SELECT of the number of rows of each game date."""
    return (
        f"SELECT game_date, COUNT(*) AS n FROM {table.name} WHERE game_date >= DATE '{ALL_DATES.first}'"
        " GROUP BY game_date"
    )


def dates_of_real_days(table: Table) -> str:
    """Return a SELECT of the dates with rows that a provider sent: their source does not start with @archived."""
    return (
        f"SELECT DISTINCT game_date FROM {table.name} WHERE game_date >= DATE '{ALL_DATES.first}'"
        " AND NOT STARTS_WITH(source, @archived)"
    )


def rows_of_slice(table: Table, where: Slice) -> tuple[str, dict[str, SqlValue | list[str]]]:
    """Return a SELECT of the rows of a slice and its parameters."""
    terms: list[str] = []
    parameters: dict[str, SqlValue | list[str]] = {}
    for name, wanted in {"game_date": ALL_DATES, **where}.items():
        if isinstance(wanted, DateRange):
            terms.append(f"{name} BETWEEN @first_{name} AND @last_{name}")
            parameters |= {f"first_{name}": wanted.first, f"last_{name}": wanted.last}
        else:
            terms.append(f"{name} IN UNNEST(@{name})" if isinstance(wanted, list) else f"{name} = @{name}")
            parameters[name] = wanted
    return f"SELECT * FROM {table.name} WHERE {' AND '.join(terms)}", parameters


def last_snapshots(table: Table) -> str:
    """Return a SELECT of the last snapshot of each of the games @game_ids of @game_date, as of @as_of."""
    return f"""
        SELECT snapshot.*
        FROM {table.name} AS snapshot
        JOIN (
            SELECT game_id, MAX(as_of) AS as_of
            FROM {table.name}
            WHERE game_date = @game_date AND as_of <= @as_of AND game_id IN UNNEST(@game_ids)
            GROUP BY game_id
        ) AS last ON snapshot.game_id = last.game_id AND snapshot.as_of = last.as_of
        WHERE snapshot.game_date = @game_date
    """


def rows_of_better_sources(table: Table) -> str:
    """Return a SELECT of the keys of @game_date from all sources but @not_better.

    `is_complete` is false for a game whose source has an unreadable or unresolved player.
    """
    key = ", ".join(f"better.{column}" for column in table.natural_key)
    return f"""
        SELECT {key}, unresolved.game_id IS NULL AS is_complete
        FROM {table.name} AS better
        LEFT JOIN (
            SELECT DISTINCT game_id, source FROM unresolved_players WHERE game_date = @game_date
        ) AS unresolved
          ON unresolved.game_id = better.game_id
          AND unresolved.source = better.source
        WHERE better.game_date = @game_date AND better.source NOT IN UNNEST(@not_better)
    """


def dates_with_results(built: Table) -> str:
    """Return a SELECT of the dates with results before @before, and whether the table `built` has rows of them."""
    return f"""
        SELECT
          game_date,
          LOGICAL_OR(is_built) AS is_built,
        FROM (
          SELECT DISTINCT game_date, FALSE AS is_built, FROM player_game_summary WHERE game_date < @before
          UNION ALL
          SELECT DISTINCT game_date, TRUE AS is_built, FROM {built.name} WHERE game_date < @before
        )
        GROUP BY game_date
        ORDER BY game_date
    """
