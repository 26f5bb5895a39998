"""Named timeouts, retries and heartbeats, one policy per class of work."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

from tipoff.vocabulary import Frozen
from workflows.contracts import LOST_WORKERS, Activity, Queue, lost_workers_of


class Policy(Frozen):
    """How an activity is scheduled: its queue, timeouts and attempts."""

    queue: Queue
    start_to_close: timedelta
    heartbeat: timedelta
    """A worker that is silent for so long counts as lost, and another one runs the activity."""
    attempts: int
    """For its own errors."""
    lost_workers: int = LOST_WORKERS
    """Further attempts, each after a lost worker."""
    first_retry: timedelta = timedelta(seconds=1)

    def retry(self) -> RetryPolicy:
        """Temporal's retry policy, for faults that pass in seconds; permanent ones are raised as non-retryable."""
        return RetryPolicy(
            initial_interval=self.first_retry,
            backoff_coefficient=2.0,
            maximum_interval=timedelta(seconds=30),
            maximum_attempts=self.attempts + self.lost_workers,
        )


# A dead worker is detected by the heartbeat, not by start-to-close: 30 roster requests may take minutes.


def _long(queue: Queue, start_to_close: timedelta, attempts: int = 3) -> Policy:
    """Work that may keep a process busy, so that its heartbeats come late."""
    return Policy(queue=queue, start_to_close=start_to_close, heartbeat=timedelta(seconds=5), attempts=attempts)


def _short(queue: Queue, start_to_close: timedelta, attempts: int = 3, lost_workers: int = LOST_WORKERS) -> Policy:
    """Work that should continue soon after a worker or an attempt is lost."""
    return Policy(
        queue=queue,
        start_to_close=start_to_close,
        heartbeat=timedelta(seconds=2),
        attempts=attempts,
        lost_workers=lost_workers,
        first_retry=timedelta(seconds=0.5),
    )


_FETCH = _long(Queue.FETCH, timedelta(minutes=10), attempts=4)
_READ = _long(Queue.WAREHOUSE, timedelta(minutes=5))
_COMPUTE = _short(Queue.WAREHOUSE, timedelta(minutes=5))
# What fails together is called alone, with attempts of its own.
_COLLECT_TOGETHER = _long(Queue.FETCH, timedelta(minutes=10), attempts=2)
_PROCESS_TOGETHER = _long(Queue.WAREHOUSE, timedelta(minutes=10), attempts=2)
_COMPUTE_IN_TURN = _short(Queue.WAREHOUSE, timedelta(minutes=10), attempts=2)
# A poll of nine requests; in a replay all polls until something else is due.
_FOLLOW = _long(Queue.WAREHOUSE, timedelta(minutes=10))
_PREDICT = _short(Queue.MODELS, timedelta(minutes=10), lost_workers=lost_workers_of(Activity.PREDICT))
_PREDICT_TOGETHER = _short(
    Queue.MODELS, timedelta(minutes=5), attempts=2, lost_workers=lost_workers_of(Activity.PREDICT_TOGETHER)
)
_STORE_TOGETHER = _short(Queue.WAREHOUSE, timedelta(minutes=5), attempts=2)
_TRAINING_DUE = _short(Queue.MODELS, timedelta(seconds=30))
_TRAIN = _long(Queue.MODELS, timedelta(minutes=10))
_STATUS = _short(Queue.WAREHOUSE, timedelta(seconds=25), attempts=5)
_SETTINGS = Policy(queue=Queue.FETCH, start_to_close=timedelta(seconds=10), heartbeat=timedelta(seconds=2), attempts=2)
_DAY = _short(Queue.DAY, timedelta(seconds=25))
# A channel that does not answer costs half a minute, in which it is the only one that waits.
_ALERTS = _long(Queue.DAY, timedelta(minutes=2))
# The watchdog asks the server and every running day, one of which may not answer.
_WATCHDOG = _long(Queue.DAY, timedelta(minutes=1), attempts=2)

POLICIES: dict[Activity, Policy] = {
    Activity.PLAN_DAY: _DAY,
    Activity.COLLECT: _FETCH,
    Activity.COLLECT_TOGETHER: _COLLECT_TOGETHER,
    Activity.PROCESS: _READ,
    Activity.PROCESS_TOGETHER: _PROCESS_TOGETHER,
    Activity.FOLLOW: _FOLLOW,
    Activity.TRANSFORM: _COMPUTE,
    Activity.BUILD_FEATURES: _COMPUTE,
    Activity.PREDICT: _PREDICT,
    Activity.PREDICT_TOGETHER: _PREDICT_TOGETHER,
    Activity.STORE_PREDICTIONS: _COMPUTE,
    Activity.STORE_TOGETHER: _STORE_TOGETHER,
    Activity.GRADE: _COMPUTE,
    Activity.EXPORT: _COMPUTE,
    Activity.COMPUTE_IN_TURN: _COMPUTE_IN_TURN,
    Activity.PUBLISH_STATUS: _STATUS,
    Activity.LOG_RUN: _COMPUTE,
    Activity.DELIVER_ACTION: _DAY,
    Activity.RECORDED_DAY: _COMPUTE,
    Activity.TRAINING_HISTORY: _READ,
    Activity.TRAINING_DUE: _TRAINING_DUE,
    Activity.TRAIN: _TRAIN,
    Activity.DESCRIBE_SETTINGS: _SETTINGS,
    Activity.DELIVER_ALERTS: _ALERTS,
    Activity.MORNING_CHECK: _READ,
    Activity.VALIDATE: _COMPUTE,
    Activity.SERVICE_LEVELS: _COMPUTE,
    Activity.REMOVE_EXPIRED: _READ,
    Activity.OBSERVE: _WATCHDOG,
    Activity.REPORT_PASS: _WATCHDOG,
    Activity.PLAN_BACKFILL: _COMPUTE,
    Activity.PUBLISH_BACKFILL: _STATUS,
}
