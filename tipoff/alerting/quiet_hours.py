"""The hours in which only critical alerts are delivered."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from tipoff.vocabulary import EASTERN, Severity


class QuietHours(NamedTuple):
    """A part of each day in Eastern time, which may include midnight."""

    start: time
    end: time

    def hold_until(self, severity: Severity, now: datetime) -> datetime:
        """When an alert may be delivered: now, or after the quiet hours if it is not critical."""
        local = now.astimezone(EASTERN)
        if severity is Severity.CRITICAL or not self._contain(local.time()):
            return now
        ends_tomorrow = local.time() >= self.end
        end = datetime.combine(local.date() + timedelta(days=ends_tomorrow), self.end, EASTERN)
        return end.astimezone(UTC)

    def _contain(self, local: time) -> bool:
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


NO_QUIET_HOURS = QuietHours(time(0), time(0))
