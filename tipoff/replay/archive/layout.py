"""The layout of an archive: one Parquet file per table, and `archive.json` with their row counts and hashes.

Times are UTC, game dates Eastern, ids text, teams NBA tricodes. A table without facts is an empty file.
"""

from typing import Final, Literal

import polars as pl
from pydantic import Field

from tipoff.vocabulary import Frozen, counted

FORMAT: Final = 1
MANIFEST: Final = "archive.json"

UTC_TIME: Final = pl.Datetime("us", "UTC")

COUNTS: Final = (
    *("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb"),
    *("ast", "stl", "blk", "tov", "pf", "points", "plus_minus"),
)
"""The counts of a box score; `plus_minus` of a team is its margin."""

_COUNT_TYPES: dict[str, pl.DataType] = dict.fromkeys(COUNTS, pl.Int16())

TABLES: Final[dict[str, pl.Schema]] = {
    "games": pl.Schema(
        {
            "game_id": pl.String(),
            "season": pl.String(),
            "game_date": pl.Date(),
            "tip_off": UTC_TIME,
            "tip_off_source": pl.String(),  # official, odds or estimated
            "home": pl.String(),
            "away": pl.String(),
            "home_points": pl.Int16(),  # null: scheduled, result not in this archive
            "away_points": pl.Int16(),
            "overtime_periods": pl.Int8(),
            "neutral_site": pl.Boolean(),
            "arena": pl.String(),
        }
    ),
    "player_box": pl.Schema(
        {
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "season": pl.String(),
            "player_id": pl.String(),
            "player_name": pl.String(),
            "team": pl.String(),
            "opponent": pl.String(),
            "home": pl.Boolean(),
            "starter": pl.Boolean(),
            "minutes": pl.Float32(),
            **_COUNT_TYPES,
        }
    ),
    "team_box": pl.Schema(
        {
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "season": pl.String(),
            "team": pl.String(),
            "opponent": pl.String(),
            "home": pl.Boolean(),
            "win": pl.Boolean(),
            "minutes": pl.Float32(),
            **_COUNT_TYPES,
        }
    ),
    "game_lines": pl.Schema(
        {
            "event_id": pl.String(),
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "book": pl.String(),
            "snapshot_at": UTC_TIME,
            "last_update": UTC_TIME,
            "commence_time": UTC_TIME,  # of the provider, often ten minutes after tip-off
            "home": pl.String(),
            "away": pl.String(),
            "total": pl.Float32(),
            "over_price_american": pl.Int32(),
            "under_price_american": pl.Int32(),
            "home_spread": pl.Float32(),
            "home_spread_price_american": pl.Int32(),
            "away_spread_price_american": pl.Int32(),
            "home_moneyline_american": pl.Int32(),
            "away_moneyline_american": pl.Int32(),
        }
    ),
    "closing_lines": pl.Schema(
        {
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "home_spread": pl.Float32(),
            "total": pl.Float32(),
        }
    ),
    "prop_lines": pl.Schema(
        {
            "event_id": pl.String(),
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "commence_time": UTC_TIME,
            "home": pl.String(),
            "away": pl.String(),
            "book": pl.String(),
            "player_name": pl.String(),  # as quoted
            "line": pl.Float32(),
            "over_price_american": pl.Int32(),
            "under_price_american": pl.Int32(),
            "snapshot_at": UTC_TIME,
            "snapshot_source": pl.String(),  # provider or estimated
        }
    ),
    "availability": pl.Schema(
        {
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "team": pl.String(),
            "player_id": pl.String(),  # null: in no box score
            "player_name": pl.String(),
            "status": pl.String(),
            "reason": pl.String(),
        }
    ),
    "officials": pl.Schema({"game_id": pl.String(), "official_name": pl.String(), "position": pl.Int8()}),
    "shots_by_zone": pl.Schema(
        {
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "player_id": pl.String(),
            "team": pl.String(),
            "zone": pl.String(),
            "made": pl.Int8(),
            "attempts": pl.Int8(),
        }
    ),
    "players": pl.Schema(
        {
            "player_id": pl.String(),
            "player_name": pl.String(),
            "first_season": pl.String(),
            "last_season": pl.String(),
        }
    ),
}

SORT_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "games": ("game_date", "tip_off", "game_id"),
    "player_box": ("game_date", "game_id", "team", "player_id"),
    "team_box": ("game_date", "game_id", "team"),
    "game_lines": ("game_date", "game_id", "snapshot_at", "event_id", "book"),
    "closing_lines": ("game_date", "game_id"),
    "prop_lines": ("game_date", "game_id", "book", "snapshot_at", "player_name", "line", "event_id"),
    "availability": ("game_date", "game_id", "team", "status", "player_name"),
    "officials": ("game_id", "position"),
    "shots_by_zone": ("game_date", "game_id", "team", "player_id", "zone"),
    "players": ("player_id",),
}
"""The row order of each table, so that equal facts give equal bytes."""

PLAYED: Final = "PLAYED"
DID_NOT_PLAY: Final = "DNP"
AVAILABLE_STATUSES: Final = (PLAYED, DID_NOT_PLAY)
"""Statuses of players who could have played; every other status is an absence."""


class TableEntry(Frozen):
    """The entry of `archive.json` for one file."""

    rows: int
    sha256: str


class Manifest(Frozen):
    """`archive.json`: what the archive holds, and one text for each thing it lacks."""

    format: int = Field(ge=1)
    source: Literal["import", "sample"]
    seasons: tuple[str, ...]
    missing: tuple[str, ...]
    tables: dict[str, TableEntry]


def to_table(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the columns, types and row order of the table."""
    schema = TABLES[table]
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).sort(SORT_KEYS[table])


def missing_games(table: str, frame: pl.DataFrame, game_ids: pl.Series) -> list[str]:
    """A text with the number of games that have no row in the table; empty when all have."""
    missing = game_ids.len() - game_ids.is_in(frame["game_id"].implode()).sum()
    return [f"no {table} for {missing:,} of {counted(game_ids.len(), 'game')}"] if missing else []
