"""Past seasons in a folder → the archive's tables, and an account of every row that stays out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tipoff.errors import ArchiveError
from tipoff.replay.archive import lines, results
from tipoff.replay.archive.folder_reader import absent, take_in, unread
from tipoff.replay.archive.layout import TABLES, gap, tidy
from tipoff.replay.archive.row_rules import Sifted


@dataclass(frozen=True)
class Imported:
    """The tables of an archive, how many rows each was made from and why others stay out, what is absent."""

    frames: Mapping[str, pl.DataFrame]
    rows_in: Mapping[str, int]
    rejected: Mapping[str, Counter[str]]
    missing: tuple[str, ...]
    unread: tuple[str, ...]


def import_folder(folder: Path) -> Imported:
    """Read any folder laid out by kind (player_games, game_lines, player_props, …), whatever seasons it has.

    Raises ArchiveError when the folder is absent, has no player games, or holds an unreadable file.
    """
    if not folder.is_dir():
        raise ArchiveError(f"{folder} is not a folder; name one that has player_games/*.parquet in it")
    rows = take_in(folder, "player_games")
    box = results.player_box(rows)
    if box.rows.is_empty():
        raise ArchiveError(f"{folder} has no usable player games (player_games/*.parquet); nothing to import")
    sifted = {"player_box": box, **_around(folder, rows, box.rows)}
    frames = {name: tidy(name, sifted[name].rows) for name in TABLES}
    return Imported(
        frames,
        rows_in={name: sifted[name].rows_in for name in TABLES},
        rejected={name: sifted[name].rejected for name in TABLES},
        missing=(*absent(folder), *_gaps(frames), *_assumed(frames)),
        unread=tuple(unread(folder)),
    )


def _around(folder: Path, rows: pl.DataFrame, box: pl.DataFrame) -> dict[str, Sifted]:
    """Every other table: what the player rows imply, and what other files say about their games."""
    summed, official = results.team_box(box), results.official_games(take_in(folder, "official_games"))
    games = results.games(summed, results.neutral_games(rows))
    game_lines = lines.game_lines(take_in(folder, "game_lines"), games)
    prop_lines = lines.prop_lines(take_in(folder, "prop_lines"), games)
    tips = lines.provider_tips(game_lines.rows, prop_lines.rows)
    shots = results.shots(take_in(folder, "shots"), games)
    listed, ids = take_in(folder, "official_players"), results.ids_by_reference(rows)
    implied = {
        "games": results.with_tip_offs(games, official, tips),
        "team_box": results.with_exact_minutes(summed, games),
        "players": results.players(box),
    }
    return {
        **{name: Sifted(frame, box.height, Counter()) for name, frame in implied.items()},
        "game_lines": game_lines,
        "prop_lines": prop_lines,
        "closing_lines": lines.closing_lines(take_in(folder, "closing_lines"), games),
        "availability": results.availability(listed, games, ids, box),
        "officials": results.officials(official, games),
        "shots_by_zone": shots._replace(rows=results.shots_by_zone(shots.rows)),
    }


def _gaps(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """Per season, the tables that lack some or all of its games, in words."""
    seasons = frames["games"].group_by("season", maintain_order=True)
    per_game = [name for name in TABLES if name not in ("games", "players")]
    return [
        f"{season}: {lack}"
        for (season,), games in seasons
        for name in per_game
        for lack in gap(name, frames[name], games["game_id"])
    ]


def _assumed(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """Times no file tells, and what stands in for them, in words."""
    assumptions = (
        ("games", "tip_off_source", "tip-offs of {} games (19:30 ET is assumed)"),
        (
            "prop_lines",
            "snapshot_source",
            "snapshot times of {} prop lines (an hour before the start is assumed)",
        ),
    )
    counts = [(text, frames[name].filter(pl.col(source) == "estimated").height) for name, source, text in assumptions]
    return [text.format(f"{count:,}") for text, count in counts if count]
