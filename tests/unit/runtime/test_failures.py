"""Why a run failed: the library's sentence, neither Temporal's errors around it nor Python's below it."""

from __future__ import annotations

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from activities.errors import as_failure
from runtime.failures import failure_message
from tipoff.errors import StorageError


def test_a_failed_activity_is_explained_by_the_librarys_sentence() -> None:
    sentence = as_failure(StorageError("the model is damaged: train again"))
    sentence.__cause__ = ValueError("expected ident at line 1")
    around = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="train",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    around.__cause__ = sentence
    assert failure_message(WorkflowFailureError(cause=around)) == "the model is damaged: train again"
    assert failure_message(WorkflowFailureError(cause=ApplicationError("no such day"))) == "no such day"
