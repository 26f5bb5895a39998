from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.rows import rows_of
from tipoff.errors import BadInputError, ConfigurationError, StorageError, WarehouseLockedError
from tipoff.warehouse.base import DateRange, Slice, WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.open import open_warehouse

PROJECT = Path(__file__).parents[3]
FRIDAY, SATURDAY, SUNDAY = (date(2024, 3, day) for day in (29, 30, 31))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tipoff.duckdb"


@pytest.fixture
def warehouse(path: Path) -> Iterator[DuckDbWarehouse]:
    warehouse = DuckDbWarehouse(path)
    warehouse.migrate()
    yield warehouse
    warehouse.close()


def players(day: date, *ids: str, **said: Any) -> pl.DataFrame:
    return rows_of("raw_players", ({"player_id": player} for player in ids), game_date=day, **said)


def listed(warehouse: DuckDbWarehouse) -> list[tuple[date, str]]:
    frame = warehouse.query("SELECT game_date, player_id FROM raw_players ORDER BY game_date, player_id")
    return frame.rows()


def quotes(*lines: float, **said: Any) -> pl.DataFrame:
    return rows_of("raw_player_props", ({"line": line} for line in lines), game_date=FRIDAY, **said)


def test_a_slice_is_replaced_and_its_neighbours_stay(warehouse: DuckDbWarehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1", "2"), {"game_date": FRIDAY})
    warehouse.replace("raw_players", players(SATURDAY, "1"), {"game_date": SATURDAY})
    assert warehouse.replace("raw_players", players(FRIDAY, "3"), {"game_date": FRIDAY}) == WriteResult(
        rows=1, changed=True
    )
    assert listed(warehouse) == [(FRIDAY, "3"), (SATURDAY, "1")]


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"game_date": FRIDAY},
        {"game_date": DateRange(first=FRIDAY, last=SUNDAY)},
        {"game_date": FRIDAY, "player_id": ["1", "2", "3"]},
        {"game_date": FRIDAY, "source": "unsaid"},
    ],
)
def test_the_same_rows_again_in_any_order_write_nothing(warehouse: DuckDbWarehouse, where: Slice) -> None:
    rows = players(FRIDAY, "1", "2")
    assert warehouse.replace("raw_players", rows, where).changed
    assert warehouse.replace("raw_players", rows.reverse().select(reversed(rows.columns)), where) == WriteResult(
        rows=2, changed=False
    )
    assert listed(warehouse) == [(FRIDAY, "1"), (FRIDAY, "2")]


def test_no_rows_empty_a_slice(warehouse: DuckDbWarehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    assert warehouse.replace("raw_players", players(FRIDAY), {"game_date": FRIDAY}) == WriteResult(rows=0, changed=True)
    assert listed(warehouse) == []


def test_a_row_of_another_date_is_refused_and_nothing_changes(warehouse: DuckDbWarehouse) -> None:
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    both = pl.concat([players(FRIDAY, "2"), players(SATURDAY, "2")])
    with pytest.raises(BadInputError, match=r"1 of 2 rows lie outside the slice game_date: 2024-03-29"):
        warehouse.replace("raw_players", both, {"game_date": FRIDAY})
    assert listed(warehouse) == [(FRIDAY, "1")]


def test_a_game_that_stands_on_another_date_cannot_be_written_a_second_time(warehouse: DuckDbWarehouse) -> None:
    game = rows_of("raw_schedule", [{"game_id": "0022301062"}], game_date=FRIDAY)
    warehouse.replace("raw_schedule", game, {"game_date": FRIDAY})
    moved = game.with_columns(game_date=pl.lit(SATURDAY))
    with pytest.raises(BadInputError, match="outside the slice stands a row with the key"):
        warehouse.replace("raw_schedule", moved, {"game_date": SATURDAY})
    assert warehouse.query("SELECT game_date FROM raw_schedule").rows() == [(FRIDAY,)]


def test_a_table_of_snapshots_only_grows(warehouse: DuckDbWarehouse) -> None:
    first = quotes(17.5, 18.5, over_price_american=-110.0)
    assert warehouse.append("raw_player_props", first) == WriteResult(rows=2, changed=True)
    assert warehouse.append("raw_player_props", first) == WriteResult(rows=0, changed=False)
    again = quotes(18.5, 19.5, over_price_american=-120.0)
    assert warehouse.append("raw_player_props", again) == WriteResult(rows=1, changed=True)
    stand = warehouse.query("SELECT line, over_price_american FROM raw_player_props ORDER BY line").rows()
    assert stand == [(17.5, -110.0), (18.5, -110.0), (19.5, -120.0)]
    with pytest.raises(BadInputError, match="only ever grows"):
        warehouse.replace("raw_player_props", first, {"game_date": FRIDAY})


def test_an_insert_that_fails_leaves_the_old_slice(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE raw_players (game_date DATE NOT NULL, player_id VARCHAR NOT NULL CHECK (player_id <> 'bad'),"
            " player_name VARCHAR NOT NULL, team VARCHAR, position VARCHAR, source VARCHAR NOT NULL,"
            " as_of TIMESTAMP WITH TIME ZONE NOT NULL)"
        )
    warehouse = open_warehouse(f"duckdb:///{path}")
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    with pytest.raises(StorageError, match=r"CHECK constraint.*What stood before still stands"):
        warehouse.replace("raw_players", players(FRIDAY, "2", "bad"), {"game_date": FRIDAY})
    assert warehouse.query("SELECT player_id FROM raw_players").rows() == [("1",)]
    warehouse.close()


KEEPS_WRITING = """
import sys
from datetime import date
from pathlib import Path
import polars as pl
from tests.support.rows import rows_of
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

warehouse = DuckDbWarehouse(Path(sys.argv[1]))
warehouse.migrate()
rows = rows_of("raw_players", ({"player_id": str(n)} for n in range(20_000)))
for turn in range(10_000):
    print(turn, flush=True)
    version = rows.with_columns(player_name=pl.lit(f"turn {turn}"))
    warehouse.replace("raw_players", version, {"game_date": date(2024, 3, 29)})
"""


@pytest.mark.parametrize("kill_in_turn", [1, 2, 5])
def test_a_writer_killed_in_the_middle_leaves_the_old_rows_or_the_new_never_half(path: Path, kill_in_turn: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", KEEPS_WRITING, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert writer.stdout
    with writer, writer.stdout:
        for line in writer.stdout:
            if int(line) == kill_in_turn:
                writer.send_signal(signal.SIGKILL)
    warehouse = DuckDbWarehouse(path)
    counted = warehouse.query("SELECT player_name, COUNT(*) AS n FROM raw_players GROUP BY player_name").rows()
    warehouse.close()
    assert [n for _, n in counted] == [20_000]
    assert int(counted[0][0].removeprefix("turn ")) >= kill_in_turn - 1


def test_a_second_process_is_told_who_has_the_file(warehouse: DuckDbWarehouse, path: Path) -> None:
    code = f"from tipoff.warehouse.open import open_warehouse; open_warehouse('duckdb:///{path}')"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert WarehouseLockedError.__name__ in second.stderr
    assert f"is open in process {os.getpid()}; stop that worker first" in second.stderr


def flipped(content: bytes) -> bytes:
    """Some bits of every block wrong, the head whole."""
    return bytes(byte ^ 0xFF if n > 12_288 and n % 5_000 == 0 else byte for n, byte in enumerate(content))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"this was never a database" * 1000,
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        flipped,
    ],
    ids=["foreign", "empty", "cut short", "bits flipped"],
)
def test_a_damaged_file_is_named_with_the_way_out(path: Path, damage: Callable[[bytes], bytes]) -> None:
    warehouse = open_warehouse(f"duckdb:///{path}")
    warehouse.replace("raw_players", players(FRIDAY, *map(str, range(20_000))), {})
    warehouse.close()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StorageError, match=f"{re.escape(str(path))} is damaged.*put back a copy"):
        open_warehouse(f"duckdb:///{path}")


def test_a_name_that_is_resolved_later_is_filled_in_and_a_player_once_named_stays(warehouse: DuckDbWarehouse) -> None:
    warehouse.append("raw_player_props", quotes(20.5, 21.5))
    warehouse.append("raw_player_props", quotes(22.5, player_id="1"))
    assert warehouse.append("raw_player_props", quotes(20.5, 22.5, player_id="2")) == WriteResult(rows=1, changed=True)
    named = warehouse.query("SELECT line, player_id FROM raw_player_props ORDER BY line").rows()
    assert named == [(20.5, "2"), (21.5, None), (22.5, "1")]
    assert warehouse.append("raw_player_props", quotes(20.5)) == WriteResult(rows=0, changed=False)


def test_a_value_left_out_of_a_prediction_stays_left_out(warehouse: DuckDbWarehouse) -> None:
    for line in (None, 20.5):
        warehouse.append("predictions", rows_of("predictions", [{"line": line}]))
    assert warehouse.query("SELECT line FROM predictions").rows() == [(None,)]


def test_threads_write_and_read_at_once(warehouse: DuckDbWarehouse) -> None:
    days = [date(2024, 3, day) for day in range(1, 25)]

    def write(day: date) -> int:
        warehouse.replace("raw_players", players(day, "1", "2"), {"game_date": day})
        return warehouse.query("SELECT * FROM raw_players WHERE game_date = @day", {"day": day}).height

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, days)) == {2}
    assert len(listed(warehouse)) == 2 * len(days)


def test_migrating_twice_changes_nothing_and_adds_what_is_new(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE raw_players (game_date DATE NOT NULL, player_id VARCHAR NOT NULL)")
    warehouse = DuckDbWarehouse(path)
    warehouse.migrate()
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    warehouse.migrate()
    assert listed(warehouse) == [(FRIDAY, "1")]
    warehouse.close()


@pytest.mark.parametrize(
    ("ddl", "complaint"),
    [
        ("CREATE TABLE raw_players (player_id BIGINT)", "player_id is BIGINT in the warehouse, VARCHAR in"),
        ("CREATE TABLE raw_players AS SELECT DATE '2024-03-29' AS game_date", "player_id may not be NULL"),
    ],
)
def test_a_table_that_cannot_be_mended_is_refused(path: Path, ddl: str, complaint: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(ddl)
    warehouse = DuckDbWarehouse(path)
    with pytest.raises(StorageError, match=complaint):
        warehouse.migrate()
    warehouse.close()


def test_game_ids_keep_their_zeros_and_an_empty_list_of_games_means_none(warehouse: DuckDbWarehouse) -> None:
    games = rows_of("raw_schedule", ({"game_id": game} for game in ("0022301062", "0022301063")), season="2023-24")
    warehouse.replace("raw_schedule", games, {"season": "2023-24"})
    sql = "SELECT game_id FROM raw_schedule WHERE ARRAY_LENGTH(@games) = 0 OR game_id IN UNNEST(@games) ORDER BY 1"
    assert warehouse.query(sql, {"games": ["0022301063"]}).rows() == [("0022301063",)]
    assert warehouse.query(sql, {"games": []}).height == 2


def test_moments_come_back_in_utc_and_sums_of_integers_as_integers(warehouse: DuckDbWarehouse) -> None:
    moment = datetime(2024, 3, 29, 23, 30, tzinfo=UTC)
    sql = "SELECT @at AS at, SUM(n) AS total, COUNTIF(n > 5) AS many FROM UNNEST([1, 2]) AS n"
    frame = warehouse.query(sql, {"at": moment})
    assert frame.schema == {"at": pl.Datetime("us", "UTC"), "total": pl.Int64(), "many": pl.Int64()}
    assert frame.rows() == [(moment, 3, 0)]


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("DELETE FROM raw_players WHERE TRUE", "exactly one SELECT"),
        ("SELECT 1; SELECT 2", "exactly one SELECT"),
        ("SELECT FROM WHERE", "not GoogleSQL"),
        ("SELECT nobody FROM raw_players", "nobody"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT @unsaid AS x", "were not given: unsaid"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(warehouse: DuckDbWarehouse, sql: str, complaint: str) -> None:
    with pytest.raises(BadInputError, match=complaint):
        warehouse.query(sql)


def test_a_naive_moment_is_no_parameter(warehouse: DuckDbWarehouse) -> None:
    with pytest.raises(BadInputError, match="a moment with its zone"):
        warehouse.query("SELECT @at AS at", {"at": datetime(2024, 3, 29)})  # noqa: DTZ001


@pytest.mark.parametrize(
    "url", ["bigquery://project/tipoff", "sqlite:///x", "duckdb://", "duckdb:///", "tipoff.duckdb"]
)
def test_an_address_of_no_known_engine_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"duckdb:///var/tipoff\.duckdb"):
        open_warehouse(url)


writes = st.lists(
    st.tuples(st.sampled_from([FRIDAY, SATURDAY]), st.sets(st.sampled_from("123")), st.sampled_from("ab")), max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes)
def test_after_any_writes_the_table_holds_what_a_dictionary_would(
    warehouse: DuckDbWarehouse, steps: list[tuple[date, set[str], str]]
) -> None:
    warehouse.replace("raw_players", players(FRIDAY), {})
    held: dict[date, set[tuple[str, str]]] = {}
    for day, ids, team in steps:
        wanted = {(player, team) for player in ids}
        written = warehouse.replace("raw_players", players(day, *sorted(ids), team=team), {"game_date": day})
        assert written == WriteResult(rows=len(ids), changed=wanted != held.get(day, set()))
        held[day] = wanted
    stand = warehouse.query("SELECT game_date, player_id, team FROM raw_players").rows()
    assert sorted(stand) == sorted((day, *row) for day, rows in held.items() for row in rows)
