"""Maps the library's errors to Temporal failures: only faults that may pass in seconds are retried."""

from __future__ import annotations

from temporalio.exceptions import ApplicationError

from tipoff.errors import ProcessEndedError, StorageError, TipoffError, TransportFault
from tipoff.redaction import redact
from tipoff.vocabulary import counted

_TRANSIENT = (ProcessEndedError, StorageError, TransportFault)


def as_failure(error: TipoffError) -> ApplicationError:
    """The Temporal failure of an error, without secrets."""
    return ApplicationError(
        redact(str(error)), type=type(error).__name__, non_retryable=not isinstance(error, _TRANSIENT)
    )


def as_last_failure(error: Exception, lost_workers: int) -> ApplicationError:
    """The failure of an activity that is given up: its last error, and how often workers died during it."""
    lost = f" (workers also died {counted(lost_workers, 'time')} while it ran)" if lost_workers else ""
    return ApplicationError(redact(str(error)) + lost, type=type(error).__name__, non_retryable=True)
