"""SQL files return the rows worked out by hand, on every engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devtools.sql_check.google_sql import GoogleSql
from devtools.sql_check.statements import FILE_PARAMETERS
from tests.support.golden import (
    GoldenCase,
    Rows,
    case_folders,
    case_id,
    evaluator_rows,
    read_case,
    warehouse_rows,
    written_tables,
)
from tests.support.unchecked import implausible_rows_in_bigquery
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.schema import catalogue
from tipoff.warehouse.sql_files import SQL

if TYPE_CHECKING:
    from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse

pytestmark = pytest.mark.usefixtures("unchecked")

every_case = pytest.mark.parametrize("folder", case_folders(), ids=case_id)


@pytest.fixture(scope="module")
def google() -> GoogleSql:
    return GoogleSql(catalogue(), FILE_PARAMETERS)


@every_case
def test_duckdb_returns_the_expected_rows(google: GoogleSql, folder: Path, tmp_path: Path) -> None:
    case = read_case(folder, google)
    warehouse = DuckDbWarehouse(tmp_path / "case.duckdb")
    warehouse.migrate()
    rows = warehouse_rows(warehouse, case)
    warehouse.close()
    require_equal(case, rows)


@pytest.mark.cloud
@every_case
def test_bigquery_returns_the_expected_rows(google: GoogleSql, folder: Path, bigquery: BigQueryWarehouse) -> None:
    from tests.support.bigquery import delete_rows  # Google's client takes two seconds to import

    case = read_case(folder, google)
    try:
        with implausible_rows_in_bigquery():
            rows = warehouse_rows(bigquery, case)
    finally:
        delete_rows(bigquery, written_tables(case))
    require_equal(case, rows)


@every_case
def test_googles_evaluator_returns_the_expected_rows(google: GoogleSql, folder: Path) -> None:
    case = read_case(folder, google)
    require_equal(case, evaluator_rows(google, case))


def test_every_sql_file_has_a_case() -> None:
    assert {folder.parent.name for folder in case_folders()} == {path.stem for path in SQL.glob("*/*.sql")}


def require_equal(case: GoldenCase, rows: Rows) -> None:
    computed = case.selected(rows)
    assert len(computed) == len(case.expected), computed
    for row, expected in zip(computed, case.expected, strict=True):
        assert row == approximated(expected)


def approximated(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with numbers equal to six digits."""
    return {
        name: pytest.approx(value, rel=1e-6, abs=1e-6) if isinstance(value, float) else value
        for name, value in row.items()
    }
