"""Heartbeats of long activities, sent beside their work: a provider may be silent for longer than a heartbeat may be.

Start-to-close ends an activity that hangs.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from temporalio import activity

from activities.errors import failures_mapped

HEARTBEAT_SECONDS = 3.0

Progress = Callable[[int, int], None]
"""Called with (requests done, requests in all)."""

P = ParamSpec("P")
R = TypeVar("R")


@asynccontextmanager
async def heartbeating() -> AsyncIterator[Progress]:
    """Run the body of an async activity with heartbeats, which carry its progress, and with mapped failures."""
    progress: tuple[int, ...] = ()

    def report_progress(done: int, total: int) -> None:
        nonlocal progress
        progress = (done, total)

    async def heartbeat() -> None:
        while True:
            activity.heartbeat(*progress)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    task = asyncio.create_task(heartbeat())
    try:
        with failures_mapped():
            yield report_progress
    finally:
        task.cancel()


def blocking_activity(work: Callable[P, R]) -> Callable[P, R]:
    """Run a blocking activity with heartbeats from a thread, and with mapped failures."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with failures_mapped(), _heartbeat_thread():
            return work(*args, **kwargs)

    return run


@contextmanager
def _heartbeat_thread() -> Iterator[None]:
    done = threading.Event()

    def heartbeat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            activity.heartbeat()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(heartbeat,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
