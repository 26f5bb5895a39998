"""The sample's season moved in time, so that its predicted date is another date, such as yesterday."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from devtools.moved_facts import moved
from tipoff.replay.archive import Archive
from tipoff.replay.archive.layout import TABLES
from tipoff.replay.archive.writer import write_archive
from tipoff.vocabulary import season_of

_OFFICIALS = pl.DataFrame({"official_name": ["Ada Byron", "Mary Shelley", "Jane Austen"], "position": [1, 2, 3]})


def write_dated_archive(folder: Path, sample: Archive, of_sample: date, becomes: date) -> Path:
    """Write all facts of the sample to a folder, each as many days later as `becomes` is later than `of_sample`.

    Every game gets officials, of which the sample has only those of one date.
    """
    moved_by = becomes - of_sample
    days = pl.duration(days=moved_by.days)
    seasons = {game_id: season_of(day + moved_by) for game_id, day in sample.games["game_id", "game_date"].iter_rows()}
    ids = {game_id: f"{game_id[:3]}{season[2:4]}{game_id[5:]}" for game_id, season in seasons.items()}
    frames = {name: moved(getattr(sample, name), days, seasons, ids) for name in TABLES}
    frames["officials"] = frames["games"].select("game_id").join(_OFFICIALS, how="cross")
    write_archive(folder, frames, source="sample", missing=())
    return folder
