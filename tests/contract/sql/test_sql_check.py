"""`make sql-check` passes for the product's statements and fails for each kind of error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.sql_check.checking import statement_errors
from devtools.sql_check.google_sql import GoogleSql, GoogleSqlError
from devtools.sql_check.statements import (
    SentStatement,
    file_statement,
    generated_statements,
    sent_statements,
    slices_of,
)
from runtime import PROJECT
from tipoff.warehouse.schema import bigquery_ddl, catalogue
from tipoff.warehouse.sql_files import SQL
from tipoff.warehouse.tables import TABLES, Layer

SUMMARY = SQL / "analytics" / "team_offense_game_summary.sql"
PRODUCT = ("tipoff", "activities", "workflows", "runtime", "cli")
WITH_SQL = {
    "tipoff/warehouse/bigquery_sql.py",
    "tipoff/warehouse/check_rows.py",
    "tipoff/warehouse/duckdb_adapter.py",
    "tipoff/warehouse/generated_sql.py",
    "tipoff/warehouse/migrations.py",
    "tipoff/warehouse/partitions.py",
    "tipoff/warehouse/preflight.py",
    "tipoff/warehouse/schema.py",
}
"""Modules with SQL texts. All but those of the DuckDB adapter are sent to BigQuery, too, so the check has them."""
SQL_WORDS = r"(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP)\s"
SQL_TEXT = re.compile(rf"\s*{SQL_WORDS}+([\w*(]|$)")


@pytest.fixture(scope="module")
def google() -> GoogleSql:
    return GoogleSql(catalogue(), {})


def test_no_statement_that_the_product_sends_has_an_error(google: GoogleSql) -> None:
    assert [error for statement in sent_statements() for error in statement_errors(google, statement)] == []


@pytest.mark.parametrize(
    ("old", "new", "message", "error_text"),
    [
        ("ours.possessions,", "ours.posessions,", "Name posessions not found", "ours.posessions"),
        ("SAFE_DIVIDE(ours.points,", "DIVIDE_SAFELY(1,", "Function not found: DIVIDE_SAFELY", "DIVIDE_SAFELY"),
        ("ours.points - theirs", "ours.team - theirs", "No matching signature for operator -", "ours.team -"),
        ("minutes > 0", "minutes > 0 GROUP BY season", "neither grouped nor aggregated", "  *,"),
        ("ours.win,", "list_contains([1], 1) AS win,", "Function not found: list_contains", "list_contains"),
        ("FROM played AS ours", "FROM playd AS ours", "Table not found: playd", "FROM playd"),
        (
            "CAST(ROUND((ours.minutes - 240) / 25) AS INT64)",
            "0.5",
            "overtime_periods is FLOAT64 but declared as INT64",
            "",
        ),
        ("ours.possessions,", "", "column possessions FLOAT64 is declared but not returned", ""),
        ("ours.possessions,", "ours.possessions, 1 AS spare,", "column spare is returned but not declared", ""),
        ("ours.dreb, ours.reb,", "ours.reb, ours.dreb,", "the columns are not in their declared order", ""),
        ("ours.points,\n", "DIV(ours.points, 1) AS points,\n", "DIV loses its parentheses", ""),
        ("WITH\n", "SELECT 1; WITH\n", "more than one statement", ""),
    ],
)
def test_a_planted_error_is_found_in_its_line(
    google: GoogleSql, old: str, new: str, message: str, error_text: str
) -> None:
    statement = file_statement(SUMMARY)
    assert old in statement.sql
    sql = statement.sql.replace(old, new, 1)
    (error,) = statement_errors(google, statement._replace(sql=sql))
    line = 1 + sql[: sql.index(error_text)].count("\n")
    assert message in error
    assert error.startswith(f"tipoff/sql/analytics/team_offense_game_summary.sql:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("OPTIONS (description=", "OPTIONS (descripton=", "Unknown option: descripton"),
        ("PARTITION BY game_date", "PARTITION BY game_day", "Unrecognized name: game_day"),
        ("`points` INT64", "`points` FLOAT64", "column points is FLOAT64 but declared as INT64"),
        ("`points` INT64", "`points` BIGINTEGER", "Type not found: BIGINTEGER"),
    ],
)
def test_an_error_in_the_definition_of_a_table_is_found(google: GoogleSql, old: str, new: str, message: str) -> None:
    ddl = bigquery_ddl(TABLES["player_game_summary"], "dataset")
    (statement,) = (each for each in generated_statements() if each.sql == ddl)
    head, separator, tail = statement.sql.rpartition(old)
    assert separator
    (error,) = statement_errors(google, statement._replace(sql=f"{head}{new}{tail}"))
    assert message in error
    assert re.match(r"tipoff/warehouse/schema\.py:\d+: player_game_summary, line \d+ of its SQL: ", error)


def test_the_analyzer_accepts_an_atomic_replacement_of_a_slice(google: GoogleSql) -> None:
    merge = (
        "MERGE data_versions AS stored USING (SELECT * FROM data_versions) AS incoming ON FALSE"
        " WHEN NOT MATCHED BY SOURCE AND stored.game_date = @game_date THEN DELETE"
        " WHEN NOT MATCHED THEN INSERT ROW"
    )
    assert google.output_types(merge, {"game_date": "DATE"}) == {}
    with pytest.raises(GoogleSqlError, match="Query parameter 'game_date' not found"):
        google.output_types(merge, {})


def test_every_table_has_its_definition_and_its_slices_checked() -> None:
    stored = {table.name for table in TABLES.values() if table.layer is not Layer.VIEW}
    assert {each.title for each in generated_statements() if each.sql.startswith("CREATE TABLE")} == stored
    unread = {name for name in stored if not TABLES[name].append_only and not slices_of(TABLES[name])}
    assert unread == set()


def test_sql_texts_are_only_where_the_check_looks() -> None:
    assert {file for file in product_files() if has_sql_text(PROJECT / file)} == WITH_SQL


def product_files() -> Iterator[str]:
    for folder in PRODUCT:
        yield from (str(path.relative_to(PROJECT)) for path in sorted((PROJECT / folder).rglob("*.py")))


def has_sql_text(path: Path) -> bool:
    code = path.read_text()
    if not re.search(SQL_WORDS, code):
        return False
    texts = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return any(isinstance(text, str) and SQL_TEXT.match(text) is not None for text in texts)


def test_a_statement_names_the_place_of_its_text() -> None:
    places = {(each.file.name, each.title) for each in generated_statements()}
    assert ("generated_sql.py", "raw_rosters by game_date, team") in places
    assert all(isinstance(each, SentStatement) and each.line >= 1 for each in sent_statements())
