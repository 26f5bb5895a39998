"""How well the service levels were kept."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import AwareDatetime, Field

from tipoff.vocabulary.base import Frozen

MOST_MEASURED_DATES: Final = 180
"""Dates of one report: it travels through Temporal."""


class DateServiceLevels(Frozen):
    """The service levels of one date whose run ended."""

    game_date: date
    games: int
    is_backfilled: bool
    lined_players: int
    """Players with a line whom no report ruled out an hour before tip-off."""
    predicted_in_time: int
    """Those of them who were predicted an hour before tip-off."""
    grades_complete_at: AwareDatetime | None
    """None: some predicted games have no grades."""
    grades_in_time: bool | None
    """None: nothing was due."""
    slowest_alert_minutes: float | None
    """From the beginning of a trouble to its alert; None without alerts."""
    people: tuple[str, ...] | None
    """Who gave commands to the day; None: its status cannot be read."""


class ServiceLevels(Frozen):
    """The service levels of several dates; a share is None if no date has what it counts."""

    dates: int
    predicted_share: float | None
    """Of the players with a line, those predicted an hour before tip-off."""
    graded_in_time: float | None
    """Of the dates with grades, those complete by 09:00."""
    alerted_in_time: float | None
    """Of the dates with alerts, those whose alerts came within 15 minutes."""
    days_without_people: float | None


class ServiceLevelsReport(Frozen):
    """The service levels of dates, the newest first, and of all together."""

    dates: tuple[DateServiceLevels, ...] = Field(max_length=MOST_MEASURED_DATES)
    together: ServiceLevels
