"""The kill drill: which kills it plans, and which differences it notices."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from rich.console import Console
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from devtools.drill import Recovery
from devtools.drill_worker import (
    KILLS,
    Disturbance,
    DisturbancePlan,
    DisturbingInterceptor,
    DrillFolder,
    Kind,
    as_of_in,
)
from devtools.kill_drill import all_kills, differences, print_report
from runtime import PROJECT
from tests.support.rows import rows_of
from tipoff.vocabulary import Span
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.contracts import Activity, CollectRequest, CollectRequests, Computation, Computations, ComputeRequest

DAY = date(2024, 3, 29)
EXPORT = Path("exports/v1/status/2024-03-29.json")


@pytest.fixture
def replayed(tmp_path: Path) -> Callable[..., Path]:
    """Writes what a replay leaves."""

    def write(name: str, *, line: float = 20.5, export: str = "COMPLETE", written_at: str = "12:00") -> Path:
        root = tmp_path / name
        (root / EXPORT).parent.mkdir(parents=True)
        (root / EXPORT).write_text(f'{{"generated_at":"{written_at}","state":"{export}"}}')
        warehouse = DuckDbWarehouse(root / "stored.duckdb")
        warehouse.migrate()
        warehouse.append("raw_player_props", rows_of("raw_player_props", [{"line": line}], game_date=DAY))
        warehouse.close()
        return root

    return write


def test_every_kind_of_activity_is_killed_before_and_after_its_work_and_with_the_server() -> None:
    kills = all_kills()
    outside = {  # no day runs them
        Activity.TRAINING_DUE,
        Activity.DESCRIBE_SETTINGS,
        Activity.VALIDATE,
        Activity.SERVICE_LEVELS,
        Activity.REMOVE_EXPIRED,
        Activity.DELIVER_ALERTS,
        Activity.OBSERVE,
        Activity.REPORT_PASS,
        Activity.MORNING_CHECK,
        Activity.PLAN_BACKFILL,
        Activity.PUBLISH_BACKFILL,
    }
    activities = set(Activity) - outside
    assert {kill.activity for kill in kills} == activities
    assert len(set(kills)) == len(kills) == len(activities) * len(KILLS)


def test_only_the_wall_clock_may_differ(replayed: Callable[..., Path]) -> None:
    quiet = replayed("quiet")
    assert differences(quiet, replayed("later", written_at="13:00")) == []
    assert differences(quiet, replayed("rows", line=21.5)) == ["table raw_player_props"]
    assert differences(quiet, replayed("export", export="FAILED")) == [str(EXPORT)]


def test_a_file_that_only_one_replay_has_is_a_difference(replayed: Callable[..., Path]) -> None:
    quiet, other = replayed("quiet"), replayed("other")
    (other / "exports" / "alerts.jsonl").write_text("{}\n")
    (other / "exports" / ".lock").touch()
    (other / "exports" / ".alerts.jsonl.x7y").write_text("left by a killed worker, read by nobody")
    assert differences(quiet, other) == differences(other, quiet) == ["exports/alerts.jsonl"]


def test_the_plan_and_the_log_outlive_the_worker(tmp_path: Path) -> None:
    kills = all_kills()[:2]
    plan = DisturbancePlan(
        disturbances=kills, after_file=tmp_path / "published", anytime=(Activity.PLAN_DAY,), server_pid=1
    )
    DrillFolder(tmp_path).write_plan(plan)
    DrillFolder(tmp_path).add(kills[0])
    assert DrillFolder(tmp_path).plan() == plan
    assert [done.disturbance for done in DrillFolder(tmp_path).done()] == [kills[0]]


def test_a_disturbance_waits_for_its_activity_and_its_time() -> None:
    noon = datetime(2024, 3, 29, 16, tzinfo=UTC)
    at_noon = Disturbance(kind=Kind.CUT, at=noon)
    assert [at_noon.is_due(Activity.GRADE, as_of) for as_of in (None, noon - timedelta(hours=1), noon)] == [
        False,
        False,
        True,
    ]
    assert not Disturbance(kind=Kind.CUT, activity=Activity.PLAN_DAY, at=noon).is_due(Activity.GRADE, noon)


def test_the_time_of_an_activity_is_that_of_its_first_request() -> None:
    noon = datetime(2024, 3, 29, 16, tzinfo=UTC)
    collect = CollectRequest(source="nbac_schedule", game_date=DAY, games=(), as_of=noon)
    later = collect.model_copy(update={"as_of": noon + timedelta(hours=1)})
    compute = ComputeRequest(subject="grades", span=Span.SLATE, game_date=DAY, game_ids=(), as_of=noon)
    computations = Computations(computations=(Computation(activity=Activity.GRADE, request=compute),))
    assert [as_of_in([each]) for each in (collect, CollectRequests(requests=(collect, later)), computations)] == (
        [noon] * 3
    )
    assert as_of_in([]) is None


def test_a_full_disk_has_room_again_after_its_time() -> None:
    """In a process of its own: the limit would hit the other tests."""
    program = """
import asyncio, tempfile
from devtools.drill_worker import FULL_DISK_BYTES, fill_disk

async def main():
    fill_disk(0.2)
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * FULL_DISK_BYTES)
        file.flush()
        try:
            file.write(b"x")
            file.flush()
        except OSError as error:
            print(error.strerror)
        await asyncio.sleep(0.4)
        file.flush()
        print(file.tell() - FULL_DISK_BYTES)

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["File too large", "1"]


async def test_a_kill_after_the_work_counts_when_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kill may end the worker during the work: then this one is still to be done."""
    after = Disturbance(activity=Activity.GRADE, kind=Kind.AFTER)
    folder = DrillFolder(tmp_path)
    folder.write_plan(DisturbancePlan(disturbances=(after,), after_file=tmp_path, anytime=(), server_pid=1))
    signals: list[int] = []
    monkeypatch.setattr("os.kill", lambda process, signal: signals.append(process))

    class Work(ActivityInboundInterceptor):
        async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
            assert folder.done() == []

    activities = DisturbingInterceptor(folder).intercept_activity(Work(MagicMock()))
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, activity_type=Activity.GRADE.value)
    await environment.run(activities.execute_activity, MagicMock())
    assert [each.disturbance for each in folder.done()] == [after]
    assert signals == [os.getpid()]


def test_the_report_names_the_median_the_kills_that_did_not_happen_and_the_differences() -> None:
    first, second = (
        Disturbance(activity=Activity.GRADE, kind=Kind.BEFORE),
        Disturbance(activity=Activity.TRAIN, kind=Kind.SERVER),
    )
    text = StringIO()
    print_report([first, second], [Recovery(first, 2.4)], ["table predictions"], Console(file=text, width=120))
    assert "2.4" in text.getvalue()
    assert "the day had no such activity then" in text.getvalue()
    assert "median 2.4 s, within the limit of 3 s" in text.getvalue()
    assert "different: table predictions" in text.getvalue()
