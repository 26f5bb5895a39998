"""A lost worker is not the fault of an activity: it has many attempts then, but few for its own errors."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutType
from temporalio.exceptions import TimeoutError as TimeoutFailure
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.heartbeats import heartbeating
from runtime.workers import HEARTBEAT_THROTTLE
from tipoff.errors import StorageError
from workflows.calls import failure_reason
from workflows.contracts import LOST_WORKERS, Activity
from workflows.policies import POLICIES

HEARTBEAT = timedelta(seconds=1)
OWN_ATTEMPTS = 3
LOST, ERROR, HANG, DONE = "lost", "error", "hang", "done"


@workflow.defn
class Unlucky:
    """Runs the activity of these tests."""

    @workflow.run
    async def run(self, attempts: list[str]) -> int:
        number: int = await workflow.execute_activity(
            unlucky,
            attempts,
            start_to_close_timeout=timedelta(seconds=3),
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=0.05),
                backoff_coefficient=1,
                maximum_attempts=OWN_ATTEMPTS + LOST_WORKERS,
            ),
        )
        return number


@activity.defn
async def unlucky(attempts: list[str]) -> int:
    """What happens in each attempt; the number of the attempt that succeeds."""
    number = activity.info().attempt
    what = attempts[number - 1]
    if what == LOST:
        await asyncio.sleep(60)  # without a heartbeat, as if its process were killed
    async with heartbeating():
        if what == ERROR:
            raise StorageError("the disk is full")
        if what == HANG:
            await asyncio.sleep(60)
    return number


async def outcome(client: Client, attempts: Sequence[str]) -> int | str:
    """The number of the attempt that succeeded, or the reason of the failure."""
    queue = f"unlucky-{uuid.uuid4()}"
    worker = Worker(
        client,
        task_queue=queue,
        workflows=[Unlucky],
        activities=[unlucky],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_heartbeat_throttle_interval=HEARTBEAT_THROTTLE,
    )
    async with worker:
        try:
            return await client.execute_workflow(Unlucky.run, list(attempts), id=queue, task_queue=queue)
        except WorkflowFailureError as failure:
            if isinstance(failure.cause, ActivityError):
                return failure_reason(failure.cause)
            raise


async def test_an_activity_survives_more_lost_workers_than_it_has_attempts(client: Client) -> None:
    assert await outcome(client, [*([LOST] * (OWN_ATTEMPTS + 1)), DONE]) == OWN_ATTEMPTS + 2


async def test_lost_workers_do_not_use_up_the_attempts_for_errors(client: Client) -> None:
    assert await outcome(client, [ERROR, LOST, LOST, ERROR, LOST, DONE]) == 6


async def test_an_activity_is_given_up_after_its_own_errors_and_says_how_many_workers_died(client: Client) -> None:
    reason = await outcome(client, [ERROR, LOST, ERROR, LOST, ERROR, DONE])
    assert reason == "the disk is full (workers also died 2 times while it ran)"


async def test_an_attempt_that_does_not_end_in_time_is_an_error_of_its_own(client: Client) -> None:
    reason = await outcome(client, [HANG, ERROR, HANG, DONE])
    assert reason == "it failed or did not end in time in 3 attempts; see the worker's log, then retry the step"


@pytest.mark.parametrize(("details", "lost"), [((), 23), ((2, 10, 30), 21)])
def test_the_reason_of_a_given_up_activity_counts_the_lost_workers(details: tuple[int, ...], lost: int) -> None:
    assert POLICIES[Activity.PROCESS].attempts == 3
    reason = failure_reason(_timed_out(TimeoutType.HEARTBEAT, details))
    assert reason.startswith(f"workers died {lost} times while it ran")
    assert failure_reason(_timed_out(TimeoutType.START_TO_CLOSE, details)) == "it did not end within 300 s"


def test_the_reason_of_another_failure_is_that_of_its_cause() -> None:
    error = _activity_error()
    error.__cause__ = ApplicationError("the disk is full")
    assert failure_reason(error) == "the disk is full"


def _timed_out(type_: TimeoutType, details: Sequence[int]) -> ActivityError:
    error = _activity_error()
    error.__cause__ = TimeoutFailure("activity timeout", type=type_, last_heartbeat_details=details)
    return error


def _activity_error() -> ActivityError:
    return ActivityError(
        "Activity task timed out",
        scheduled_event_id=5,
        started_event_id=6,
        identity="worker",
        activity_type=Activity.PROCESS.value,
        activity_id="1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
