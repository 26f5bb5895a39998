"""What a finished day left: its slate, the answers landed during it, and the moments it predicted at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from tipoff.collecting import land_batch
from tipoff.errors import BadInputError
from tipoff.landing.base import Landing
from tipoff.sources.base import Source
from tipoff.vocabulary import PREDICTED, Role, SlateGame
from tipoff.warehouse.base import Parameters, Warehouse

_SLATE = """
SELECT game_id, away, home, tip_off,
FROM raw_schedule
WHERE game_date = @game_date AND status != 'postponed' AND season_type IN UNNEST(@season_types)
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
    """The traces of a date. Raises BadInputError when there are none."""
    day: Parameters = {"game_date": game_date}
    slate: Parameters = {**day, "season_types": list(PREDICTED)}
    games = tuple(SlateGame.model_validate(row) for row in warehouse.query(_SLATE, slate).iter_rows(named=True))
    batches = [batch for source in sources.values() for batch in _batches(landing, source, game_date)]
    if not games and not batches:
        raise BadInputError(
            f"nothing was recorded of {game_date}: it never ran with this warehouse and landing; "
            "start it without --rerun"
        )
    moments: dict[datetime, list[str]] = {}
    for as_of, game_id in warehouse.query(_MOMENTS, day).iter_rows():
        moments.setdefault(as_of, []).append(game_id)
    return Recorded(
        games=games,
        batches=tuple(sorted(batches, key=lambda batch: batch[2])),
        moments=tuple((as_of, tuple(game_ids)) for as_of, game_ids in moments.items()),
    )


def _batches(landing: Landing, source: Source, game_date: date) -> list[tuple[str, str, datetime]]:
    """A source's looks that brought something else than the one before; of what was followed live the last.

    The same answers make the same batch again, and no new object.
    """
    batches: list[tuple[str, str, datetime]] = []
    records = sorted(landing.records(source.name, game_date), key=lambda record: record.fetched_at)
    for fetched_at, poll in groupby(records, key=lambda record: record.fetched_at):
        key = land_batch(landing, source.name, game_date, poll)
        if key is not None and key not in {batch for _, batch, _ in batches[-1:]}:
            batches.append((source.name, key, fetched_at))
    return batches[-1:] if source.role is Role.LIVE else batches
