"""Which workers are lost, by the heartbeats that the server lists."""

from __future__ import annotations

from datetime import datetime, timedelta

from activities.observing import lost_workers
from activities.server_state import LOST_AFTER, ListedWorker
from runtime.connection import HEARTBEAT_EVERY
from tests.support.days import at
from tipoff.watchdog.observation import LostWorker

MORNING, NOW = at(5), at(12)
SILENT = NOW - LOST_AFTER
SECOND = timedelta(seconds=1)


def worker(queue: str, process: str, last_heartbeat: datetime, started_at: datetime = MORNING) -> ListedWorker:
    return ListedWorker(queue, "a", process, started_at, last_heartbeat)


def test_a_silent_process_is_lost_with_all_its_queues() -> None:
    workers = [worker("tipoff-models", "8", SILENT - SECOND), worker("tipoff-fetch", "8", SILENT)]
    (lost,) = lost_workers([*workers, worker("tipoff-fetch", "9", NOW)], NOW)
    assert lost == LostWorker(name="process 8 on a", queues=("tipoff-fetch", "tipoff-models"), last_heartbeat=SILENT)


def test_a_worker_that_was_started_again_is_not_lost() -> None:
    again = worker("tipoff-fetch", "9", NOW, started_at=NOW - 10 * SECOND)
    assert lost_workers([worker("tipoff-fetch", "8", SILENT), again], NOW) == ()


def test_a_worker_with_heartbeats_is_not_lost() -> None:
    assert lost_workers([worker("tipoff-fetch", "8", SILENT + SECOND)], NOW) == ()
    assert LOST_AFTER > 3 * HEARTBEAT_EVERY
