"""Writes an archive completely or not at all; equal facts give equal bytes."""

import hashlib
import io
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import polars as pl

from tipoff.errors import ArchiveError, StorageError
from tipoff.replay.archive.layout import FORMAT, MANIFEST, TABLES, Manifest, TableEntry, to_table
from tipoff.vocabulary import reason_of

_SCRATCH = ".writing"
_ARCHIVE_FILES = frozenset({_SCRATCH, MANIFEST, *(f"{name}.parquet" for name in TABLES)})
"""Names that a writer, also a killed one, may leave in the folder."""


def write_archive(
    folder: Path,
    frames: Mapping[str, pl.DataFrame],
    *,
    source: Literal["import", "sample"],
    missing: Iterable[str],
) -> Manifest:
    """Write every table and then the manifest; replaces a complete or unfinished archive in the folder.

    Raises ArchiveError when `folder` holds something else, StorageError when writing fails.
    """
    _reject_other_folders(folder)
    content = {name: _parquet(to_table(name, frames[name])) for name in TABLES}
    manifest = Manifest(
        format=FORMAT,
        source=source,
        seasons=tuple(frames["games"]["season"].unique().sort()),
        missing=tuple(missing),
        tables={
            name: TableEntry(rows=frames[name].height, sha256=hashlib.sha256(body).hexdigest())
            for name, body in content.items()
        },
    )
    files = {f"{name}.parquet": body for name, body in content.items()}
    files[MANIFEST] = (manifest.model_dump_json(indent=1) + "\n").encode()
    try:
        _replace(folder, files)
    except OSError as error:
        raise StorageError(
            f"cannot write the archive to {folder}: {reason_of(error)}; free some space or choose another folder"
        ) from error
    return manifest


def _reject_other_folders(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ArchiveError(f"{folder} is a file; name a folder for the archive")
    others = sorted(path.name for path in folder.glob("*") if path.name not in _ARCHIVE_FILES)
    if others and not (folder / MANIFEST).is_file():
        raise ArchiveError(f"{folder} holds {others[0]} but no archive; name an empty or new folder")


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=19, statistics=False)
    return buffer.getvalue()


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    scratch = folder / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # left by a killed writer
    scratch.mkdir(parents=True)
    try:
        for name, body in files.items():
            (scratch / name).write_bytes(body)
        for name in files:  # the manifest comes last: until then its hashes do not match the new files
            (scratch / name).replace(folder / name)
    finally:
        shutil.rmtree(scratch)
