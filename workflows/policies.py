"""Named timeouts, retries and heartbeats, one policy per class of work."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

from tipoff.vocabulary import Frozen
from workflows.contracts import LOST_WORKERS, Activity, Queue


class Policy(Frozen):
    """How an activity is scheduled: its queue, timeouts and attempts."""

    queue: Queue
    start_to_close: timedelta
    heartbeat: timedelta
    """A worker that is silent for so long counts as lost, and another one runs the activity."""
    attempts: int
    """For its own errors; an activity whose worker is lost has LOST_WORKERS more."""
    first_retry: timedelta = timedelta(seconds=1)

    def retry(self) -> RetryPolicy:
        """Temporal's retry policy, for faults that pass in seconds; permanent ones are raised as non-retryable."""
        return RetryPolicy(
            initial_interval=self.first_retry,
            backoff_coefficient=2.0,
            maximum_interval=timedelta(seconds=30),
            maximum_attempts=self.attempts + LOST_WORKERS,
        )


# A dead worker is detected by the heartbeat, not by start-to-close: 30 roster requests may take minutes. Long work may
# keep a process busy, so that its heartbeats come late; short work should continue soon after a restart.
_LONG = timedelta(seconds=5)
_SHORT = timedelta(seconds=2)
_SOON = timedelta(seconds=0.5)

_FETCH = Policy(
    queue=Queue.FETCH,
    start_to_close=timedelta(minutes=10),
    heartbeat=_LONG,
    attempts=4,
)
_READ = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(minutes=5),
    heartbeat=_LONG,
    attempts=3,
)
_COMPUTE = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(minutes=5),
    heartbeat=_SHORT,
    attempts=3,
    first_retry=_SOON,
)
# Half an hour of polls, and processing the last of them.
_FOLLOW = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(minutes=45),
    heartbeat=_LONG,
    attempts=3,
)
_PREDICT = Policy(
    queue=Queue.MODELS,
    start_to_close=timedelta(minutes=10),
    heartbeat=_SHORT,
    attempts=3,
    first_retry=_SOON,
)
_TRAIN = Policy(
    queue=Queue.MODELS,
    start_to_close=timedelta(minutes=10),
    heartbeat=_LONG,
    attempts=3,
)
_STATUS = Policy(
    queue=Queue.WAREHOUSE,
    start_to_close=timedelta(seconds=25),
    heartbeat=_SHORT,
    attempts=5,
    first_retry=_SOON,
)
_ASK = Policy(
    queue=Queue.FETCH,
    start_to_close=timedelta(seconds=10),
    heartbeat=_SHORT,
    attempts=2,
)
_DAY = Policy(
    queue=Queue.DAY,
    start_to_close=timedelta(seconds=25),
    heartbeat=_SHORT,
    attempts=3,
    first_retry=_SOON,
)

POLICIES: dict[Activity, Policy] = {
    Activity.PLAN_DAY: _DAY,
    Activity.COLLECT: _FETCH,
    Activity.PROCESS: _READ,
    Activity.FOLLOW: _FOLLOW,
    Activity.TRANSFORM: _COMPUTE,
    Activity.BUILD_FEATURES: _COMPUTE,
    Activity.PREDICT: _PREDICT,
    Activity.STORE_PREDICTIONS: _COMPUTE,
    Activity.GRADE: _COMPUTE,
    Activity.EXPORT: _COMPUTE,
    Activity.PUBLISH_STATUS: _STATUS,
    Activity.DELIVER_ACTION: _DAY,
    Activity.RECORDED_DAY: _COMPUTE,
    Activity.TRAINING_HISTORY: _READ,
    Activity.TRAIN: _TRAIN,
    Activity.DESCRIBE_SETTINGS: _ASK,
}
