"""Calling an activity by its name, under its policy."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from tipoff.vocabulary import Frozen
from workflows.contracts import Activity
from workflows.policies import POLICIES

Answer = TypeVar("Answer", bound=Frozen)

SUMMARY_BYTES = 200


async def call(activity: Activity, request: Frozen, answer: type[Answer], *, summary: str) -> Answer:
    """The activity's answer. Raises ActivityError once its tries are spent, CancelledError with a cancelled run."""
    policy = POLICIES[activity]
    try:
        result: Answer = await workflow.execute_activity(
            activity.value,
            request,
            result_type=answer,
            task_queue=policy.queue.value,
            start_to_close_timeout=policy.start_to_close,
            heartbeat_timeout=policy.heartbeat,
            retry_policy=policy.retry(),
            summary=summary.encode()[:SUMMARY_BYTES].decode(errors="ignore"),
        )
    except ActivityError as error:
        if is_cancelled_exception(error):  # a person ended the run: no step failed
            raise asyncio.CancelledError from error
        raise
    return result
