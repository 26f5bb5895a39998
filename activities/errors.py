"""Maps the library's errors to Temporal failures: only faults that may pass in seconds are retried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from tipoff.errors import StorageError, TipoffError, TransportFault
from tipoff.redaction import redact

_TRANSIENT = (TransportFault, StorageError)


def as_failure(error: TipoffError) -> ApplicationError:
    """The Temporal failure of an error, without secrets."""
    return ApplicationError(
        redact(str(error)), type=type(error).__name__, non_retryable=not isinstance(error, _TRANSIENT)
    )


@contextmanager
def failures_mapped() -> Iterator[None]:
    """Raise the library's errors as Temporal failures."""
    try:
        yield
    except TipoffError as error:
        raise as_failure(error) from error
