"""Why a run failed, in the words of the error that failed it."""

from __future__ import annotations

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError

from workflows.contracts import message_of


def failure_message(error: BaseException) -> str:
    """The message inside the errors of Temporal that only say which run and which activity failed."""
    cause = error.cause if isinstance(error, WorkflowFailureError | ActivityError) else None
    return message_of(error) if cause is None else failure_message(cause)
