"""Scrambles all that a warehouse knows of later than a time, and compares what is computed as of that time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl
from polars.testing import assert_frame_equal

from devtools.season_rows import POST_GAME, PRE_GAME, parameters, run
from tipoff.vocabulary import eastern, step_names
from tipoff.warehouse.base import SqlValue
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.feature_store import build_features
from tipoff.warehouse.tables import TABLES

RESULTS: Final = ("raw_player_boxscores", "raw_team_boxscores", "raw_shots", "raw_gamebook_players", *POST_GAME)
"""Tables of finished games: those of the date and later are unknown."""
SNAPSHOTS: Final = (
    *("raw_game_lines", "raw_player_props", "raw_injuries"),
    *("raw_rosters", "raw_players", "unresolved_players"),
)
"""Tables whose rows become known at their as-of time."""
COMPUTED: Final = (*POST_GAME, *PRE_GAME, step_names.FEATURES)

Tables = dict[str, pl.DataFrame]


class _Undo(Exception):  # noqa: N818 - it ends a transaction, nothing is wrong
    pass


class FutureWarehouse(DuckDbWarehouse):
    """A warehouse whose future can be scrambled for a while."""

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo all writes of the block."""
        try:
            with self.transaction():
                yield
                raise _Undo
        except _Undo:
            pass

    def scramble_future(self, game_date: date, as_of: datetime, seed: int) -> int:
        """Shuffle and change every value that is not known on a date at a time; return the number of rows."""
        day: Mapping[str, SqlValue] = {"day": game_date, "as_of": as_of}
        self._repeat_later(day)
        scrambled = sum(self._scramble(table, "game_date >= @day", day, seed) for table in RESULTS)
        scrambled += sum(
            self._scramble(table, "game_date > @day OR as_of > @as_of", day, seed) for table in (*SNAPSHOTS, *PRE_GAME)
        )
        scrambled += self._scramble("raw_schedule", "game_date > @day", day, seed)
        return scrambled + self._scramble("raw_schedule", "game_date = @day", day, seed, columns=("status", "source"))

    def _repeat_later(self, day: Mapping[str, SqlValue]) -> None:
        """Add a snapshot a minute after the as-of time to every table that keeps all snapshots."""
        later = pl.lit(day["as_of"]).cast(pl.Datetime("us", "UTC")) + timedelta(minutes=1)
        for table in (TABLES[name] for name in SNAPSHOTS if TABLES[name].append_only):
            known = self.query(f"SELECT * FROM {table.name} WHERE game_date = @day AND as_of <= @as_of", day)  # noqa: S608
            self.append(table.name, known.with_columns(as_of=later).unique(table.natural_key, maintain_order=True))

    def _scramble(
        self, table: str, scope: str, parameters: Mapping[str, SqlValue], seed: int, columns: tuple[str, ...] = ()
    ) -> int:
        """Replace the rows of a scope; without `columns` every column is scrambled."""
        rows = self.query(f"SELECT * FROM {table} WHERE {scope}", parameters)  # noqa: S608 - declared names
        chosen = rows.select(columns or TABLES[table].column_names)
        changed = rows.with_columns(
            _scrambled(chosen[name], seed + number) for number, name in enumerate(chosen.columns)
        )
        with self._transaction() as cursor:
            cursor.register("scrambled_rows", changed.to_arrow())
            condition = scope.replace("@", "$")
            used = {name: value for name, value in parameters.items() if f"${name}" in condition}
            cursor.execute(f"DELETE FROM {table} WHERE {condition}", used)  # noqa: S608
            cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM scrambled_rows")  # noqa: S608
        return rows.height


def _scrambled(column: pl.Series, seed: int) -> pl.Series:
    """Shuffle a column; change its numbers. Times stay within the scope, so that they stay in the future."""
    shuffled = column.shuffle(seed)
    return shuffled * 7 + 3 if shuffled.dtype.is_numeric() else shuffled


def require_no_look_ahead(warehouse: FutureWarehouse, game_date: date, seed: int, days_before: int) -> int:
    """Compute every table as of the afternoon of a date, with the true and with a scrambled future: they are equal.

    The post-game tables are those of `days_before` days before the date. The pre-game tables and features are those of
    the date, and those of the days before as training rows. Returns the number of compared values.
    """
    as_of = eastern(game_date, 16)
    first, yesterday = game_date - timedelta(days=days_before), game_date - timedelta(days=1)
    with warehouse.undone():
        baseline = _computed(warehouse, first, yesterday, game_date, as_of)
        assert warehouse.scramble_future(game_date, as_of, seed), "nothing is known of the future: nothing was tested"
        again = _computed(warehouse, first, yesterday, game_date, as_of)
    for name, rows in again.items():
        assert_frame_equal(rows, baseline[name], check_exact=True)
    assert not baseline[step_names.FEATURES].is_empty()
    return sum(rows.height * rows.width for rows in baseline.values())


def _computed(warehouse: DuckDbWarehouse, first: date, yesterday: date, game_date: date, as_of: datetime) -> Tables:
    run(warehouse, POST_GAME, first, yesterday)
    run(warehouse, PRE_GAME, first, yesterday, as_of=as_of, training=True)
    build_features(warehouse, first, yesterday, (), as_of)
    run(warehouse, PRE_GAME, game_date, game_date, as_of=as_of)
    build_features(warehouse, game_date, game_date, (), as_of)
    return {name: _rows(warehouse, name, first, game_date if name not in POST_GAME else yesterday) for name in COMPUTED}


def _rows(warehouse: DuckDbWarehouse, table: str, first: date, last: date) -> pl.DataFrame:
    sql = f"SELECT * FROM {table} WHERE game_date BETWEEN @first_date AND @last_date"  # noqa: S608 - a declared name
    return warehouse.query(sql, parameters(first, last)).sort(TABLES[table].natural_key)
