from __future__ import annotations

import pytest

from tipoff.errors import BadInputError
from tipoff.warehouse.schema import bigquery_ddl, duckdb_ddl, table_named
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer, Table

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@every_table
def test_a_table_has_a_game_date_and_a_key_without_nulls(table: Table) -> None:
    columns = {column.name: column for column in table.columns}
    assert len(columns) == len(table.columns)
    assert columns["game_date"].type == "DATE"
    assert set(table.cluster_by) <= set(columns)
    assert not [name for name in table.natural_key if columns[name].nullable]


@every_table
def test_every_column_is_described(table: Table) -> None:
    assert [column.name for column in table.columns if not column.description] == []


@pytest.mark.parametrize(
    "name", [name for name, table in TABLES.items() if table.layer in (Layer.VIEW, Layer.ANALYTICS, Layer.PRECOMPUTE)]
)
def test_a_computed_table_has_a_select(name: str) -> None:
    assert "SELECT" in sql_text(name)


def test_ddl_declares_the_same_columns_for_both_engines() -> None:
    table = table_named("raw_players")
    assert "player_id VARCHAR NOT NULL," in duckdb_ddl(table)
    assert "as_of TIMESTAMP WITH TIME ZONE NOT NULL\n" in duckdb_ddl(table)
    google = bigquery_ddl(table, "project.tipoff")
    assert "`player_id` STRING NOT NULL OPTIONS (description=" in google
    assert "require_partition_filter=true" in google
    assert "PARTITION BY game_date\nCLUSTER BY game_date, player_id" in google


def test_an_error_about_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BadInputError, match=r"unknown table 'raw_player'; declared tables: .*raw_players"):
        table_named("raw_player")
    with pytest.raises(BadInputError, match=r"unknown transform '../x'; known transforms: .*player_daily_cache"):
        sql_text("../x")
