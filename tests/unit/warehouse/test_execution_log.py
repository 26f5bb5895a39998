"""A run is logged once, whatever happens while it is logged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tipoff.errors import StorageError
from tipoff.vocabulary import (
    DataQuality,
    EndedRun,
    NoResult,
    Outcome,
    Phase,
    RunState,
    StepExecution,
    StepLog,
    Trigger,
    eastern,
)
from tipoff.warehouse.base import Slice, WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.execution_log import EXECUTIONS, RUNS, log_run

DAY = date(2024, 3, 29)
NOON = eastern(DAY, 12)
URL = "https://api.the-odds-api.com/v4/events?apiKey=6d5e1fa2"


def execution(outcome: Outcome | NoResult = Outcome.OK, rows: int = 0, error: str = "") -> StepExecution:
    return StepExecution(Trigger.FIRST_RUN, NOON, NOON + timedelta(seconds=90), 1, rows, outcome, error)


def step_log(*executions: StepExecution) -> StepLog:
    return StepLog(step="odds_api_events", phase=Phase.LINES, executions=executions)


def run(run_id: str = "first", *steps: StepLog, **facts: Any) -> EndedRun:
    given = {
        "game_date": DAY,
        "run_id": run_id,
        "is_rerun": False,
        "virtual": False,
        "state": RunState.COMPLETE,
        "data_quality": DataQuality.COMPLETE,
        "backfilled": False,
        "games": 12,
        "started_at": eastern(DAY, 5),
        "ended_at": NOON,
        "sentence": "complete",
        "steps": steps or (step_log(execution(rows=12)),),
    }
    return EndedRun.model_validate(given | facts)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    opened = DuckDbWarehouse(tmp_path / "test.duckdb")
    opened.migrate()
    yield opened
    opened.close()


def rows(warehouse: DuckDbWarehouse, table: str) -> pl.DataFrame:
    return warehouse.query(f"SELECT * FROM {table}").sort("game_date", "run")  # noqa: S608 - declared names


def logged(warehouse: DuckDbWarehouse) -> dict[str, Any]:
    (row,) = rows(warehouse, EXECUTIONS).to_dicts()
    return row


def test_an_execution_is_logged_with_its_step_its_trigger_and_its_result(warehouse: DuckDbWarehouse) -> None:
    assert log_run(warehouse, run()) == 1
    assert logged(warehouse) == {
        "game_date": DAY,
        "run": 1,
        "phase": "lines",
        "step": "odds_api_events",
        "number": 1,
        "trigger": "first_run",
        "polls": 1,
        "row_count": 12,
        "outcome": "ok",
        "succeeded": True,
        "error": None,
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=90),
        "seconds": 90.0,
    }
    (ended,) = rows(warehouse, RUNS).to_dicts()
    expected = run().model_dump(exclude={"steps"}) | {"run": 1}
    assert ended == expected


def test_logging_a_run_again_changes_nothing_and_another_run_has_its_own_rows(warehouse: DuckDbWarehouse) -> None:
    log_run(warehouse, run())
    log_run(warehouse, run("of the day before", game_date=DAY - timedelta(days=1)))
    before = {table: rows(warehouse, table) for table in (RUNS, EXECUTIONS)}
    log_run(warehouse, run())
    for table, stored in before.items():
        assert_frame_equal(rows(warehouse, table), stored)
    log_run(warehouse, run("second", is_rerun=True))
    log_run(warehouse, run())
    assert rows(warehouse, RUNS).select("run", "run_id").rows() == [
        (1, "of the day before"),
        (1, "first"),
        (2, "second"),
    ]
    assert rows(warehouse, EXECUTIONS)["run"].to_list() == [1, 1, 2]


def test_a_run_whose_executions_could_not_be_written_keeps_its_number(tmp_path: Path) -> None:
    class Failing(DuckDbWarehouse):
        broken = True

        def replace(self, table: str, rows: pl.DataFrame, where: Slice) -> WriteResult:
            if self.broken and table == EXECUTIONS:
                raise StorageError("the disk is full")
            return super().replace(table, rows, where)

    warehouse = Failing(tmp_path / "test.duckdb")
    warehouse.migrate()
    with pytest.raises(StorageError):
        log_run(warehouse, run())
    warehouse.broken = False
    log_run(warehouse, run())
    assert rows(warehouse, RUNS)["run"].to_list() == rows(warehouse, EXECUTIONS)["run"].to_list() == [1]
    warehouse.close()


@pytest.mark.parametrize(
    ("outcome", "succeeded"),
    [
        (Outcome.OK, True),
        (Outcome.PARTIAL, True),
        (Outcome.EMPTY_OK, True),
        (Outcome.NOT_PUBLISHED_YET, None),
        (Outcome.BLOCKED, False),
        (Outcome.SUSPICIOUSLY_EMPTY, False),
        (NoResult.FAILED, False),
        (NoResult.CANCELLED, None),
    ],
)
def test_data_that_are_not_published_yet_are_neither_a_success_nor_a_failure(
    warehouse: DuckDbWarehouse, outcome: Outcome | NoResult, *, succeeded: bool | None
) -> None:
    log_run(warehouse, run("first", step_log(execution(outcome))))
    assert (logged(warehouse)["outcome"], logged(warehouse)["succeeded"]) == (outcome, succeeded)


def test_secrets_are_not_logged(warehouse: DuckDbWarehouse) -> None:
    failed = execution(NoResult.FAILED, error=f"{URL}: HTTP 500")
    log_run(warehouse, run("first", step_log(failed), sentence=f"failed: {URL}"))
    (ended,) = rows(warehouse, RUNS).to_dicts()
    assert "6d5e1fa2" not in f"{logged(warehouse)['error']} {ended['sentence']}"
    assert logged(warehouse)["error"].endswith("apiKey=*** HTTP 500")


def test_a_run_that_was_cancelled_before_its_first_step_is_logged(warehouse: DuckDbWarehouse) -> None:
    assert log_run(warehouse, run(state=RunState.CANCELLED).model_copy(update={"steps": ()})) == 0
    assert rows(warehouse, RUNS)["state"].to_list() == ["CANCELLED"]
