"""The clock of a day: real, or virtual for a replay.

Virtual time stands while any activity of the day runs and otherwise jumps from one due time to the next, so that a
replay takes the same decisions on slow and fast machines, and computing takes no virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from temporalio import workflow

from tipoff.vocabulary import clock_time
from workflows.contracts import ClockSpec

SHORTEST_SLEEP = timedelta(seconds=1)
"""The server fires timers up to a second late, so a replay's pace is slept in few long timers, not in many short."""


class DayClock:
    """Tells the time of a day and waits by it, deterministically."""

    def __init__(self, spec: ClockSpec) -> None:
        self._virtual_now = spec.starts_at
        self._seconds_per_hour = spec.seconds_per_hour
        self._unslept = timedelta()
        self._held = False
        self._alarm: tuple[datetime, asyncio.Task[None]] | None = None
        self._latest_alarm = datetime.min.replace(tzinfo=UTC)

    @property
    def virtual(self) -> bool:
        return self._virtual_now is not None

    @property
    def is_unpaced(self) -> bool:
        """Whether time goes as fast as possible, so that nobody can watch it."""
        return self.virtual and not self._seconds_per_hour

    @property
    def held(self) -> bool:
        return self._held

    def now(self) -> datetime:
        """The day's time, never before an alarm that fired: workflow.now() may lag behind a timer outside replay."""
        return self._virtual_now or max(workflow.now(), self._latest_alarm)

    def hold(self) -> None:
        """Stop virtual time until `resume`."""
        self._held = self.virtual

    def resume(self) -> None:
        self._held = False

    async def wait(
        self,
        until: datetime | None,
        running: Sequence[asyncio.Task[None]],
        woken: Callable[[], bool],
    ) -> None:
        """Return when there is something to decide: a task is done, a command came, or it is `until`.

        In virtual time all tasks finish first, since decisions must not depend on the order in which they finish.
        """
        if not self.virtual:
            await self._wait_real(until, lambda: woken() or any(task.done() for task in running))
        elif running:
            await workflow.wait_condition(lambda: all(task.done() for task in running))
        elif self._held or until is None:
            await workflow.wait_condition(lambda: woken() or not (self._held or until is None))
        else:
            await self._advance_to(until, woken)

    async def _wait_real(self, until: datetime | None, ready: Callable[[], bool]) -> None:
        if until is None:
            await workflow.wait_condition(ready)
            return
        alarm = self._alarm_at(until)
        await workflow.wait_condition(lambda: ready() or alarm.done())

    def _alarm_at(self, time: datetime) -> asyncio.Task[None]:
        """The running timer for a time, kept across decisions: a new one for each would double a day's history."""
        if self._alarm is not None and self._alarm[0] == time and not self._alarm[1].done():
            return self._alarm[1]
        if self._alarm is not None:
            self._alarm[1].cancel()
        self._alarm = time, asyncio.create_task(self._sleep_until(time))
        return self._alarm[1]

    async def _sleep_until(self, time: datetime) -> None:
        left = time - workflow.now()
        if left > timedelta():
            await workflow.sleep(left, summary=f"until {clock_time(time)}")
        self._latest_alarm = time

    async def _advance_to(self, time: datetime, woken: Callable[[], bool]) -> None:
        """Advance virtual time at the replay's pace; a command that comes meanwhile is executed before."""
        now = self.now()
        if time <= now:
            return
        unslept = self._unslept + (time - now) / timedelta(hours=1) * timedelta(seconds=self._seconds_per_hour)
        if unslept >= SHORTEST_SLEEP:
            try:
                await workflow.wait_condition(woken, timeout=unslept, timeout_summary=f"pace to {clock_time(time)}")
                return
            except TimeoutError:
                unslept = timedelta()
        if not woken():
            self._unslept = unslept
            self._virtual_now = time
