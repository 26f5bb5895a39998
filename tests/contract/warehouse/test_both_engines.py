"""DuckDB and BigQuery behave the same; BigQuery is a local emulator, reached by Google's own client."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.rows import rows_of
from tests.support.violations import valid_rows
from tipoff.errors import BadInputError, ChecksFailedError, TipoffError
from tipoff.warehouse.base import DateRange, Slice, Warehouse, WriteResult
from tipoff.warehouse.open import open_warehouse

FRIDAY, SATURDAY, SUNDAY = (date(2024, 3, day) for day in (29, 30, 31))
WRITTEN = ("raw_players", "raw_schedule", "raw_player_props", "predictions", "player_game_summary")
"""The tables that these tests write."""


@pytest.fixture(params=["duckdb", pytest.param("bigquery", marks=pytest.mark.cloud)])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    if request.param == "duckdb":
        warehouse = open_warehouse(f"duckdb:///{tmp_path}/tipoff.duckdb")
        yield warehouse
        warehouse.close()
        return
    from tests.support.bigquery import delete_rows  # Google's client takes two seconds to import

    yield request.getfixturevalue("bigquery")
    delete_rows(request.getfixturevalue("bigquery"), WRITTEN)


def players(day: date, *ids: str, **values: Any) -> pl.DataFrame:
    return rows_of("raw_players", ({"player_id": player} for player in ids), game_date=day, **values)


def stored(warehouse: Warehouse, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """The columns of all rows, in order; every query of BigQuery has a filter on dates."""
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE game_date >= '2024-01-01'"  # noqa: S608 - declared names
    return warehouse.query(sql).sort(columns).rows()


def stored_players(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return stored(warehouse, "raw_players", "game_date", "player_id")


def quotes(*lines: float, **values: Any) -> pl.DataFrame:
    return rows_of("raw_player_props", ({"line": line} for line in lines), game_date=FRIDAY, **values)


def test_replace_changes_one_slice_only(warehouse: Warehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1", "2"), {"game_date": FRIDAY})
    warehouse.replace("raw_players", players(SATURDAY, "1"), {"game_date": SATURDAY})
    assert warehouse.replace("raw_players", players(FRIDAY, "3"), {"game_date": FRIDAY}) == WriteResult(
        rows=1, changed=True
    )
    assert stored_players(warehouse) == [(FRIDAY, "3"), (SATURDAY, "1")]


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"game_date": FRIDAY},
        {"game_date": DateRange(first=FRIDAY, last=SUNDAY)},
        {"game_date": FRIDAY, "player_id": ["1", "2", "3"]},
        {"game_date": FRIDAY, "source": "default"},
    ],
)
def test_replacing_with_the_same_rows_in_any_order_writes_nothing(warehouse: Warehouse, where: Slice) -> None:
    rows = players(FRIDAY, "1", "2")
    assert warehouse.replace("raw_players", rows, where).changed
    assert warehouse.replace("raw_players", rows.reverse().select(reversed(rows.columns)), where) == WriteResult(
        rows=2, changed=False
    )
    assert stored_players(warehouse) == [(FRIDAY, "1"), (FRIDAY, "2")]


def test_replacing_with_no_rows_empties_the_slice(warehouse: Warehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    assert warehouse.replace("raw_players", players(FRIDAY), {"game_date": FRIDAY}) == WriteResult(rows=0, changed=True)
    assert stored_players(warehouse) == []


def test_a_row_outside_the_slice_is_rejected_and_nothing_changes(warehouse: Warehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    both = pl.concat([players(FRIDAY, "2"), players(SATURDAY, "2")])
    with pytest.raises(BadInputError, match=r"1 of 2 rows outside the slice game_date: 2024-03-29"):
        warehouse.replace("raw_players", both, {"game_date": FRIDAY})
    assert stored_players(warehouse) == [(FRIDAY, "1")]


def test_a_key_that_exists_outside_the_slice_is_rejected(warehouse: Warehouse) -> None:
    game = rows_of("raw_schedule", [{"game_id": "0022301062"}], game_date=FRIDAY)
    warehouse.replace("raw_schedule", game, {"game_date": FRIDAY})
    moved = game.with_columns(game_date=pl.lit(SATURDAY))
    with pytest.raises(BadInputError, match=r"row outside the slice .*the key"):
        warehouse.replace("raw_schedule", moved, {"game_date": SATURDAY})
    assert stored(warehouse, "raw_schedule", "game_date") == [(FRIDAY,)]


def test_append_keeps_existing_rows_and_replace_is_rejected(warehouse: Warehouse) -> None:
    first = quotes(17.5, 18.5, over_price_american=-110.0)
    assert warehouse.append("raw_player_props", first) == WriteResult(rows=2, changed=True)
    assert warehouse.append("raw_player_props", first) == WriteResult(rows=0, changed=False)
    again = quotes(18.5, 19.5, over_price_american=-120.0)
    assert warehouse.append("raw_player_props", again) == WriteResult(rows=1, changed=True)
    assert stored(warehouse, "raw_player_props", "line", "over_price_american") == [
        (17.5, -110.0),
        (18.5, -110.0),
        (19.5, -120.0),
    ]
    with pytest.raises(BadInputError, match="is append-only"):
        warehouse.replace("raw_player_props", first, {"game_date": FRIDAY})


def test_the_writes_of_a_transaction_are_stored_together_or_not_at_all(warehouse: Warehouse) -> None:
    def write() -> None:
        warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
        warehouse.append("raw_player_props", quotes(20.5))
        assert stored_players(warehouse) == [(FRIDAY, "1")], "it sees its own writes"

    def write_and_stop() -> None:
        with warehouse.transaction():
            write()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert stored_players(warehouse) == []
    with warehouse.transaction():
        write()
        with ThreadPoolExecutor(1) as other:
            assert other.submit(stored_players, warehouse).result() == [], "others do not see them yet"
    assert stored_players(warehouse) == [(FRIDAY, "1")]
    assert stored(warehouse, "raw_player_props", "line", "player_id") == [(20.5, None)]


def test_append_fills_a_null_player_id_and_keeps_one_that_is_set(warehouse: Warehouse) -> None:
    warehouse.append("raw_player_props", quotes(20.5, 21.5))
    warehouse.append("raw_player_props", quotes(22.5, player_id="1"))
    assert warehouse.append("raw_player_props", quotes(20.5, 22.5, player_id="2")) == WriteResult(rows=1, changed=True)
    assert stored(warehouse, "raw_player_props", "line", "player_id") == [(20.5, "2"), (21.5, None), (22.5, "1")]
    assert warehouse.append("raw_player_props", quotes(20.5)) == WriteResult(rows=0, changed=False)


def test_append_does_not_fill_nulls_of_other_columns(warehouse: Warehouse) -> None:
    for line in (None, 20.5):
        warehouse.append("predictions", rows_of("predictions", [{"line": line}]))
    assert stored(warehouse, "predictions", "line") == [(None,)]


def test_threads_write_and_read_concurrently(warehouse: Warehouse) -> None:
    days = [date(2024, 3, day) for day in range(1, 15)]

    def write(day: date) -> int:
        warehouse.replace("raw_players", players(day, "1", "2"), {"game_date": day})
        return warehouse.query("SELECT * FROM raw_players WHERE game_date = @day", {"day": day}).height

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, days)) == {2}
    assert len(stored_players(warehouse)) == 2 * len(days)


def test_game_ids_keep_their_zeros_and_an_empty_list_of_games_means_none(warehouse: Warehouse) -> None:
    games = rows_of("raw_schedule", ({"game_id": game} for game in ("0022301062", "0022301063")), season="2023-24")
    warehouse.replace("raw_schedule", games, {"season": "2023-24"})
    sql = (
        "SELECT game_id FROM raw_schedule WHERE game_date >= '2024-01-01'"
        " AND (ARRAY_LENGTH(@games) = 0 OR game_id IN UNNEST(@games)) ORDER BY 1"
    )
    assert warehouse.query(sql, {"games": ["0022301063"]}).rows() == [("0022301063",)]
    assert warehouse.query(sql, {"games": []}).height == 2


def test_times_are_returned_in_utc_and_sums_of_integers_as_integers(warehouse: Warehouse) -> None:
    tip_off = datetime(2024, 3, 29, 23, 30, tzinfo=UTC)
    sql = "SELECT @at AS at, SUM(n) AS total, COUNTIF(n > 5) AS many FROM UNNEST([1, 2]) AS n"
    frame = warehouse.query(sql, {"at": tip_off})
    assert frame.schema == {"at": pl.Datetime("us", "UTC"), "total": pl.Int64(), "many": pl.Int64()}
    assert frame.rows() == [(tip_off, 3, 0)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM raw_players WHERE TRUE", "must be exactly one SELECT"),
        ("SELECT 1; SELECT 2", "must be exactly one SELECT"),
        ("SELECT FROM WHERE", "not valid GoogleSQL"),
        ("SELECT nobody FROM raw_players WHERE game_date = '2024-03-29'", "nobody"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT @absent AS x", "were not given: absent"),
    ],
)
def test_an_invalid_query_is_rejected_with_a_reason(warehouse: Warehouse, sql: str, message: str) -> None:
    with pytest.raises(TipoffError, match=message):
        warehouse.query(sql)


def test_a_naive_datetime_is_rejected_as_a_parameter(warehouse: Warehouse) -> None:
    with pytest.raises(BadInputError, match="a time with its zone"):
        warehouse.query("SELECT @at AS at", {"at": datetime(2024, 3, 29)})  # noqa: DTZ001


def test_slices_are_replaced_in_any_order_of_writes(warehouse: Warehouse) -> None:
    expected: dict[date, set[str]] = {}
    for day, ids in ((FRIDAY, "12"), (SATURDAY, "1"), (FRIDAY, "23"), (FRIDAY, "23"), (SATURDAY, ""), (FRIDAY, "1")):
        written = warehouse.replace("raw_players", players(day, *ids), {"game_date": day})
        assert written == WriteResult(rows=len(ids), changed=set(ids) != expected.get(day, set()))
        expected[day] = set(ids)
    assert stored_players(warehouse) == [(FRIDAY, "1")]


def test_rows_that_violate_a_check_change_nothing(warehouse: Warehouse) -> None:
    valid = valid_rows("player_game_summary", FRIDAY)
    assert warehouse.replace("player_game_summary", valid, {"game_date": FRIDAY}).rows == valid.height
    before = stored(warehouse, "player_game_summary", "player_id", "usage_rate")
    impossible = valid.with_columns(minutes=30.0, usage_rate=pl.lit(1228.0))
    with pytest.raises(ChecksFailedError, match=r"usage_rate .* is 1228, allowed: .*nothing was written"):
        warehouse.replace("player_game_summary", impossible, {"game_date": FRIDAY})
    assert stored(warehouse, "player_game_summary", "player_id", "usage_rate") == before


def test_migrating_again_keeps_the_rows(warehouse: Warehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    warehouse.migrate()
    assert stored_players(warehouse) == [(FRIDAY, "1")]
