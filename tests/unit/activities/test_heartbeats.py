"""Heartbeats of activities: what they carry, and that a cancellation does not break them."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.heartbeats import blocking_activity
from tipoff.errors import StorageError


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


def test_an_error_of_an_overdue_attempt_counts_once() -> None:
    environment, heartbeats = ActivityEnvironment(), list[tuple[int, ...]]()
    environment.info = replace(
        environment.info, start_to_close_timeout=timedelta(seconds=0.01), heartbeat_timeout=timedelta(seconds=0.01)
    )
    environment.on_heartbeat = lambda *details: heartbeats.append(details)

    @blocking_activity
    def work() -> None:
        time.sleep(0.05)
        raise StorageError("the disk is full")

    with pytest.raises(ApplicationError, match="the disk is full"):
        environment.run(work)
    assert heartbeats[-1] == (1,)
