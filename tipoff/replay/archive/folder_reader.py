"""Reads a folder of past seasons: files may be absent, but a present file must be valid.

Only the columns named here are read, so that results joined to the props afterwards cannot enter the archive.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import ArchiveError
from tipoff.replay.archive.layout import UTC_TIME
from tipoff.vocabulary import reason_of


class FileKind(NamedTuple):
    """Files of one kind: their path pattern, and the columns that are required and optional."""

    pattern: str
    required: Mapping[str, pl.DataType]
    optional: Mapping[str, pl.DataType]


_TEXT, _NUMBER, _DATE = pl.String(), pl.Float64(), pl.Date()

FILE_KINDS: Final[dict[str, FileKind]] = {
    "player_games": FileKind(
        "player_games/*.parquet",
        dict.fromkeys(("GAME_ID", "PLAYER_ID", "PLAYER_NAME", "TEAM_ABBREVIATION", "OPP_ABBREVIATION", "SEASON"), _TEXT)
        | {"GAME_DATE": _DATE}
        | dict.fromkeys(("HOME", "MIN", "FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB"), _NUMBER)
        | dict.fromkeys(("REB", "AST", "STL", "BLK", "TOV", "PF", "PTS", "PLUS_MINUS"), _NUMBER),
        {"BREF_ID": _TEXT} | dict.fromkeys(("NEUTRAL_SITE", "STARTER", "MIN_EXACT"), _NUMBER),
    ),
    "closing_lines": FileKind(
        "game_lines/*closing_lines*.parquet",
        {"date": _DATE, "HOME_ABBR": _TEXT, "AWAY_ABBR": _TEXT, "home_spread": _NUMBER, "total": _NUMBER},
        {},
    ),
    "game_lines": FileKind(
        "game_lines/*game_lines_by_book*.parquet",
        {"snapshot": UTC_TIME, "commence_time": UTC_TIME, "last_update": UTC_TIME}
        | dict.fromkeys(("event_id", "home_team", "away_team", "book"), _TEXT)
        | dict.fromkeys(("total", "total_price_over", "total_price_under", "spread_home"), _NUMBER)
        | dict.fromkeys(("spread_price_home", "spread_price_away", "ml_home", "ml_away"), _NUMBER),
        {},
    ),
    "prop_lines": FileKind(
        "player_props/*.parquet",
        {"commence_time": UTC_TIME, "line": _NUMBER, "over_price": _NUMBER, "under_price": _NUMBER}
        | dict.fromkeys(("event_id", "home_team", "away_team", "book", "player"), _TEXT),
        {"snapshot": UTC_TIME},
    ),
    "official_games": FileKind(
        "officials_and_inactives/*games*.parquet",
        dict.fromkeys(("bref_game", "when", "arena", "officials"), _TEXT),
        {},
    ),
    "official_players": FileKind(
        "officials_and_inactives/*players*.parquet",
        dict.fromkeys(("bref_game", "team", "bref_id", "player", "status"), _TEXT),
        {},
    ),
    "shots": FileKind(
        "shots/*.parquet",
        dict.fromkeys(("GAME_ID", "PLAYER_ID", "TEAM_ID", "SHOT_TYPE", "BASIC_ZONE"), _TEXT)
        | {"SHOT_MADE": pl.Boolean()},
        {},
    ),
}


def read_files(folder: Path, name: str) -> pl.DataFrame:
    """All rows of the files of one kind, typed; no rows when the folder has no such file.

    Raises ArchiveError for a file that cannot be read or lacks a required column.
    """
    kind = FILE_KINDS[name]
    columns = {**kind.required, **kind.optional}
    parts = [_read(file, kind, columns) for file in sorted(folder.glob(kind.pattern))]
    return pl.concat([pl.DataFrame(schema=columns), *parts])


def missing_kinds(folder: Path) -> list[str]:
    """One text for each kind of files that the folder does not have."""
    return [f"no files {kind.pattern}" for kind in FILE_KINDS.values() if not any(folder.glob(kind.pattern))]


def unread_files(folder: Path) -> list[str]:
    """Parquet files that belong to no kind."""
    known = {file for kind in FILE_KINDS.values() for file in folder.glob(kind.pattern)}
    return sorted(str(file.relative_to(folder)) for file in set(folder.rglob("*.parquet")) - known)


def _read(file: Path, kind: FileKind, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    try:
        schema = pl.read_parquet_schema(file)
        missing = sorted(set(kind.required) - set(schema))
        if missing:
            raise ArchiveError(f"{file} lacks the columns {', '.join(missing)}; nothing was imported")
        frame = pl.read_parquet(file, columns=[name for name in columns if name in schema])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArchiveError(f"{file} cannot be read as Parquet ({reason_of(error)}); nothing was imported") from error
    return frame.select(
        _typed(name, schema[name], dtype) if name in schema else pl.lit(None, dtype).alias(name)
        for name, dtype in columns.items()
    )


def _typed(name: str, given: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if given == pl.String and dtype == pl.Date:
        return column.str.to_date("%Y-%m-%d", strict=False)
    if given == pl.String and dtype == UTC_TIME:
        return column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_zone="UTC", time_unit="us", strict=False)
    return column.cast(dtype, strict=False)
