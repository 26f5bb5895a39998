"""A cancellation that arrives while the heartbeat thread starts waits until it has started."""

from __future__ import annotations

import asyncio
import threading

import pytest
from temporalio import activity
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from activities.heartbeats import blocking_activity


async def test_a_cancellation_does_not_interrupt_the_start_of_the_heartbeat_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment, steps = ActivityEnvironment(), list[str]()
    real_start = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if activity.in_activity():
            environment.cancel()
            steps.append("cancelled")
            real_start(thread)
            steps.append("started")
        else:
            real_start(thread)

    @blocking_activity
    def work() -> None:
        for _ in range(1000):
            steps.append("worked")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(CancelledError):
        await asyncio.to_thread(environment.run, work)
    assert steps[:2] == ["cancelled", "started"]
