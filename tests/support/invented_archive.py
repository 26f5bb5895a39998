"""Writes an archive of a few invented facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.writer import write_archive


def write_invented_archive(folder: Path, **tables: Iterable[Mapping[str, Any]]) -> Archive:
    """Write the rows of some tables; the others are empty, and a column that a row lacks is null."""
    frames = {name: pl.DataFrame(list(tables.get(name, ())), schema=schema) for name, schema in TABLES.items()}
    write_archive(folder, frames, source="import", missing=())
    return Archive(folder)
