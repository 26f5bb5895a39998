"""Transforms return the rows worked out by hand, on DuckDB and on Google's reference evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devtools.sql_check.google_sql import GoogleSql
from tests.support.golden import GoldenCase, Rows, case_folders, case_id, read_case
from tests.support.season import between
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.schema import PARAMETERS, catalogue
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer

pytestmark = pytest.mark.usefixtures("unchecked")

VIEWS = tuple(name for name, table in TABLES.items() if table.layer is Layer.VIEW)

every_case = pytest.mark.parametrize("folder", case_folders(), ids=case_id)


@pytest.fixture(scope="module")
def google() -> GoogleSql:
    return GoogleSql(catalogue(), PARAMETERS)


@every_case
def test_duckdb_returns_the_expected_rows(folder: Path, tmp_path: Path) -> None:
    case = read_case(folder)
    warehouse = DuckDbWarehouse(tmp_path / "case.duckdb")
    warehouse.migrate()
    for table, frame in case.inputs.items():
        if TABLES[table].append_only:
            warehouse.append(table, frame)
        else:
            warehouse.replace(table, frame, {})
    dates = between(case.parameters["first_date"], case.parameters["last_date"])
    warehouse.transform(case.table, case.parameters, dates)
    rows = warehouse.query(f"SELECT * FROM {case.table}").to_dicts()  # noqa: S608 - a declared name
    warehouse.close()
    require_equal(case, rows)


@every_case
def test_googles_evaluator_returns_the_expected_rows(google: GoogleSql, folder: Path) -> None:
    case = read_case(folder)
    rows = {table: frame.to_dicts() for table, frame in case.inputs.items()}
    for view in VIEWS:
        rows[view] = google.evaluate(sql_text(view), rows, case.parameters)
    require_equal(case, google.evaluate(sql_text(case.table), rows, case.parameters))


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
