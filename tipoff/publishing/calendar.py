"""Exports the calendar of a season: the number of games of each date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from tipoff.publishing.envelope import Edition
from tipoff.publishing.export import Export
from tipoff.publishing.store import ExportStore
from tipoff.publishing.writing import write_export
from tipoff.vocabulary import PREDICTED, Frozen, first_day, season_of
from tipoff.warehouse.base import Parameters, Warehouse
from tipoff.warehouse.sql_files import sql_text

_YEAR: Final = timedelta(days=365)


class GameCount(Frozen):
    """The games of a date."""

    game_date: date
    games: int
    """Postponed ones are left out."""
    final: int
    """How many of them are over."""


class CalendarPayload(Frozen):
    """The dates of a season with games."""

    season: str
    """Such as 2023-24."""
    dates: tuple[GameCount, ...]


GAME_COUNTS: Final = Export(
    "calendar-game-counts",
    "v1/calendar/game-counts.json",
    "The number of games of each date of the season, as the schedule has it.",
    "with the predictions",
    CalendarPayload,
    reads=("game_counts",),
)


def publish_calendar(warehouse: Warehouse, store: ExportStore, edition: Edition) -> tuple[str, ...]:
    """Export the calendar of the season of a date; return the paths."""
    season = season_of(edition.game_date)
    parameters: Parameters = {
        "first_date": first_day(season),
        "last_date": first_day(season) + _YEAR,
        "season": season,
        "season_types": list(PREDICTED),
    }
    counts = warehouse.query(sql_text("game_counts"), parameters)
    dates = tuple(GameCount.model_validate(row) for row in counts.to_dicts())
    payload = CalendarPayload(season=season, dates=dates)
    return write_export(store, GAME_COUNTS, edition.envelope_of_season(), payload)
