"""Reading a folder of past seasons, tolerant of what is absent and strict about what is there.

Only the columns named here are ever read: what was joined to the props from results afterwards cannot enter.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import ArchiveError
from tipoff.replay.archive.layout import MOMENT


class FolderReader(NamedTuple):
    """Files of one kind: where they lie, which columns are needed and which are welcome."""

    pattern: str
    needed: Mapping[str, pl.DataType]
    welcome: Mapping[str, pl.DataType]


_TEXT, _NUMBER, _DATE = pl.String(), pl.Float64(), pl.Date()

INTAKES: Final[dict[str, FolderReader]] = {
    "player_games": FolderReader(
        "player_games/*.parquet",
        dict.fromkeys(("GAME_ID", "PLAYER_ID", "PLAYER_NAME", "TEAM_ABBREVIATION", "OPP_ABBREVIATION", "SEASON"), _TEXT)
        | {"GAME_DATE": _DATE}
        | dict.fromkeys(("HOME", "MIN", "FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB"), _NUMBER)
        | dict.fromkeys(("REB", "AST", "STL", "BLK", "TOV", "PF", "PTS", "PLUS_MINUS"), _NUMBER),
        {"BREF_ID": _TEXT} | dict.fromkeys(("NEUTRAL_SITE", "STARTER", "MIN_EXACT"), _NUMBER),
    ),
    "closing_lines": FolderReader(
        "game_lines/*closing_lines*.parquet",
        {"date": _DATE, "HOME_ABBR": _TEXT, "AWAY_ABBR": _TEXT, "home_spread": _NUMBER, "total": _NUMBER},
        {},
    ),
    "game_lines": FolderReader(
        "game_lines/*game_lines_by_book*.parquet",
        {"snapshot": MOMENT, "commence_time": MOMENT, "last_update": MOMENT}
        | dict.fromkeys(("event_id", "home_team", "away_team", "book"), _TEXT)
        | dict.fromkeys(("total", "total_price_over", "total_price_under", "spread_home"), _NUMBER)
        | dict.fromkeys(("spread_price_home", "spread_price_away", "ml_home", "ml_away"), _NUMBER),
        {},
    ),
    "prop_lines": FolderReader(
        "player_props/*.parquet",
        {"commence_time": MOMENT, "line": _NUMBER, "over_price": _NUMBER, "under_price": _NUMBER}
        | dict.fromkeys(("event_id", "home_team", "away_team", "book", "player"), _TEXT),
        {"snapshot": MOMENT},
    ),
    "official_games": FolderReader(
        "officials_and_inactives/*games*.parquet",
        dict.fromkeys(("bref_game", "when", "arena", "officials"), _TEXT),
        {},
    ),
    "official_players": FolderReader(
        "officials_and_inactives/*players*.parquet",
        dict.fromkeys(("bref_game", "team", "bref_id", "player", "status"), _TEXT),
        {},
    ),
    "shots": FolderReader(
        "shots/*.parquet",
        dict.fromkeys(("GAME_ID", "PLAYER_ID", "TEAM_ID", "SHOT_TYPE", "BASIC_ZONE"), _TEXT)
        | {"SHOT_MADE": pl.Boolean()},
        {},
    ),
}


def take_in(folder: Path, kind: str) -> pl.DataFrame:
    """All rows of one kind, typed; no rows when the folder has no such file.

    Raises ArchiveError for a file that cannot be read or lacks a needed column.
    """
    folder_reader = INTAKES[kind]
    wanted = {**folder_reader.needed, **folder_reader.welcome}
    parts = [_read(file, folder_reader, wanted) for file in sorted(folder.glob(folder_reader.pattern))]
    return pl.concat([pl.DataFrame(schema=wanted), *parts])


def absent(folder: Path) -> list[str]:
    """Kinds of files the folder does not have, in words."""
    return [
        f"no files {folder_reader.pattern}"
        for folder_reader in INTAKES.values()
        if not any(folder.glob(folder_reader.pattern))
    ]


def unread(folder: Path) -> list[str]:
    """Parquet files that no kind claims."""
    claimed = {file for folder_reader in INTAKES.values() for file in folder.glob(folder_reader.pattern)}
    return sorted(str(file.relative_to(folder)) for file in set(folder.rglob("*.parquet")) - claimed)


def _read(file: Path, folder_reader: FolderReader, wanted: Mapping[str, pl.DataType]) -> pl.DataFrame:
    try:
        there = pl.read_parquet_schema(file)
        lacking = sorted(set(folder_reader.needed) - set(there))
        if lacking:
            raise ArchiveError(f"{file} lacks the columns {', '.join(lacking)}; nothing was imported")
        frame = pl.read_parquet(file, columns=[name for name in wanted if name in there])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArchiveError(f"{file} cannot be read as Parquet ({error}); nothing was imported") from error
    return frame.select(
        _typed(name, there[name], dtype) if name in there else pl.lit(None, dtype).alias(name)
        for name, dtype in wanted.items()
    )


def _typed(name: str, given: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if given == pl.String and wanted == pl.Date:
        return column.str.to_date("%Y-%m-%d", strict=False)
    if given == pl.String and wanted == MOMENT:
        return column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_zone="UTC", time_unit="us", strict=False)
    return column.cast(wanted, strict=False)
