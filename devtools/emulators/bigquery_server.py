"""Serves local-bigquery on 127.0.0.1, with repairs without which it could not run statements that BigQuery runs.

It runs in the emulator's own environment, as a script. Each repair is a function that says why it is needed.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import duckdb
import uvicorn
from local_bigquery.engine import database, sessions
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import merge, query, runner
from local_bigquery.models import JobStatistics
from local_bigquery.settings import settings
from sqlglot import exp

_ABORT = re.compile(r"CALL BQ\.ABORT_SESSION\('(?P<session>[^']+)'\)")
_CONFLICT = re.compile(r"Failed to commit DuckLake transaction|conflict", re.IGNORECASE)


def merge_in_transactions() -> None:
    """MERGE sends BEGIN, which aborts the transaction that is open in a session of ours."""
    run = merge.run

    def run_in_session(cursor: Any, tree: Any, context: Any) -> Any:
        return run(_OpenTransaction(cursor) if context.system.get("session_id") else cursor, tree, context)

    merge.run = run_in_session


class _OpenTransaction:
    """A cursor that refuses to begin another transaction, without an effect on its own."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def execute(self, sql: str, *arguments: Any) -> Any:
        if sql == "BEGIN":
            raise duckdb.TransactionException("a transaction is open")
        return self._cursor.execute(sql, *arguments)


def abort_named_sessions() -> None:
    """Only a session without a name can be aborted, and only by itself; ours are ended by their id."""
    run_query = runner._query

    def run_or_abort(job: Any, session: Any, running: Any) -> Any:
        named = _ABORT.fullmatch(job.configuration.query.query or "")
        if not named:
            return run_query(job, session, running)
        aborted = sessions.get(named["session"])
        with aborted.lock:
            sessions.abort(aborted.id)
        return JobStatistics(query={})

    runner._query = run_or_abort


def name_conflicts() -> None:
    """A conflict of two transactions has DuckLake's text, not BigQuery's."""
    execute = query.execute

    def execute_and_name(*arguments: Any, **options: Any) -> Any:
        try:
            return execute(*arguments, **options)
        except (BigQueryError, duckdb.Error) as error:
            if not _CONFLICT.search(str(error)):
                raise
            text = f"Transaction is aborted due to concurrent update: {error}"
            raise BigQueryError("invalidQuery", text) from error

    query.execute = execute_and_name


def find_one_table_quickly() -> None:
    """To look up one table it lists all tables, several times for each statement: 50 ms instead of 1."""
    objects = database.objects

    def objects_or_one(project: str, dataset: str, table: str | None = None) -> Any:
        if table is None:
            return objects(project, dataset)
        try:
            database.fetch(f"SELECT 1 FROM {database.quote(project, dataset, table)} LIMIT 0")  # noqa: S608 - quoted
        except duckdb.Error:
            return []
        return [(table, "TABLE", 0)]

    database.objects = objects_or_one


def read_literals_quickly() -> None:
    """It runs a query for the description of each column."""
    evaluator = query._evaluator

    def evaluator_of(cursor: Any) -> Any:
        evaluate = evaluator(cursor)
        return lambda node: node.this if isinstance(node, exp.Literal) and node.is_string else evaluate(node)

    query._evaluator = evaluator_of


REPAIRS = (
    merge_in_transactions,
    abort_named_sessions,
    name_conflicts,
    find_one_table_quickly,
    read_literals_quickly,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of its files")
    parser.add_argument("--project", required=True)
    arguments = parser.parse_args()
    settings.data_dir, settings.default_project_id = arguments.data, arguments.project
    for repair in REPAIRS:
        repair()
    from local_bigquery.app import app  # built from what is repaired

    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
