"""Every statement filters the tables that it reads on their partition, the game date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from polars.testing import assert_frame_equal

from devtools.sql_check.statements import sent_statements
from tests.support.league_tables import load
from tests.support.small_league import DAYS, TONIGHT, small_league
from tests.support.unchecked import implausible_rows
from tipoff.warehouse.base import DateRange, Parameters, Slice
from tipoff.warehouse.bigquery_sql import comparison
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.partitions import table_reads, unfiltered_tables, with_views
from tipoff.warehouse.sql_files import SQL
from tipoff.warehouse.tables import TABLES, Layer

VIEWS = [name for name, table in TABLES.items() if table.layer is Layer.VIEW]


def test_every_select_that_the_product_sends_filters_each_table_it_reads() -> None:
    selects = [each for each in sent_statements() if each.runs_on_duckdb or each.file.suffix == ".sql"]
    sent = [each for each in selects if not each.sql.startswith("CREATE")]
    of_tables = [each for each in sent if each.file.stem != "check_rows"]  # which reads incoming rows
    unfiltered = {statement.title or statement.file.stem: unfiltered_tables(statement.sql) for statement in of_tables}
    assert {name: tables for name, tables in unfiltered.items() if tables and name not in VIEWS} == {}
    assert len(sent) > 100


def test_rows_that_expire_are_read_by_steps_of_their_own_date_only() -> None:
    """Training and later dates read whole seasons, so what they read is kept."""
    expiring = {name for name, table in TABLES.items() if table.expires_after_days}
    texts = {path.stem: with_views(path.read_text()) for path in SQL.glob("*/*.sql") if path.stem not in VIEWS}
    reads = {(file, read.name, read.dates) for file, sql in texts.items() for read in table_reads(sql)}
    of_expiring = {read for read in reads if read[1] in expiring}
    assert {dates for _, _, dates in of_expiring} == {("@game_date", "@game_date")}
    assert {file for file, _, _ in of_expiring} == {"slate_games"}


def test_results_predictions_grades_and_operations_are_kept() -> None:
    """Data versions tell which dates of an archive were imported, and the log of executions is shown by date."""
    assert {table.layer for table in TABLES.values() if table.expires_after_days} == {Layer.RAW}


@pytest.mark.parametrize("where", [{}, {"season": "2023-24"}, {"game_date": TONIGHT}])
def test_the_comparison_before_a_write_filters_the_stored_rows(where: Slice) -> None:
    assert unfiltered_tables(comparison(TABLES["raw_schedule"], "incoming", where).sql) == []


@pytest.mark.parametrize(
    "condition",
    [
        "TRUE",
        "points > 3",
        "NOT game_date = @day",
        "game_date = @day OR points > 3",
        "game_date = (SELECT MAX(game_date) FROM raw_schedule WHERE game_date <= @day)",
        "game_date < other_date",
        "DATE_ADD(game_date, INTERVAL 1 DAY) = @day",
    ],
)
def test_a_condition_that_leaves_out_no_partition_is_no_filter(condition: str) -> None:
    assert unfiltered_tables(f"SELECT points FROM predictions WHERE {condition}") == ["predictions"]  # noqa: S608


def test_each_joined_table_needs_its_own_filter() -> None:
    joined = "SELECT a.points FROM predictions AS a {} JOIN raw_schedule AS b ON b.game_date = a.game_date {} WHERE {}"
    assert unfiltered_tables(joined.format("", "", "a.game_date = @day")) == ["raw_schedule"]
    assert unfiltered_tables(joined.format("", "", "a.game_date = @day AND b.game_date < @day")) == []
    assert unfiltered_tables(joined.format("LEFT", "AND b.game_date >= @day", "a.game_date = @day")) == []
    assert unfiltered_tables(joined.format("LEFT", "AND a.game_date >= @day", "b.game_date = @day")) == ["predictions"]


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("league") / "league.duckdb")
    warehouse.migrate()
    with implausible_rows():
        load(warehouse, small_league(0))
    yield warehouse
    warehouse.close()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("alias", ["", " AS aliased"])
@pytest.mark.parametrize(
    ("condition", "dates"),
    [
        ("game_date BETWEEN @first AND @last", DateRange(first=DAYS[3], last=DAYS[5])),
        ("game_date = @first", DateRange(first=DAYS[4], last=DAYS[4])),
        ("@first IS NOT NULL AND game_date <= @last", DateRange(first=DAYS[0], last=DAYS[2])),
        ("game_date > @first", DateRange(first=DAYS[4], last=TONIGHT)),
    ],
)
def test_a_view_filtered_inside_has_the_same_rows(
    league: DuckDbWarehouse, view: str, alias: str, condition: str, dates: DateRange
) -> None:
    sql = f"SELECT * FROM {view}{alias} WHERE {condition}"  # noqa: S608 - declared names
    parameters: dict[str, date] = {"first": dates.first, "last": dates.last}
    used: Parameters = {name: value for name, value in parameters.items() if f"@{name}" in sql}
    key = TABLES[view].natural_key
    rows = league.query(sql, used).sort(key)
    assert not rows.is_empty() or view in {"book_quotes", "consensus_lines", "daily_phase_status"}
    assert_frame_equal(league.query(with_views(sql), used).sort(key), rows)
