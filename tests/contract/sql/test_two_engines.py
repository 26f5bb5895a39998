"""Google's reference evaluator and DuckDB return the same tables for the same transforms and rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from devtools.season_rows import between
from devtools.sql_check.google_sql import GoogleSql
from tests.support.league_tables import SCENARIOS, Rows, Step, load, parameters_for
from tests.support.small_league import TONIGHT, small_league
from tests.support.violations import CHECKED, FIRST, cases, valid_rows
from tipoff.warehouse.check_rows import checks_sql
from tipoff.warehouse.dialect import incompatibilities, to_bigquery
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.schema import PARAMETERS, catalogue, table_named
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer
from tipoff.warehouse.validation import schema_of

pytestmark = pytest.mark.usefixtures("unchecked")

VIEWS = tuple(name for name, table in TABLES.items() if table.layer is Layer.VIEW)


@pytest.fixture(scope="module")
def google() -> GoogleSql:
    return GoogleSql(catalogue(), PARAMETERS)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path / "small.duckdb")
    warehouse.migrate()
    yield warehouse
    warehouse.close()


def all_rows(warehouse: DuckDbWarehouse, name: str) -> list[dict[str, Any]]:
    return warehouse.query(f"SELECT * FROM {name}").to_dicts()  # noqa: S608


def framed(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema_of(table_named(name))).sort(table_named(name).natural_key)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize("steps", SCENARIOS.values(), ids=SCENARIOS)
def test_both_engines_compute_the_same_tables(
    google: GoogleSql, warehouse: DuckDbWarehouse, seed: int, steps: list[Step]
) -> None:
    rows: Rows = small_league(seed)
    load(warehouse, rows)
    for view in VIEWS:
        rows[view] = google.evaluate(to_bigquery(sql_text(view)), rows, steps[0][1])
        assert_frame_equal(framed(view, all_rows(warehouse, view)), framed(view, rows[view]))
    for name, parameters in steps:
        rows[name] = google.evaluate(to_bigquery(sql_text(name)), rows, parameters)
        slice_ = between(parameters["first_date"], parameters["last_date"])
        warehouse.transform(name, parameters, slice_)
        ours = [row for row in all_rows(warehouse, name) if row["game_date"] >= parameters["first_date"]]
        assert rows[name], f"{name} is empty, so nothing was compared"
        assert_frame_equal(framed(name, ours), framed(name, rows[name]), rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("table", CHECKED)
def test_both_engines_find_the_same_violations(google: GoogleSql, warehouse: DuckDbWarehouse, table: str) -> None:
    rows = pl.concat([valid_rows(table, FIRST), *(case.rows for case in cases(table))])
    write = warehouse.append if table_named(table).append_only else partial(warehouse.replace, where={})
    write(table, rows)
    sql = checks_sql(table, table)
    expected = google.evaluate(sql, {table: rows.to_dicts()}, parameters_for(TONIGHT, TONIGHT))
    ours = warehouse.query(sql)
    keys = list(table_named(table).natural_key)
    assert_frame_equal(ours.sort(keys), pl.DataFrame(expected, schema=ours.schema).sort(keys))


@pytest.mark.parametrize(
    "expression",
    [
        "0.1 + 0.2",
        "7 / 2",
        "SAFE_DIVIDE(1, 0)",
        "DATE_SUB(DATE '2024-03-01', INTERVAL 1 DAY)",
        "DATE_ADD(DATE '2024-03-10', INTERVAL 7 DAY)",
        "DATE_DIFF(DATE '2024-03-11', DATE '2024-03-09', DAY)",
        "TIMESTAMP '2024-03-30 01:30:00+00' < TIMESTAMP '2024-03-29 21:30:00-04:30'",
        "DATE(TIMESTAMP '2024-03-30 01:30:00+00', 'America/New_York')",
        "CAST(ROUND(2.5) AS INT64)",
        "CAST(ROUND(-0.5) AS INT64)",
        "POW(0.5, 3 / 5)",
        "LEAST(1, NULL)",
        "GREATEST(2, 3)",
        "1 NOT IN (2, NULL)",
        "NULLIF(ARRAY_TO_STRING([NULL, 'a', NULL, 'b'], ';'), '')",
        "NULLIF(ARRAY_TO_STRING([CAST(NULL AS STRING)], ';'), '')",
        "(SELECT COUNTIF(x > 5) FROM UNNEST([CAST(NULL AS INT64)]) AS x)",
        "(SELECT SUM(x) FROM UNNEST([1, 2, NULL]) AS x)",
        "(SELECT AVG(x) FROM UNNEST([1, 2, 4]) AS x)",
        "(SELECT AVG(x) FROM UNNEST([0.1, 0.2, NULL]) AS x)",
        "(SELECT STDDEV_SAMP(x) FROM UNNEST([3, 5, 10]) AS x)",
        "(SELECT STDDEV_SAMP(x) FROM UNNEST([3]) AS x)",
        "(SELECT STDDEV_SAMP(x) FROM UNNEST([7.5, 7.5, 7.5]) AS x)",
        "(SELECT STRING_AGG(DISTINCT x, ';' ORDER BY x) FROM UNNEST(['b', NULL, 'a', 'b']) AS x)",
        "(SELECT LOGICAL_AND(x) FROM UNNEST([TRUE, NULL]) AS x)",
        "(SELECT DISTINCT PERCENTILE_DISC(x, 0.5) OVER () FROM UNNEST([18.5, 17.5, NULL, 19.5, 17.0]) AS x)",
        "(SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x LIMIT 1)",
        "(SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x DESC LIMIT 1)",
    ],
)
def test_both_engines_evaluate_an_expression_to_the_same_value(
    google: GoogleSql, warehouse: DuckDbWarehouse, expression: str
) -> None:
    sql = f"SELECT {expression} AS x"
    (actual,) = warehouse.query(sql)["x"]
    for meant in (sql, to_bigquery(sql)):
        ((expected,),) = (row.values() for row in google.evaluate(meant, {}, parameters_for(TONIGHT, TONIGHT)))
        assert actual == (pytest.approx(expected, abs=1e-9) if isinstance(expected, float) else expected)
        assert type(actual) is type(expected)


NIGHT = "TIMESTAMP '2024-03-10 06:59:30.7+00'"
DECEIVING = (
    f"TIMESTAMP_DIFF({NIGHT}, TIMESTAMP '2024-03-10 05:00:31+00', HOUR)",
    f"TIMESTAMP_DIFF({NIGHT}, TIMESTAMP '2024-03-10 05:00:31+00', MINUTE)",
    f"TIMESTAMP_TRUNC({NIGHT}, WEEK)",
    f"TIMESTAMP_TRUNC({NIGHT}, HOUR)",
    f"FORMAT_TIMESTAMP('%F %H', {NIGHT}, 'America/New_York')",
    f"STRING({NIGHT}, 'America/New_York')",
    f"UNIX_SECONDS({NIGHT})",
    f"EXTRACT(MILLISECOND FROM {NIGHT})",
    f"EXTRACT(HOUR FROM {NIGHT} AT TIME ZONE 'America/New_York')",
    f"EXTRACT(DAYOFWEEK FROM {NIGHT} AT TIME ZONE 'America/New_York')",
    "EXTRACT(DAYOFWEEK FROM DATE '2024-03-10')",
    "EXTRACT(WEEK FROM DATE '2024-03-10')",
    "EXTRACT(WEEK(MONDAY) FROM DATE '2024-03-10')",
    "EXTRACT(ISOWEEK FROM DATE '2024-03-10')",
    "EXTRACT(ISOYEAR FROM DATE '2024-12-30')",
    "DATE_ADD(DATE '2024-01-31', INTERVAL 1 MONTH)",
    "DATE_SUB(DATE '2024-03-31', INTERVAL 1 MONTH)",
    "DATE_DIFF(DATE '2024-03-10', DATE '2024-03-09', WEEK)",
    "DATE_DIFF(DATE '2024-03-11', DATE '2024-03-10', WEEK(MONDAY))",
    "DATE_DIFF(DATE '2024-03-01', DATE '2024-02-29', MONTH)",
    "DATE_TRUNC(DATE '2024-03-10', WEEK)",
    "DATE_TRUNC(DATE '2024-03-10', WEEK(MONDAY))",
    "DATE_TRUNC(DATE '2024-03-10', MONTH)",
    "SUBSTR('abc', 0, 2)",
    "SUBSTRING('abc', 0, 2)",
    "'a' || CAST(NULL AS STRING)",
    "CONCAT('a', CAST(NULL AS STRING))",
    "CAST(1.0 AS STRING)",
    "CAST(10 AS STRING)",
    "CAST(2.5 AS INT64)",
    "CAST(1.23456789012 AS NUMERIC) = 1.235",
    "DIV(7 + 2, 2)",
    "MOD(-7, 2)",
    "ROUND(2.345, 2)",
    "ROUND(1234.5, -2)",
    "TO_JSON_STRING(1.0)",
    "FORMAT('%.1f', 2.25)",
    "'a_c' LIKE r'a\\_c'",
    "(SELECT SUM(x) FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x)",
    "(SELECT VARIANCE(x) FROM UNNEST([1.5, 2, 4]) AS x)",
    "(SELECT DISTINCT PERCENTILE_CONT(x, 0.5) OVER () FROM UNNEST([1, 2, 4, 5]) AS x)",
)
"""Expressions that sqlglot translates to others of DuckDB, silently, and neighbours of theirs."""


@pytest.mark.parametrize("expression", DECEIVING)
def test_a_deceiving_expression_is_rejected_or_returns_the_same_value(
    google: GoogleSql, warehouse: DuckDbWarehouse, expression: str
) -> None:
    sql = f"SELECT {expression} AS x"
    if incompatibilities(sql):
        return
    ((expected,),) = (row.values() for row in google.evaluate(sql, {}, {}))
    (actual,) = warehouse.query(sql)["x"]
    assert actual == (pytest.approx(expected, abs=1e-9) if isinstance(expected, float) else expected)
    assert type(actual) is type(expected)
