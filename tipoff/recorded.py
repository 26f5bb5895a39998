"""What a finished day left: its slate, the answers landed during it, and the moments it predicted at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from tipoff.collecting import land_batch
from tipoff.landing.base import Landing
from tipoff.sources.base import Source
from tipoff.vocabulary import SlateGame
from tipoff.warehouse.base import Warehouse

_SLATE = """
SELECT game_id, away, home, tip_off,
FROM raw_schedule
WHERE game_date = @game_date AND status != 'postponed' AND season_type NOT IN ('preseason', 'all_star')
ORDER BY tip_off, game_id
"""

_MOMENTS = """
SELECT as_of, game_id,
FROM predictions
WHERE game_date = @game_date AND NOT backfilled
GROUP BY as_of, game_id
ORDER BY as_of, game_id
"""


class Recorded(NamedTuple):
    """A day's traces, oldest first."""

    games: tuple[SlateGame, ...]
    batches: tuple[tuple[str, str, datetime], ...]
    """(source, batch, when it was fetched)"""
    moments: tuple[tuple[datetime, tuple[str, ...]], ...]
    """(when predictions were made, for which games)"""


def recorded_day(game_date: date, sources: Mapping[str, Source], landing: Landing, warehouse: Warehouse) -> Recorded:
    """The traces of a date."""
    day = {"game_date": game_date}
    games = tuple(SlateGame.model_validate(row) for row in warehouse.query(_SLATE, day).iter_rows(named=True))
    batches = [batch for name in sources for batch in _batches(landing, name, game_date)]
    moments: dict[datetime, list[str]] = {}
    for as_of, game_id in warehouse.query(_MOMENTS, day).iter_rows():
        moments.setdefault(as_of, []).append(game_id)
    return Recorded(
        games=games,
        batches=tuple(sorted(batches, key=lambda batch: batch[2])),
        moments=tuple((as_of, tuple(game_ids)) for as_of, game_ids in moments.items()),
    )


def _batches(landing: Landing, source: str, game_date: date) -> Iterable[tuple[str, str, datetime]]:
    """Every look's usable answers as a batch again: the same answers make the same batch, and no new object."""
    records = sorted(landing.records(source, game_date), key=lambda record: record.fetched_at)
    for fetched_at, look in groupby(records, key=lambda record: record.fetched_at):
        key = land_batch(landing, source, game_date, look)
        if key is not None:
            yield source, key, fetched_at
