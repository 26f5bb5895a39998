"""Which workers are lost, by the heartbeats that the server lists, and which past dates a model should know."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from temporalio.client import Client

from activities.observing import _Observer, lost_workers
from activities.resources import Resources
from activities.server_state import LOST_AFTER, ListedWorker
from runtime.connection import HEARTBEAT_EVERY
from tests.support.days import at
from tests.support.ended_days import ended_row
from tipoff.publishing.ended_days import publish_ended_day
from tipoff.settings import Settings
from tipoff.vocabulary import game_date_of
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


def test_a_model_should_know_the_graded_dates_of_three_weeks_except_those_since_the_last_training(
    tmp_path: Path,
) -> None:
    resources = Resources(Settings(exports=f"file://{tmp_path}"), now=lambda: NOW)
    today = game_date_of(NOW)
    for days in (7, 8, 9, 20, 21):
        graded = 0 if days == 9 else 418
        publish_ended_day(resources.exports, ended_row(game_date=today - timedelta(days=days), graded=graded), NOW)
    dates = _Observer(cast("Client", None), resources, NOW)._game_dates_to_learn()
    assert [(today - each).days for each in dates] == [20, 8]
