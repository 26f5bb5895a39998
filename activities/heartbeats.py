"""Heartbeats of activities, sent beside their work: a provider may be silent for longer than a heartbeat may be.

A lost worker is not the activity's fault, so it has many attempts, but few for its own errors. Temporal counts both
together; the heartbeats carry the number of own errors from one attempt to the next.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError, is_cancelled_exception

from activities.errors import as_failure, as_last_failure
from activities.labels import labels_of
from tipoff.errors import TipoffError
from tipoff.vocabulary import counted
from tipoff.warehouse.job_labels import job_labels
from workflows.contracts import lost_workers_of

HEARTBEATS_PER_TIMEOUT = 4
DEFAULT_TIMEOUT = timedelta(seconds=10)
OVERDUE_SHARE = 0.9
"""Share of start-to-close after which an attempt counts as an error of its own: then the server ends it."""

Progress = Callable[[int, int], None]
"""Called with (requests done, requests in all)."""

P = ParamSpec("P")
R = TypeVar("R")


class Attempt:
    """One attempt of the current activity. Its heartbeats hold the number of own errors so far, then the progress."""

    def __init__(self) -> None:
        info = activity.info()
        self._earlier_errors = int(info.heartbeat_details[0]) if info.heartbeat_details else 0
        self._failed = False
        self._lost_workers = info.attempt - 1 - self._earlier_errors
        most = info.retry_policy.maximum_attempts if info.retry_policy else 0
        self._allowed = max(most - lost_workers_of(info.activity_type), 1) if most else None
        time_allowed = info.start_to_close_timeout or timedelta.max
        self._overdue_at = time.monotonic() + time_allowed.total_seconds() * OVERDUE_SHARE
        self._progress: tuple[int, ...] = ()
        self.interval_seconds = (info.heartbeat_timeout or DEFAULT_TIMEOUT).total_seconds() / HEARTBEATS_PER_TIMEOUT

    def report_progress(self, done: int, total: int) -> None:
        """Keep the progress for the next heartbeat."""
        self._progress = (done, total)

    def heartbeat(self) -> None:
        """Send a heartbeat."""
        activity.heartbeat(self._errors, *self._progress)

    @contextmanager
    def errors_counted(self) -> Iterator[None]:
        """Count an error and raise it as a Temporal failure, which is not retried after the last allowed attempt."""
        if self._gives_up:
            raise ApplicationError(
                f"it failed or did not end in time in {counted(self._errors, 'attempt')}; "
                "see the worker's log, then retry the step",
                non_retryable=True,
            )
        try:
            yield
        except Exception as error:
            if is_cancelled_exception(error):
                raise
            self._failed = True
            self.heartbeat()
            if self._gives_up:
                raise as_last_failure(error, self._lost_workers) from error
            if isinstance(error, TipoffError):
                raise as_failure(error) from error
            raise

    @property
    def _errors(self) -> int:
        """Own errors so far. This attempt is at most one of them, even if it fails after it was overdue."""
        return self._earlier_errors + (self._failed or time.monotonic() > self._overdue_at)

    @property
    def _gives_up(self) -> bool:
        return self._allowed is not None and self._errors >= self._allowed


@asynccontextmanager
async def heartbeating() -> AsyncIterator[Progress]:
    """Run the body of an async activity with heartbeats, which carry its progress, and with mapped failures."""
    attempt = Attempt()

    async def heartbeat() -> None:
        while True:
            attempt.heartbeat()
            await asyncio.sleep(attempt.interval_seconds)

    task = asyncio.create_task(heartbeat())
    try:
        with attempt.errors_counted():
            yield attempt.report_progress
    finally:
        task.cancel()


def blocking_activity(work: Callable[P, R]) -> Callable[P, R]:
    """Run a blocking activity with heartbeats from a thread, and with mapped failures."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        attempt = Attempt()
        labels = labels_of(args[-1]) if args else {}
        with attempt.errors_counted(), _heartbeat_thread(attempt), job_labels(**labels):
            return work(*args, **kwargs)

    return run


def _is_abandoned() -> bool:
    """Whether the worker has stopped waiting for the activity, and takes no more heartbeats."""
    return activity.is_worker_shutdown() and activity.is_cancelled()


@contextmanager
def _heartbeat_thread(attempt: Attempt) -> Iterator[None]:
    done = threading.Event()

    def heartbeat() -> None:
        while not done.wait(attempt.interval_seconds) and not _is_abandoned():
            attempt.heartbeat()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(heartbeat,), daemon=True)
    # A cancellation that arrives while the thread starts would be raised in the new thread, which then never tells
    # that it has started (CPython gives it the identity of its parent until it runs).
    with activity.shield_thread_cancel_exception():
        thread.start()
    try:
        yield
    finally:
        # One that arrives here must not leave the thread behind.
        with activity.shield_thread_cancel_exception():
            done.set()
            thread.join()
