"""Publishes the exports for readers beside predictions and results: tonight, trends, players and the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from tipoff.publishing import calendar, players, tonight, trends
from tipoff.publishing.readers import Edition, ReaderExport, publish_schemas
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.vocabulary import game_date_of
from tipoff.warehouse.base import Warehouse

EXPORTS_OF_TONIGHT: Final[tuple[ReaderExport, ...]] = (
    tonight.PLAYER,
    tonight.ALL_PLAYERS,
    trends.HOT_COLD,
    trends.BOUNCE_BACK,
    trends.PLAYS,
    trends.STREAKS,
    calendar.GAME_COUNTS,
)
EXPORTS_OF_PLAYERS: Final[tuple[ReaderExport, ...]] = (players.PLAYER, players.INDEX)
READER_EXPORTS: Final = (*EXPORTS_OF_TONIGHT, *EXPORTS_OF_PLAYERS)


def publish_exports_of_tonight(
    warehouse: Warehouse,
    store: ExportStore,
    game_date: date,
    as_of: datetime,
    generated_at: datetime,
    degraded: Sequence[str] = (),
    missing_games: Sequence[str] = (),
) -> PublishResult:
    """Export tonight's players, their trends and the calendar. On another date than today nothing is written."""
    if game_date_of(as_of) != game_date:
        return PublishResult(paths=(), rows=0)
    shown = tonight.tonight_of(warehouse, game_date, as_of)
    edition = Edition(
        game_date=game_date,
        as_of=as_of,
        generated_at=generated_at,
        empty=not shown.games,
        degraded=tuple(degraded),
        missing_games=tuple(sorted({*missing_games, *shown.missing_games})),
    )
    paths = (
        *publish_schemas(store, EXPORTS_OF_TONIGHT),
        *calendar.publish_calendar(warehouse, store, edition),
        *trends.publish_trends(store, edition, shown),
        *tonight.publish_tonight(store, edition, shown),
    )
    return PublishResult(paths=paths, rows=len(shown.players))


def publish_exports_of_players(
    warehouse: Warehouse,
    store: ExportStore,
    game_date: date,
    as_of: datetime,
    generated_at: datetime,
    degraded: Sequence[str] = (),
    missing_games: Sequence[str] = (),
) -> PublishResult:
    """Export the players of a date's games and the index of the season."""
    edition = Edition(game_date, as_of, generated_at, degraded=tuple(degraded), missing_games=tuple(missing_games))
    paths = (*publish_schemas(store, EXPORTS_OF_PLAYERS), *players.publish_players(warehouse, store, edition))
    return PublishResult(paths=paths, rows=len(paths))
