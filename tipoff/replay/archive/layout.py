"""The archive's own tidy layout: one Parquet file a table, and `archive.json` that vouches for them.

Times are UTC, game dates Eastern, ids text, teams NBA tricodes. A table without facts is written empty.
"""

from typing import Final, Literal

import polars as pl
from pydantic import Field

from tipoff.vocabulary import Frozen

FORMAT: Final = 1
MANIFEST: Final = "archive.json"

MOMENT: Final = pl.Datetime("us", "UTC")

COUNTS: Final = (
    *("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb"),
    *("ast", "stl", "blk", "tov", "pf", "points", "plus_minus"),
)
"""What a box score counts; `plus_minus` of a team is its margin."""

_COUNT_TYPES: dict[str, pl.DataType] = dict.fromkeys(COUNTS, pl.Int16())

TABLES: Final[dict[str, pl.Schema]] = {
    "games": pl.Schema(
        {
            "game_id": pl.String(),
            "season": pl.String(),
            "game_date": pl.Date(),
            "tip_off": MOMENT,
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
            "snapshot_at": MOMENT,
            "last_update": MOMENT,
            "commence_time": MOMENT,  # as the provider said, often ten minutes after tip-off
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
            "commence_time": MOMENT,
            "home": pl.String(),
            "away": pl.String(),
            "book": pl.String(),
            "player_name": pl.String(),  # as quoted
            "line": pl.Float32(),
            "over_price_american": pl.Int32(),
            "under_price_american": pl.Int32(),
            "snapshot_at": MOMENT,
            "snapshot_source": pl.String(),  # provider or estimated
        }
    ),
    "availability": pl.Schema(
        {
            "game_id": pl.String(),
            "game_date": pl.Date(),
            "team": pl.String(),
            "player_id": pl.String(),  # null: never in any box score
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

ORDER: Final[dict[str, tuple[str, ...]]] = {
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
"""The order rows are written in, so that the same facts make the same bytes."""

PLAYED: Final = "PLAYED"
DID_NOT_PLAY: Final = "DNP"
ON_THE_BENCH: Final = (PLAYED, DID_NOT_PLAY)
"""Statuses of players who could have played; every other status is an absence."""


class TableEntry(Frozen):
    """What `archive.json` says about one file."""

    rows: int
    sha256: str


class Manifest(Frozen):
    """`archive.json`: what the archive holds and, in words, what it does not."""

    format: int = Field(ge=1)
    source: Literal["import", "sample"]
    seasons: tuple[str, ...]
    missing: tuple[str, ...]
    tables: dict[str, TableEntry]


def tidy(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the table's columns, types and order of rows."""
    schema = TABLES[table]
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).sort(ORDER[table])


def gap(table: str, frame: pl.DataFrame, game_ids: pl.Series) -> list[str]:
    """How many of the games the table knows nothing about, in words; nothing when it knows all."""
    without = game_ids.len() - game_ids.is_in(frame["game_id"].implode()).sum()
    return [f"no {table} for {without:,} of {game_ids.len():,} games"] if without else []
