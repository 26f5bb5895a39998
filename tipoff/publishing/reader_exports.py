"""Publishes the exports for readers beside predictions and results: tonight, trends, players and the calendar."""

from __future__ import annotations

from tipoff.publishing.calendar import publish_calendar
from tipoff.publishing.envelope import Edition
from tipoff.publishing.players import publish_players
from tipoff.publishing.status import PublishResult
from tipoff.publishing.store import ExportStore
from tipoff.publishing.tonight import publish_tonight, tonight_of
from tipoff.publishing.trends import publish_trends
from tipoff.warehouse.base import Warehouse


def publish_exports_of_tonight(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the calendar, and tonight's players and their trends; on another date than today the calendar alone."""
    calendar = publish_calendar(warehouse, store, edition)
    if not edition.is_of_today:
        return PublishResult(paths=calendar, rows=0)
    shown = tonight_of(warehouse, edition.game_date, edition.as_of)
    envelope = edition.envelope(shown.completeness)
    paths = (
        *calendar,
        *publish_trends(store, envelope, shown),
        *publish_tonight(store, envelope, shown),
    )
    return PublishResult(paths=paths, rows=len(shown.players))


def publish_exports_of_players(warehouse: Warehouse, store: ExportStore, edition: Edition) -> PublishResult:
    """Export the players of a date's games and the index of the season."""
    paths = publish_players(warehouse, store, edition)
    return PublishResult(paths=paths, rows=len(paths))
