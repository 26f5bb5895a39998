"""Imports a folder of past seasons into the tables of an archive and counts the rows it rejects."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tipoff.errors import ArchiveError
from tipoff.replay.archive import lines, results
from tipoff.replay.archive.folder_reader import missing_kinds, read_files, unread_files
from tipoff.replay.archive.layout import TABLES, missing_games, to_table
from tipoff.replay.archive.row_rules import FilteredRows
from tipoff.vocabulary import counted


@dataclass(frozen=True)
class Imported:
    """The tables of an archive, the rows read and rejected for each, and what the folder lacks."""

    frames: Mapping[str, pl.DataFrame]
    rows_in: Mapping[str, int]
    rejected: Mapping[str, Counter[str]]
    missing: tuple[str, ...]
    unread: tuple[str, ...]


def import_folder(folder: Path) -> Imported:
    """Import a folder with one subfolder per kind (player_games, game_lines, player_props, …) and any seasons.

    Raises ArchiveError when the folder is absent, has no player games, or holds an unreadable file.
    """
    if not folder.is_dir():
        raise ArchiveError(f"{folder} is not a folder; name one that has player_games/*.parquet in it")
    rows = read_files(folder, "player_games")
    box = results.player_box(rows)
    if box.rows.is_empty():
        raise ArchiveError(f"{folder} has no usable player games (player_games/*.parquet); nothing to import")
    filtered = {"player_box": box, **_other_tables(folder, rows, box.rows)}
    frames = {name: to_table(name, filtered[name].rows) for name in TABLES}
    return Imported(
        frames,
        rows_in={name: filtered[name].rows_in for name in TABLES},
        rejected={name: filtered[name].rejected for name in TABLES},
        missing=(*missing_kinds(folder), *_missing_by_season(frames), *_assumptions(frames)),
        unread=tuple(unread_files(folder)),
    )


def _other_tables(folder: Path, rows: pl.DataFrame, box: pl.DataFrame) -> dict[str, FilteredRows]:
    """Every table but player_box: those derived from the player rows, and those of other files about the same games."""
    team_sums, official = results.team_box(box), results.official_games(read_files(folder, "official_games"))
    games = results.games(team_sums, results.neutral_games(rows))
    game_lines = lines.game_lines(read_files(folder, "game_lines"), games)
    prop_lines = lines.prop_lines(read_files(folder, "prop_lines"), games)
    tip_offs = lines.provider_tip_offs(game_lines.rows, prop_lines.rows)
    shots = results.shots(read_files(folder, "shots"), games)
    listed, ids = read_files(folder, "official_players"), results.player_ids_by_reference_id(rows)
    derived = {
        "games": results.with_tip_offs(games, official, tip_offs),
        "team_box": results.with_exact_minutes(team_sums, games),
        "players": results.players(box),
    }
    return {
        **{name: FilteredRows(frame, box.height, Counter()) for name, frame in derived.items()},
        "game_lines": game_lines,
        "prop_lines": prop_lines,
        "closing_lines": lines.closing_lines(read_files(folder, "closing_lines"), games),
        "availability": results.availability(listed, games, ids, box),
        "officials": results.officials(official, games),
        "shots_by_zone": shots._replace(rows=results.shots_by_zone(shots.rows)),
    }


def _missing_by_season(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """One text for each season and table that lacks some or all games of the season."""
    seasons = frames["games"].group_by("season", maintain_order=True)
    per_game = [name for name in TABLES if name not in ("games", "players")]
    return [
        f"{season}: {missing}"
        for (season,), games in seasons
        for name in per_game
        for missing in missing_games(name, frames[name], games["game_id"])
    ]


def _assumptions(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """One text for each kind of time that no file has, with the default used instead."""
    games, prop_lines = (
        frames[table].filter(pl.col(source) == "estimated").height
        for table, source in (("games", "tip_off_source"), ("prop_lines", "snapshot_source"))
    )
    texts = {
        f"tip-offs of {counted(games, 'game')} (19:30 ET is assumed)": games,
        f"snapshot times of {counted(prop_lines, 'prop line')} (an hour before the start is assumed)": prop_lines,
    }
    return [text for text, count in texts.items() if count]
