"""Heartbeats of activities: what they carry, and that a cancellation does not break them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.heartbeats import Attempt, blocking_activity, heartbeating
from tipoff.errors import StorageError
from workflows.contracts import LOST_WORKERS, Activity, lost_workers_of


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


class RecordingEnvironment(ActivityEnvironment):
    """Records the heartbeats of an activity."""

    def __init__(self, **info: Any) -> None:
        super().__init__()
        self.heartbeats: list[tuple[Any, ...]] = []
        self.on_heartbeat = lambda *details: self.heartbeats.append(details)
        self.info = replace(self.info, **info)


def attempts(number: int) -> RetryPolicy:
    return RetryPolicy(maximum_attempts=number + LOST_WORKERS)


@blocking_activity
def failing() -> None:
    raise StorageError("the disk is full")


@pytest.mark.parametrize(
    ("earlier_errors", "attempt", "policy", "text", "is_last"),
    [
        (0, 1, attempts(3), "the disk is full", False),
        (1, 2, attempts(3), "the disk is full", False),
        (2, 3, attempts(3), "the disk is full", True),
        (2, 6, attempts(3), "the disk is full (workers also died 3 times while it ran)", True),
        (0, 1, RetryPolicy(maximum_attempts=2), "the disk is full", True),
        (9, 10, RetryPolicy(), "the disk is full", False),
        (9, 10, None, "the disk is full", False),
    ],
)
def test_only_own_errors_use_up_the_attempts(
    earlier_errors: int, attempt: int, policy: RetryPolicy | None, text: str, *, is_last: bool
) -> None:
    details = [earlier_errors, 5, 12] if earlier_errors else []
    environment = RecordingEnvironment(heartbeat_details=details, attempt=attempt, retry_policy=policy)
    with pytest.raises(ApplicationError) as failed:
        environment.run(failing)
    assert (failed.value.message, failed.value.non_retryable) == (text, is_last)
    assert environment.heartbeats == [(earlier_errors + 1,)]


@pytest.mark.parametrize(("kind", "is_last"), [(Activity.PREDICT, True), (Activity.PROCESS, False)])
def test_the_own_attempts_of_a_prediction_are_those_beside_its_few_lost_workers(
    kind: Activity, *, is_last: bool
) -> None:
    policy = RetryPolicy(maximum_attempts=3 + lost_workers_of(Activity.PREDICT))
    environment = RecordingEnvironment(activity_type=kind.value, heartbeat_details=[2], attempt=3, retry_policy=policy)
    if not is_last:
        environment.info = replace(environment.info, retry_policy=attempts(4))
    with pytest.raises(ApplicationError) as failed:
        environment.run(failing)
    assert failed.value.non_retryable == is_last


def test_a_system_that_kills_its_workers_is_given_up_before_other_work() -> None:
    assert lost_workers_of(Activity.PREDICT_TOGETHER) <= lost_workers_of(Activity.PREDICT) <= LOST_WORKERS / 4


def test_an_activity_without_attempts_left_is_not_run() -> None:
    environment, runs = RecordingEnvironment(heartbeat_details=[3], attempt=4, retry_policy=attempts(3)), list[int]()
    with pytest.raises(ApplicationError, match="it failed or did not end in time in 3 attempts") as failed:
        environment.run(blocking_activity(lambda: runs.append(1)))
    assert failed.value.non_retryable
    assert runs == []


@pytest.mark.parametrize(
    ("allowed", "errors"), [(timedelta(seconds=0.1), 1), (timedelta(hours=1), 0), (None, 0)], ids=str
)
def test_an_attempt_counts_as_an_error_shortly_before_the_server_ends_it(
    allowed: timedelta | None, errors: int
) -> None:
    environment = RecordingEnvironment(start_to_close_timeout=allowed)

    def attempt() -> None:
        beginning = Attempt()
        time.sleep(0.095)
        beginning.heartbeat()

    environment.run(attempt)
    assert environment.heartbeats == [(errors,)]


@pytest.mark.parametrize(("heartbeat_seconds", "interval"), [(8, 2), (None, 2.5)])
def test_four_heartbeats_fit_into_the_time_after_which_a_worker_counts_as_lost(
    heartbeat_seconds: int | None, interval: float
) -> None:
    silence = heartbeat_seconds and timedelta(seconds=heartbeat_seconds)
    assert RecordingEnvironment(heartbeat_timeout=silence).run(Attempt).interval_seconds == interval


def test_blocking_work_sends_heartbeats_until_it_ends_and_returns_its_result() -> None:
    environment = RecordingEnvironment(heartbeat_timeout=timedelta(seconds=0.04))

    @blocking_activity
    def work(result: str) -> str:
        until(lambda: len(environment.heartbeats) >= 2)
        return result

    threads = threading.active_count()
    assert environment.run(work, "done") == "done"
    assert set(environment.heartbeats) == {(0,)}
    assert threading.active_count() == threads


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "there were no heartbeats"
        time.sleep(0.005)


async def test_async_work_sends_its_progress_until_it_ends() -> None:
    environment = RecordingEnvironment(heartbeat_timeout=timedelta(seconds=0.04))

    async def work() -> None:
        async with heartbeating() as report_progress:
            await asyncio.sleep(0)
            assert environment.heartbeats == [(0,)]
            report_progress(5, 12)
            async with asyncio.timeout(10):
                while (0, 5, 12) not in environment.heartbeats:  # noqa: ASYNC110 - nothing else tells
                    await asyncio.sleep(0.005)

    await environment.run(work)
    sent = len(environment.heartbeats)
    await asyncio.sleep(0.05)
    assert len(environment.heartbeats) == sent < 50


async def test_a_cancellation_is_no_error_of_the_activity() -> None:
    environment = RecordingEnvironment()

    async def work() -> None:
        async with heartbeating():
            raise CancelledError("the day was cancelled")

    with pytest.raises(CancelledError):
        await environment.run(work)
    assert environment.heartbeats in ([], [(0,)])
