"""The hours in which only critical alerts are delivered."""

from __future__ import annotations

from datetime import datetime, time
from typing import NamedTuple

from tipoff.vocabulary import EASTERN, Severity


class QuietHours(NamedTuple):
    """A part of each day in Eastern time, which may include midnight; the same start and end: none."""

    start: time
    end: time

    def hold_back(self, severity: Severity, now: datetime) -> bool:
        """Whether an alert of this severity has to wait for the end of the quiet hours."""
        return severity is not Severity.CRITICAL and self._contain(now.astimezone(EASTERN).time())

    def _contain(self, local: time) -> bool:
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


NO_QUIET_HOURS = QuietHours(time(0), time(0))


def quiet_hours(setting: str) -> QuietHours:
    """The quiet hours of the settings: "23:00-08:00" or "off"."""
    if setting == "off":
        return NO_QUIET_HOURS
    start, end = map(time.fromisoformat, setting.split("-"))
    return QuietHours(start, end)
