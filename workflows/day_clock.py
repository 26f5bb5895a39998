"""The day's time: real, or virtual for a replay.

Virtual time stands still while any activity of the day runs and otherwise goes from one due moment to the next, so
that a replay takes the same decisions on a slow machine and on a fast one, and computing costs no virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from temporalio import workflow

from tipoff.vocabulary import clock_time
from workflows.contracts import ClockSpec

# Timers come up to a second late on the server: a pace is slept in few timers, never in many short ones.
SHORTEST_SLEEP = timedelta(seconds=1)


class DayClock:
    """Tells the time of a day and waits by it. Lives inside the workflow; deterministic."""

    def __init__(self, spec: ClockSpec) -> None:
        self._virtual_now = spec.starts_at
        self._seconds_per_hour = spec.seconds_per_hour
        self._owed = timedelta()
        self._held = False
        self._alarm: tuple[datetime, asyncio.Task[None]] | None = None
        self._rung = datetime.min.replace(tzinfo=UTC)

    @property
    def virtual(self) -> bool:
        return self._virtual_now is not None

    @property
    def held(self) -> bool:
        return self._held

    def now(self) -> datetime:
        # An alarm that rang is believed: once the time told with it was still that of the task before, and replayed
        # with the right time the day decided otherwise.
        return self._virtual_now or max(workflow.now(), self._rung)

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
        """Return when there is something to decide: a task ended, a message came, or `until` is there.

        In virtual time all tasks end first: decisions must not depend on the order activities finish in.
        """
        if not self.virtual:
            await self._wait_really(until, lambda: woken() or any(task.done() for task in running))
        elif running:
            await workflow.wait_condition(lambda: all(task.done() for task in running))
        elif self._held or until is None:
            await workflow.wait_condition(lambda: woken() or not (self._held or until is None))
        else:
            await self._go_to(until, woken)

    async def _wait_really(self, until: datetime | None, ready: Callable[[], bool]) -> None:
        if until is None:
            await workflow.wait_condition(ready)
            return
        alarm = self._alarm_at(until)
        await workflow.wait_condition(lambda: ready() or alarm.done())

    def _alarm_at(self, moment: datetime) -> asyncio.Task[None]:
        """The running timer for a moment: one that is set anew at each decision would double a day's history."""
        if self._alarm is not None and self._alarm[0] == moment and not self._alarm[1].done():
            return self._alarm[1]
        if self._alarm is not None:
            self._alarm[1].cancel()
        self._alarm = moment, asyncio.create_task(self._ring_at(moment))
        return self._alarm[1]

    async def _ring_at(self, moment: datetime) -> None:
        left = moment - workflow.now()
        if left > timedelta():
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: False, timeout=left, timeout_summary=f"until {clock_time(moment)}"
                )
        self._rung = moment

    async def _go_to(self, moment: datetime, woken: Callable[[], bool]) -> None:
        """Let virtual time pass up to `moment`, at the pace; a message on the way is heard before it passes."""
        now = self.now()
        if moment <= now:
            return
        owed = self._owed + (moment - now) / timedelta(hours=1) * timedelta(seconds=self._seconds_per_hour)
        if owed >= SHORTEST_SLEEP:
            try:
                await workflow.wait_condition(woken, timeout=owed, timeout_summary=f"pace to {clock_time(moment)}")
                return
            except TimeoutError:
                owed = timedelta()
        if not woken():
            self._owed = owed
            self._virtual_now = moment
