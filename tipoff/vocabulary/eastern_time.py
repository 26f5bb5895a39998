"""Game dates, seasons and clock times in Eastern time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")


def eastern(game_date: date, hour: int, minute: int = 0) -> datetime:
    """An Eastern wall-clock time on a date, in UTC."""
    return datetime.combine(game_date, time(hour, minute), EASTERN).astimezone(UTC)


def game_date_of(moment: datetime) -> date:
    """The Eastern date of a time. Raises ValueError when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; a game date is an Eastern date, so add the time zone")
    return moment.astimezone(EASTERN).date()


def season_of(game_date: date) -> str:
    """The season a date belongs to, such as "2023-24"; a season starts in July."""
    start = game_date.year if game_date.month >= 7 else game_date.year - 1
    return f"{start}-{(start + 1) % 100:02d}"


def first_day(season: str) -> date:
    """The first of July a season starts on."""
    return date(int(season[:4]), 7, 1)


def clock_time(moment: datetime, game_date: date | None = None) -> str:
    """Display form of a time: "13:30 ET", with the weekday when it is not on `game_date`."""
    local = moment.astimezone(EASTERN)
    other_day = game_date is not None and local.date() != game_date
    return f"{local:%a %H:%M} ET" if other_day else f"{local:%H:%M} ET"
