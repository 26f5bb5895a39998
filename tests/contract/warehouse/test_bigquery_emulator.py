"""What the emulator of BigQuery does not do: a difference that has gone no longer belongs on the page about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import polars as pl
import pytest

from devtools.emulators.bigquery import PROJECT
from tests.support.bigquery import open_in_emulator
from tipoff.errors import BadInputError
from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse
from tipoff.warehouse.bigquery_sql import WRITE_LOCK, Statement

pytestmark = pytest.mark.cloud


def select(warehouse: BigQueryWarehouse, sql: str) -> pl.DataFrame:
    return warehouse._jobs.select(Statement(sql, {}))


def takes_any_bytes(warehouse: BigQueryWarehouse) -> None:
    warehouse._jobs._maximum_bytes = 0
    select(warehouse, "SELECT COUNT(*) AS n FROM raw_players")


def requires_no_filter(warehouse: BigQueryWarehouse) -> None:
    select(warehouse, "SELECT COUNT(*) AS n FROM raw_players")


def lists_no_sessions(warehouse: BigQueryWarehouse) -> None:
    with pytest.raises(BadInputError, match="region-us"):
        warehouse._jobs.end_abandoned_sessions()


def takes_functions_of_duckdb(warehouse: BigQueryWarehouse) -> None:
    assert select(warehouse, "SELECT list_sum([1, 2]) AS n").item() == 3


LIMITS: Final[Mapping[str, Callable[[BigQueryWarehouse], None]]] = {
    "bytes": takes_any_bytes,
    "filters": requires_no_filter,
    "sessions": lists_no_sessions,
    "functions": takes_functions_of_duckdb,
}


@pytest.mark.parametrize("limit", LIMITS)
def test_the_emulator_still_differs_from_bigquery(emulator: str, bigquery: BigQueryWarehouse, limit: str) -> None:
    with open_in_emulator(emulator, bigquery._jobs.location.dataset) as warehouse:
        LIMITS[limit](warehouse)


def test_a_missing_column_that_may_be_null_is_added(bigquery: BigQueryWarehouse) -> None:
    dataset = f"{PROJECT}.{bigquery._jobs.location.dataset}"
    bigquery._jobs.define(f"ALTER TABLE `{dataset}.raw_players` DROP COLUMN position")
    bigquery._jobs.define(f"DROP TABLE `{dataset}.{WRITE_LOCK}`")
    assert [(change.table, change.summary) for change in bigquery.schema_changes()] == [
        (WRITE_LOCK, "is missing"),
        ("raw_players", "column position STRING is missing"),
    ]
    bigquery.migrate()
    assert bigquery.schema_changes() == ()
