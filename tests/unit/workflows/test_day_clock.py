"""The day's clock: real time when workflow.now() lags behind a timer, and virtual time, which never goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import workflow

from workflows.contracts import ClockSpec
from workflows.day_clock import DayClock

BEFORE = datetime(2024, 3, 29, 17, 0, tzinfo=UTC)
DEADLINE = BEFORE + timedelta(minutes=15)


async def test_now_is_never_before_an_alarm_that_fired(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep_not_at_all(_: timedelta, **_summary: str) -> None:
        """Fire at once."""

    async def wait_once(ready: Callable[[], bool]) -> None:
        await asyncio.sleep(0)
        assert ready()

    monkeypatch.setattr(workflow, "now", lambda: BEFORE)
    monkeypatch.setattr(workflow, "wait_condition", wait_once)
    monkeypatch.setattr(workflow, "sleep", sleep_not_at_all)
    clock = DayClock(ClockSpec())
    assert clock.now() == BEFORE
    await clock.wait(DEADLINE, [], lambda: False)
    assert clock.now() == DEADLINE


@pytest.mark.parametrize(
    ("until", "now"),
    [(DEADLINE, DEADLINE), (BEFORE, BEFORE), (BEFORE - timedelta(minutes=15), BEFORE)],
)
async def test_virtual_time_jumps_to_what_is_due_and_never_back(until: datetime, now: datetime) -> None:
    clock = DayClock(ClockSpec(starts_at=BEFORE))
    await clock.wait(until, (), lambda: False)
    assert clock.now() == now


async def test_virtual_time_stands_when_a_command_came() -> None:
    clock = DayClock(ClockSpec(starts_at=BEFORE))
    await clock.wait(DEADLINE, (), lambda: True)
    assert clock.now() == BEFORE
