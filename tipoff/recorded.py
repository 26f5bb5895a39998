"""What a finished day recorded: its slate, its landed batches and the times at which it predicted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from itertools import groupby

import polars as pl

from tipoff.collecting import land_batch
from tipoff.landing.landing import Landing
from tipoff.sources.base import Source
from tipoff.vocabulary import PREDICTED, PredictionRun, RecordedBatch, RecordedDay, Role, SlateGame, game_date_of
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text


def recorded_day(game_date: date, sources: Mapping[str, Source], landing: Landing, warehouse: Warehouse) -> RecordedDay:
    """What a date recorded, without its degradations."""
    day: Parameters = {"game_date": game_date}
    slate: Parameters = {**day, "season_types": list(PREDICTED)}
    stored = warehouse.query(sql_text("recorded_slate"), slate)
    games = tuple(SlateGame.model_validate(row) for row in stored.iter_rows(named=True))
    batches = [batch for source in sources.values() for batch in _batches(landing, source, game_date)]
    runs = warehouse.query(sql_text("prediction_runs"), day)
    return RecordedDay(
        games=games,
        batches=tuple(sorted(batches, key=lambda batch: batch.as_of)),
        prediction_runs=_prediction_runs(runs),
        has_run=not runs.is_empty() or any(game_date_of(batch.as_of) <= game_date for batch in batches),
        backfilled=not runs.is_empty() and bool(runs["backfilled"].all()),
    )


def _prediction_runs(rows: pl.DataFrame) -> tuple[PredictionRun, ...]:
    """The runs by time; systems that predicted the same games at the same time share one."""
    games: dict[tuple[datetime, str], list[str]] = {}
    for as_of, system, game_id in rows.select("as_of", "system_id", "game_id").iter_rows():
        games.setdefault((as_of, system), []).append(game_id)
    systems: dict[tuple[datetime, tuple[str, ...]], list[str]] = {}
    for (as_of, system), game_ids in games.items():
        systems.setdefault((as_of, tuple(game_ids)), []).append(system)
    return tuple(
        PredictionRun(as_of=as_of, game_ids=game_ids, systems=tuple(names))
        for (as_of, game_ids), names in systems.items()
    )


def _batches(landing: Landing, source: Source, game_date: date) -> list[RecordedBatch]:
    """A source's batches without repetitions; of a source polled during the games the last batch alone.

    Landing the same responses again creates no new object, so that the key of the batch is the same.
    """
    batches: list[RecordedBatch] = []
    records = sorted(landing.records(source.name, game_date), key=lambda record: record.fetched_at)
    for fetched_at, poll in groupby(records, key=lambda record: record.fetched_at):
        key = land_batch(landing, source.name, game_date, poll)
        if key is not None and key not in {batch.batch_key for batch in batches[-1:]}:
            batches.append(RecordedBatch(source=source.name, batch_key=key, as_of=fetched_at))
    return batches[-1:] if source.role is Role.LIVE else batches
