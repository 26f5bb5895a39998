"""The day's clock, where the time it is told is not the one that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow

from workflows.contracts import ClockSpec
from workflows.day_clock import DayClock

BEFORE = datetime(2024, 3, 29, 17, 0, tzinfo=UTC)
DEADLINE = BEFORE + timedelta(minutes=15)


async def test_when_its_alarm_rang_it_is_that_time_whatever_the_server_says(monkeypatch: pytest.MonkeyPatch) -> None:
    async def rings_at_once(ready: Callable[[], bool], **limits: Any) -> None:
        if "timeout" in limits:
            raise TimeoutError
        await asyncio.sleep(0)
        assert ready()

    monkeypatch.setattr(workflow, "now", lambda: BEFORE)
    monkeypatch.setattr(workflow, "wait_condition", rings_at_once)
    clock = DayClock(ClockSpec())
    assert clock.now() == BEFORE
    await clock.wait(DEADLINE, [], lambda: False)
    assert clock.now() == DEADLINE
