"""The folder of real data of past seasons, and an archive of it that is imported once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from runtime import PROJECT
from tipoff.errors import BadInputError
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.layout import MANIFEST
from tipoff.replay.archive.writer import write_archive

SHARED_DATA: Final = PROJECT.parent / "shared" / "data"


def archive_from(environ: Mapping[str, str], folder: Path) -> Path:
    """The archive of the variable ARCHIVE; without one the import of the folder of real data. Raises BadInputError."""
    if given := environ.get("ARCHIVE"):
        return Path(given)
    if not SHARED_DATA.is_dir():
        raise BadInputError(f"ARCHIVE is not set, and there is no {SHARED_DATA}; name an archive of past seasons")
    return imported_archive(SHARED_DATA, folder)


def imported_archive(data: Path, folder: Path) -> Path:
    """Import a folder of past seasons into an archive, unless it is there already; returns the archive."""
    if not (folder / MANIFEST).is_file():
        imported = import_folder(data)
        write_archive(folder, imported.frames, source="import", missing=imported.missing)
    return folder
