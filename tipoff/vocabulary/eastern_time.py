"""Game dates, seasons and clock times in Eastern time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
_WEEK = 7


DAY_STARTS_AT = (5, 0)
"""Hour and minute at which the day of a game date starts."""
RESULTS_DUE_AT = (9, 0)
"""Hour and minute of the next date by which a game date is graded."""


def eastern(game_date: date, hour: int, minute: int = 0) -> datetime:
    """An Eastern wall-clock time on a date, in UTC."""
    return datetime.combine(game_date, time(hour, minute), EASTERN).astimezone(UTC)


def game_date_of(moment: datetime) -> date:
    """The Eastern date of a time. Raises ValueError when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; a game date is an Eastern date, so add the time zone")
    return moment.astimezone(EASTERN).date()


def date_named(name: str) -> date | None:
    """The date that a file, folder or run is named by, such as "2024-03-29"; None for any other name."""
    try:
        named = date.fromisoformat(name)
    except ValueError:
        return None
    return named if named.isoformat() == name else None


def day_end(game_date: date) -> datetime:
    """When the run of a date ends at the latest: 10:00 of the next day."""
    return eastern(game_date + timedelta(days=1), 10)


def season_of(game_date: date) -> str:
    """The season a date belongs to, such as "2023-24"; a season starts in July."""
    start = game_date.year if game_date.month >= 7 else game_date.year - 1
    return f"{start}-{(start + 1) % 100:02d}"


def first_day(season: str) -> date:
    """The first of July a season starts on."""
    return date(int(season[:4]), 7, 1)


def clock_time(moment: datetime, game_date: date | None = None) -> str:
    """Display form of a time: "13:30 ET" on the game date, "Sat 00:15 ET" near it, and with its date further away.

    Without a game date nobody knows which day is meant, so it has its weekday.
    """
    local = moment.astimezone(EASTERN)
    days = abs((local.date() - game_date).days) if game_date else 1
    if days >= _WEEK:
        return date_and_time(moment)
    return f"{local:%a %H:%M} ET" if days else f"{local:%H:%M} ET"


def date_and_time(moment: datetime) -> str:
    """Display form of a time of any date: "2024-03-30 00:15 ET"."""
    return f"{moment.astimezone(EASTERN):%Y-%m-%d %H:%M} ET"
