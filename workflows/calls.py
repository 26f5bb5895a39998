"""Calls an activity by name, under its policy."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from tipoff.vocabulary import Frozen, shortened
from workflows.contracts import Activity
from workflows.policies import POLICIES

Result = TypeVar("Result", bound=Frozen)

SUMMARY_BYTES = 200


async def call(activity: Activity, request: Frozen, result_type: type[Result], *, summary: str) -> Result:
    """An activity's result. Raises ActivityError after the last attempt, CancelledError when the run is cancelled."""
    policy = POLICIES[activity]
    try:
        result: Result = await workflow.execute_activity(
            activity.value,
            request,
            result_type=result_type,
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
    return result
