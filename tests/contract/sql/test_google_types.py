"""Google's analyzer accepts every SQL file of the project against the declared tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gsql import GoogleSql, GoogleSqlError
from tipoff.warehouse.dialect import incompatibilities
from tipoff.warehouse.schema import PARAMETERS, catalogue
from tipoff.warehouse.sql_files import SQL
from tipoff.warehouse.tables import TABLES

FILES = sorted(SQL.glob("*/*.sql"))
OTHER_PARAMETERS = {"seasons": "ARRAY<STRING>", "season_types": "ARRAY<STRING>", "before": "DATE", "game_date": "DATE"}


def file_stem(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def google() -> GoogleSql:
    return GoogleSql(catalogue(), {**PARAMETERS, **OTHER_PARAMETERS})


@pytest.mark.parametrize("path", [path for path in FILES if path.stem in TABLES], ids=file_stem)
def test_a_transform_returns_exactly_the_columns_of_its_table(google: GoogleSql, path: Path) -> None:
    declared = {column.name: column.type for column in TABLES[path.stem].columns}
    assert google.output_types(path.read_text()) == declared


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in TABLES], ids=file_stem)
def test_a_query_is_valid_in_bigquery(google: GoogleSql, path: Path) -> None:
    assert google.output_types(path.read_text())


@pytest.mark.parametrize("path", FILES, ids=file_stem)
def test_no_sql_file_uses_an_incompatible_construct(path: Path) -> None:
    assert incompatibilities(path.read_text()) == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nobody FROM raw_players", "Unrecognized name: nobody"),
        ("SELECT points + player_id FROM raw_player_boxscores", "No matching signature"),
        ("SELECT team, COUNT(*) FROM raw_players", "neither grouped nor aggregated"),
        ("SELECT list_avg(fga) FROM raw_player_boxscores", "Function not found: list_avg"),
    ],
)
def test_the_analyzer_rejects_what_bigquery_rejects(google: GoogleSql, sql: str, message: str) -> None:
    with pytest.raises(GoogleSqlError, match=message):
        google.output_types(sql)
