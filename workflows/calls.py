"""Calls an activity by name, under its policy."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ChildWorkflowError, TimeoutType, is_cancelled_exception
from temporalio.exceptions import TimeoutError as TimeoutFailure

from tipoff.vocabulary import Frozen, counted, shortened
from workflows.contracts import Activity, message_of
from workflows.policies import POLICIES

Result = TypeVar("Result", bound=Frozen)

SUMMARY_BYTES = 200


async def call(activity: Activity, request: Frozen, result_type: type[Result], *, summary: str) -> Result:
    """An activity's result. Raises ActivityError after the last attempt, CancelledError when the run is cancelled."""
    policy = POLICIES[activity]
    try:
        sent = await workflow.execute_activity(
            activity.value,
            request,
            result_type=RawValue,
            task_queue=policy.queue.value,
            start_to_close_timeout=policy.start_to_close,
            heartbeat_timeout=policy.heartbeat,
            retry_policy=policy.retry(),
            summary=shortened(summary, SUMMARY_BYTES).encode()[:SUMMARY_BYTES].decode(errors="ignore"),
        )
    except ActivityError as error:
        if is_cancelled_exception(error):  # an operator cancelled the run: no step failed
            raise asyncio.CancelledError from error
        raise
    return read_result(sent, result_type)


def read_result(sent: RawValue, result_type: type[Result]) -> Result:
    """Read an activity's result without the fields that only a later version knows.

    The newest worker runs the activities also of a run that stays on the version that it started with.
    """
    return result_type.model_validate_json(sent.payload.data, extra="ignore")


def failure_reason(error: ActivityError | ChildWorkflowError, subject: str = "") -> str:
    """Why an activity failed, in the words of its cause, without the name of its subject: a label stands before it.

    A child workflow failed because of its activity, or because it did not end in time.
    """
    cause = error.cause
    if isinstance(error, ChildWorkflowError):
        if isinstance(cause, ActivityError):
            return failure_reason(cause, subject)
        return f"the workflow {error.workflow_id} failed: {message_of(cause or error)}"
    if not isinstance(cause, TimeoutFailure):
        return message_of(cause or error).removeprefix(f"{subject}: ")
    policy = POLICIES[Activity(error.activity_type)]
    if cause.type is not TimeoutType.HEARTBEAT:
        return f"it did not end within {policy.start_to_close.total_seconds():.0f} s"
    errors = int(cause.last_heartbeat_details[0]) if cause.last_heartbeat_details else 0
    lost = policy.attempts + policy.lost_workers - errors
    return f"workers died {counted(lost, 'time')} while it ran; see their logs and their memory, then retry it"
