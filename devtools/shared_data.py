"""The folder of real data of past seasons, and an archive of it that is imported once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from runtime import PROJECT
from tipoff.replay.archive.importing import import_folder
from tipoff.replay.archive.layout import MANIFEST
from tipoff.replay.archive.writer import write_archive

SHARED_DATA: Final = PROJECT.parent / "shared" / "data"


def imported_archive(data: Path, folder: Path) -> Path:
    """Import a folder of past seasons into an archive, unless it is there already; returns the archive."""
    if not (folder / MANIFEST).is_file():
        imported = import_folder(data)
        write_archive(folder, imported.frames, source="import", missing=imported.missing)
    return folder
