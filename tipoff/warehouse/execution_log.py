"""Logs a run and the executions of its steps, in one write for each table; logging it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import polars as pl

from tipoff.redaction import redact
from tipoff.vocabulary import USABLE, EndedRun, NoResult, Outcome, StepExecution
from tipoff.warehouse.base import Slice, Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES
from tipoff.warehouse.validation import schema_of

RUNS: Final = "daily_pipeline_runs"
EXECUTIONS: Final = "processor_execution_log"
_UNDECIDED: Final = frozenset({Outcome.NOT_PUBLISHED_YET, NoResult.CANCELLED})
"""Outcomes that are neither a success nor a failure."""


def log_run(warehouse: Warehouse, run: EndedRun) -> int:
    """Write a run that ended and the executions of its steps; return their number."""
    number = _number(warehouse, run)
    where: Slice = {"game_date": run.game_date, "run": number}
    facts = {**run.model_dump(exclude={"steps"}), "run": number, "sentence": redact(run.sentence)}
    warehouse.replace(RUNS, _frame(RUNS, [facts]), where)
    executions = _frame(EXECUTIONS, [{**where, **row} for row in _executions(run)])
    return warehouse.replace(EXECUTIONS, executions, where).rows


def phase_status(warehouse: Warehouse, game_date: date) -> dict[str, Any]:
    """Return the row of `daily_phase_status` of a date with a logged run."""
    return warehouse.query(*rows_of_slice(TABLES["daily_phase_status"], {"game_date": game_date})).row(0, named=True)


def _number(warehouse: Warehouse, run: EndedRun) -> int:
    """The number of a run among those of its date; the same each time it is logged."""
    logged = warehouse.query(sql_text("runs_of_date"), {"game_date": run.game_date})
    numbers: dict[str, int] = dict(logged.iter_rows())
    return numbers.get(run.run_id) or max(numbers.values(), default=0) + 1


def _executions(run: EndedRun) -> Iterator[dict[str, Any]]:
    for step in run.steps:
        for number, execution in enumerate(step.executions, start=1):
            yield {
                "step": step.step,
                "number": number,
                "phase": step.phase,
                **execution._asdict(),
                "row_count": execution.rows,
                "succeeded": _succeeded(execution),
                "error": redact(execution.error) or None,
                "seconds": (execution.ended_at - execution.started_at).total_seconds(),
            }


def _succeeded(execution: StepExecution) -> bool | None:
    return None if execution.outcome in _UNDECIDED else execution.outcome in USABLE


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema_of(TABLES[table]))
