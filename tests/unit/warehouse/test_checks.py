"""Each declared check refuses or reports the rows that violate it; refused rows change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.support.violations import CHECKED, FIRST, cases, valid_rows
from tipoff.errors import ChecksFailedError
from tipoff.warehouse.check_rows import checks_sql, violations
from tipoff.warehouse.checks import Check, CheckSeverity
from tipoff.warehouse.dialect import to_duckdb
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.tables import TABLES, Layer


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("checks") / "checks.duckdb")
    warehouse.migrate()
    yield warehouse
    warehouse.close()


def stored(warehouse: DuckDbWarehouse, table: str) -> pl.DataFrame:
    return warehouse.query(f"SELECT * FROM {table}").sort(table_named(table).natural_key)  # noqa: S608


def write(warehouse: DuckDbWarehouse, table: str, rows: pl.DataFrame) -> None:
    if table_named(table).append_only:
        warehouse.append(table, rows)
    else:
        warehouse.replace(table, rows, {"game_date": rows["game_date"][0]})


def test_every_computed_table_has_checks() -> None:
    computed = {name for name, table in TABLES.items() if table.layer not in (Layer.RAW, Layer.VIEW, Layer.OPERATIONS)}
    assert computed <= set(CHECKED)


def violated(table: str, rows: pl.DataFrame) -> dict[Check, pl.DataFrame]:
    """The violated checks and their rows, by a plain DuckDB."""
    with duckdb.connect() as connection:
        connection.register("incoming_rows", rows.to_arrow())
        suspects = connection.execute(to_duckdb(checks_sql(table, "incoming_rows"), {}).sql).pl()
    return dict(violations(table_named(table), suspects))


@pytest.mark.parametrize("table", CHECKED)
def test_every_check_of_a_table_finds_the_rows_that_violate_it(table: str) -> None:
    all_cases = list(cases(table))
    assert {case.check for case in all_cases} == set(table_named(table).checks)
    by_check = violated(table, pl.concat([valid_rows(table, FIRST), *(case.rows for case in all_cases)]))
    for case in all_cases:
        assert case.game_date in by_check[case.check]["game_date"].to_list(), (case.check.name, case.check.bounds)
    for check, rows in by_check.items():
        assert FIRST not in rows["game_date"].to_list(), f"valid rows violate {check.name}"


@pytest.mark.parametrize("table", CHECKED)
def test_refused_rows_change_nothing_until_they_are_repaired(warehouse: DuckDbWarehouse, table: str) -> None:
    case = next(case for case in reversed(list(cases(table))) if case.check.severity is CheckSeverity.ERROR)
    valid = valid_rows(table, case.game_date)
    write(warehouse, table, valid)
    before = {name: stored(warehouse, name) for name in CHECKED}
    with pytest.raises(ChecksFailedError) as refusal:
        write(warehouse, table, case.rows)
    text = str(refusal.value)
    assert text.startswith(f"{table}: ")
    assert f"{case.check.name} is " in text
    assert f"allowed: {case.check.bounds}, in " in text
    assert "nothing was written" in text
    for name, rows in before.items():
        assert_frame_equal(stored(warehouse, name), rows)
    write(warehouse, table, valid)


def test_a_refusal_names_the_rows_and_the_rule_in_one_sentence(warehouse: DuckDbWarehouse) -> None:
    rows = valid_rows("player_game_summary", FIRST).with_columns(
        minutes=30.0, usage_rate=pl.when(pl.int_range(pl.len()) == 3).then(1228.0).otherwise(20.0)
    )
    with pytest.raises(ChecksFailedError) as refusal:
        write(warehouse, "player_game_summary", rows)
    assert str(refusal.value) == (
        "player_game_summary: usage_rate from 10 minutes on is 1228, allowed: at most 70, in 1 of 5 rows, the first:"
        " game_id default, player_id 3 (1 more check failed); nothing was written. Correct the input, or the limit in"
        " tipoff/warehouse/tables.py, then retry the step"
    )


def test_rows_that_violate_a_check_of_severity_warn_are_written_and_reported(warehouse: DuckDbWarehouse) -> None:
    rows = valid_rows("player_game_summary", FIRST).head(4)
    for _ in range(2):  # a second attempt reports the same
        written = warehouse.replace("player_game_summary", rows, {"game_date": FIRST})
        (warning,) = written.warnings
        assert warning.rows == 4
        assert warning.text == (
            "number of players of a team in a game is 4, allowed: at least 5, in 4 of 4 rows, the first:"
            " game_id default, team default"
        )
    assert stored(warehouse, "player_game_summary").filter(game_date=FIRST).height == 4


@pytest.mark.parametrize(
    "table", ["raw_player_boxscores", "player_game_summary", "player_daily_cache", "ml_feature_store"]
)
def test_a_game_with_seven_overtimes_violates_no_check(table: str) -> None:
    longest = {"minutes": 83.0, "minutes_last_game": 83.0, "minutes_mean_5": 83.0, "minutes_last_7_days": 7 * 83.0}
    columns = {name: value for name, value in longest.items() if name in table_named(table).column_names}
    assert columns
    assert violated(table, valid_rows(table, FIRST).with_columns(**columns)) == {}


def test_a_team_without_two_of_its_starters_is_reported_and_written(warehouse: DuckDbWarehouse) -> None:
    present = valid_rows("player_game_summary", FIRST).with_columns(
        minutes=36.0,  # 180 of the team's 240 minutes, and 87.5 % of its plays
        usage_rate=pl.lit(100 * 0.875 / 0.75 / 5),
    )
    written = warehouse.replace("player_game_summary", present, {"game_date": FIRST})
    (warning,) = written.warnings
    assert warning.text.startswith(
        "usage rate of a team's players together is 116.667, allowed: at most 110, in 5 of 5 rows"
    )


def test_unknown_values_pass(warehouse: DuckDbWarehouse) -> None:
    rows = valid_rows("ml_feature_store", FIRST)
    assert rows["points_mean_5"].null_count() == rows.height
    assert not warehouse.replace("ml_feature_store", rows, {"game_date": FIRST}).warnings
