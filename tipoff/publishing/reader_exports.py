"""Publishes the exports for readers beside predictions and results: tonight, trends, players and the calendar."""

from __future__ import annotations

from typing import Final

from tipoff.publishing import calendar, players, tonight, trends
from tipoff.publishing.envelope import Edition
from tipoff.publishing.readers import ReaderExport, publish_schemas
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
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


def publish_exports_of_tonight(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export tonight's players, their trends and the calendar. On another date than today nothing is written."""
    if not edition.is_of_today:
        return PublishResult(paths=(), rows=0)
    shown = tonight.tonight_of(warehouse, edition.game_date, edition.as_of)
    envelope = edition.envelope(empty=not shown.games, missing_games=shown.missing_games)
    paths = (
        *publish_schemas(store, EXPORTS_OF_TONIGHT),
        *calendar.publish_calendar(warehouse, store, envelope),
        *trends.publish_trends(store, envelope, shown),
        *tonight.publish_tonight(store, envelope, shown),
    )
    return PublishResult(paths=paths, rows=len(shown.players))


def publish_exports_of_players(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the players of a date's games and the index of the season."""
    paths = (
        *publish_schemas(store, EXPORTS_OF_PLAYERS),
        *players.publish_players(warehouse, store, edition.envelope()),
    )
    return PublishResult(paths=paths, rows=len(paths))
