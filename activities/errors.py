"""From the library's errors to Temporal's: which are worth another try, and which need a person."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from tipoff.errors import StorageError, TipoffError, TransportFault
from tipoff.redaction import redact

_PASSES_BY_ITSELF = (TransportFault, StorageError)
BEAT_SECONDS = 3.0

P = ParamSpec("P")
R = TypeVar("R")


def as_failure(error: TipoffError) -> ApplicationError:
    """The failure to raise from an error; only faults that may pass in seconds are retried."""
    return ApplicationError(
        redact(str(error)),
        type=type(error).__name__,
        non_retryable=not isinstance(error, _PASSES_BY_ITSELF),
    )


@contextmanager
def failures_mapped() -> Iterator[None]:
    """Raise the library's errors as Temporal failures."""
    try:
        yield
    except TipoffError as error:
        raise as_failure(error) from error


def tried_before() -> bool:
    """Whether an earlier try may have written and died before it could say so: then what it wrote is still news."""
    return activity.info().attempt > 1


@contextmanager
def beating() -> Iterator[None]:
    """Heartbeat from the side while blocking work goes on; a hang is ended by start-to-close."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            activity.heartbeat()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(beat,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@asynccontextmanager
async def awaiting() -> AsyncIterator[Callable[[int, int], None]]:
    """An activity that awaits others: heartbeats with the progress last told, and the library's errors mapped.

    It beats beside the work: a provider may be silent for longer than a heartbeat may be.
    """
    progress: tuple[int, ...] = ()

    def tell(done: int, of: int) -> None:
        nonlocal progress
        progress = (done, of)

    async def beat() -> None:
        while True:
            activity.heartbeat(*progress)
            await asyncio.sleep(BEAT_SECONDS)

    heart = asyncio.create_task(beat())
    try:
        with failures_mapped():
            yield tell
    finally:
        heart.cancel()


def blocking(work: Callable[P, R]) -> Callable[P, R]:
    """A blocking activity: heartbeats, and the library's errors mapped."""

    @wraps(work)
    def carried_out(*args: P.args, **kwargs: P.kwargs) -> R:
        with failures_mapped(), beating():
            return work(*args, **kwargs)

    return carried_out
