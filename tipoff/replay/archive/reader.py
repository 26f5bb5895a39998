"""Reads an archive."""

import hashlib
import io
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl
from pydantic import ValidationError

from tipoff.errors import ArchiveError, BadInputError
from tipoff.replay.archive.layout import FORMAT, MANIFEST, TABLES, Manifest


@dataclass(frozen=True)
class Archive:
    """An archive in a folder; each table is read and checked against `archive.json` on first use.

    Raises ArchiveError when the folder is not an archive, has another format or is damaged.
    """

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        _ = self.manifest

    @cached_property
    def manifest(self) -> Manifest:
        """The content of `archive.json`."""
        file = self.path / MANIFEST
        if not file.is_file():
            raise ArchiveError(
                f"{self.path} is not an archive (it has no {MANIFEST}); make one with "
                f"`python -m tipoff.replay.archive import FOLDER --to {self.path}`"
            )
        return _readable(file)

    @property
    def seasons(self) -> tuple[str, ...]:
        """Seasons with games, such as "2023-24", oldest first."""
        return self.manifest.seasons

    @property
    def missing(self) -> tuple[str, ...]:
        """One text for each thing the archive lacks."""
        return self.manifest.missing

    @cached_property
    def games(self) -> pl.DataFrame:
        return self._table("games")

    @cached_property
    def player_box(self) -> pl.DataFrame:
        return self._table("player_box")

    @cached_property
    def team_box(self) -> pl.DataFrame:
        return self._table("team_box")

    @cached_property
    def game_lines(self) -> pl.DataFrame:
        return self._table("game_lines")

    @cached_property
    def closing_lines(self) -> pl.DataFrame:
        """A replay may show them from five minutes before tip-off."""
        return self._table("closing_lines")

    @cached_property
    def prop_lines(self) -> pl.DataFrame:
        """Every quote, also alternate and in-play ones; a replay may show a quote from `snapshot_at` on."""
        return self._table("prop_lines")

    @cached_property
    def availability(self) -> pl.DataFrame:
        """Known after tip-off; `tipoff.replay.archive.rosters` has what is known before."""
        return self._table("availability")

    @cached_property
    def officials(self) -> pl.DataFrame:
        return self._table("officials")

    @cached_property
    def shots_by_zone(self) -> pl.DataFrame:
        return self._table("shots_by_zone")

    @cached_property
    def players(self) -> pl.DataFrame:
        return self._table("players")

    def require_date(self, game_date: date) -> None:
        """Raises BadInputError for a date before the first or after the last game with a result."""
        played: list[date] = self.games.filter(pl.col("home_points").is_not_null())["game_date"].to_list()
        if not (played and min(played) <= game_date <= max(played)):
            reach = f"from {min(played)} to {max(played)}" if played else "of no date"
            raise BadInputError(
                f"{game_date} is outside the archive {self.path}, which has results {reach}: "
                "choose another date, or an archive that has it (ARCHIVE=folder)"
            )

    def slate(self, game_date: date) -> pl.DataFrame:
        """The games of an Eastern date by tip-off; empty without games."""
        return self.games.filter(pl.col("game_date") == game_date)

    def _table(self, name: str) -> pl.DataFrame:
        file = self.path / f"{name}.parquet"
        entry = self.manifest.tables.get(name)
        if entry is None or not file.is_file():
            raise ArchiveError(f"archive {self.path} has no table {name}; import or sample it again")
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise ArchiveError(f"{file} is damaged: its hash is not that of {MANIFEST}; import or sample it again")
        frame = pl.read_parquet(io.BytesIO(content))
        if frame.schema != TABLES[name]:
            raise ArchiveError(f"{file} does not have the columns of format {FORMAT}; import or sample it again")
        return frame


def _readable(file: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ArchiveError(f"{file} is damaged: {error.errors()[0]['msg']}") from error
    if manifest.format != FORMAT:
        raise ArchiveError(
            f"{file.parent} is an archive of format {manifest.format}, but this version reads format {FORMAT}; "
            "import it again with this version"
        )
    return manifest
