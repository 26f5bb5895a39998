"""Named timeouts, retries and heartbeats, one policy per class of work."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

from tipoff.vocabulary import Frozen
from workflows.contracts import Activity, Queue


class Policy(Frozen):
    """How an activity is scheduled: its queue, timeouts and attempts."""

    queue: Queue
    start_to_close: timedelta
    heartbeat: timedelta | None
    attempts: int
    first_retry: timedelta = timedelta(seconds=1)

    def retry(self) -> RetryPolicy:
        """Temporal's retry policy, for faults that pass in seconds; permanent ones are raised as non-retryable."""
        return RetryPolicy(
            initial_interval=self.first_retry,
            backoff_coefficient=2.0,
            maximum_interval=timedelta(seconds=30),
            maximum_attempts=self.attempts,
        )


# A dead worker is detected by the heartbeat, not by start-to-close: 30 roster requests may take minutes.
_FETCH = Policy(
    queue=Queue.FETCH,
    start_to_close=timedelta(minutes=10),
    heartbeat=timedelta(seconds=10),
    attempts=4,
)
_WAREHOUSE = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(minutes=5),
    heartbeat=timedelta(seconds=10),
    attempts=3,
)
# Half an hour of polls, and processing the last of them.
_FOLLOW = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(minutes=45),
    heartbeat=timedelta(seconds=10),
    attempts=3,
)
_MODEL = Policy(
    queue=Queue.MODELS,
    start_to_close=timedelta(minutes=10),
    heartbeat=timedelta(seconds=10),
    attempts=3,
)
_SMALL = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(seconds=25),
    heartbeat=None,
    attempts=5,
)
_DELIVERY = Policy(
    queue=Queue.DAY,
    start_to_close=timedelta(seconds=25),
    heartbeat=None,
    attempts=3,
)

POLICIES: dict[Activity, Policy] = {
    Activity.PLAN_DAY: _DELIVERY,
    Activity.COLLECT: _FETCH,
    Activity.PROCESS: _WAREHOUSE,
    Activity.FOLLOW: _FOLLOW,
    Activity.TRANSFORM: _WAREHOUSE,
    Activity.BUILD_FEATURES: _WAREHOUSE,
    Activity.PREDICT: _MODEL,
    Activity.STORE_PREDICTIONS: _WAREHOUSE,
    Activity.GRADE: _WAREHOUSE,
    Activity.EXPORT: _WAREHOUSE,
    Activity.PUBLISH_STATUS: _SMALL,
    Activity.DELIVER_ACTION: _DELIVERY,
    Activity.RECORDED_DAY: _WAREHOUSE,
    Activity.TRAINING_HISTORY: _WAREHOUSE,
    Activity.TRAIN: _MODEL,
}
