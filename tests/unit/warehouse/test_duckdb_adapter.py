from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.rows import rows_of
from tipoff.errors import ConfigurationError, StorageError, WarehouseLockedError
from tipoff.warehouse.base import WriteResult
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.open import open_warehouse
from tipoff.warehouse.schema import duckdb_ddl
from tipoff.warehouse.tables import TABLES

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


def players(day: date, *ids: str, **values: Any) -> pl.DataFrame:
    return rows_of("raw_players", ({"player_id": player} for player in ids), game_date=day, **values)


def stored_players(warehouse: DuckDbWarehouse) -> list[tuple[date, str]]:
    frame = warehouse.query("SELECT game_date, player_id FROM raw_players ORDER BY game_date, player_id")
    return frame.rows()


def test_a_failed_insert_leaves_the_old_slice(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE raw_players (game_date DATE NOT NULL, player_id VARCHAR NOT NULL CHECK (player_id <> 'bad'),"
            " player_name VARCHAR NOT NULL, team VARCHAR, position VARCHAR, source VARCHAR NOT NULL,"
            " as_of TIMESTAMP WITH TIME ZONE NOT NULL)"
        )
    warehouse = open_warehouse(f"duckdb:///{path}")
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    with pytest.raises(StorageError, match=r"CHECK constraint.*The stored data is unchanged"):
        warehouse.replace("raw_players", players(FRIDAY, "2", "bad"), {"game_date": FRIDAY})
    assert warehouse.query("SELECT player_id FROM raw_players").rows() == [("1",)]
    warehouse.close()


WRITE_LOOP = """
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
def test_a_killed_writer_leaves_either_the_old_rows_or_the_new_ones(path: Path, kill_in_turn: int) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITE_LOOP, str(path)],
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
    counts = warehouse.query("SELECT player_name, COUNT(*) AS n FROM raw_players GROUP BY player_name").rows()
    warehouse.close()
    assert [n for _, n in counts] == [20_000]
    assert int(counts[0][0].removeprefix("turn ")) >= kill_in_turn - 1


KILLED_BETWEEN_TWO_WRITES = """
import os, sys
from datetime import date
from pathlib import Path
from tests.support.rows import rows_of
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

warehouse = DuckDbWarehouse(Path(sys.argv[1]))
warehouse.migrate()
row = rows_of("raw_player_props", [{"line": 20.5}], game_date=date(2024, 3, 29))
with warehouse.transaction():
    for _ in range(2):
        warehouse.append("raw_player_props", row)
        os.kill(os.getpid(), 9)
"""


def test_a_kill_between_two_writes_of_a_transaction_leaves_neither(path: Path) -> None:
    command = [sys.executable, "-c", KILLED_BETWEEN_TWO_WRITES, str(path)]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    with_nothing = DuckDbWarehouse(path)
    assert with_nothing.query("SELECT line FROM raw_player_props").is_empty()
    with_nothing.close()


def test_a_second_process_learns_which_process_holds_the_file(warehouse: DuckDbWarehouse, path: Path) -> None:
    code = f"from tipoff.warehouse.open import open_warehouse; open_warehouse('duckdb:///{path}')"
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert WarehouseLockedError.__name__ in second.stderr
    assert f"is open in process {os.getpid()}; stop that worker first" in second.stderr


def with_flipped_bits(content: bytes) -> bytes:
    """Flip some bits of every block after the header."""
    return bytes(byte ^ 0xFF if n > 12_288 and n % 5_000 == 0 else byte for n, byte in enumerate(content))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"this was never a database" * 1000,
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        with_flipped_bits,
    ],
    ids=["foreign", "empty", "cut short", "bits with_flipped_bits"],
)
def test_a_damaged_file_is_reported_with_its_path_and_a_remedy(path: Path, damage: Callable[[bytes], bytes]) -> None:
    warehouse = open_warehouse(f"duckdb:///{path}")
    warehouse.replace("raw_players", players(FRIDAY, *map(str, range(20_000))), {})
    warehouse.close()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StorageError, match=f"{re.escape(str(path))} is damaged.*restore a backup"):
        open_warehouse(f"duckdb:///{path}")


def test_migrating_twice_adds_missing_columns_and_keeps_the_rows(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE raw_players (game_date DATE NOT NULL, player_id VARCHAR NOT NULL)")
    warehouse = DuckDbWarehouse(path)
    warehouse.migrate()
    warehouse.replace("raw_players", players(FRIDAY, "1"), {"game_date": FRIDAY})
    warehouse.migrate()
    assert stored_players(warehouse) == [(FRIDAY, "1")]
    warehouse.close()


def test_migrating_lets_a_column_be_null_that_is_nullable_now_and_keeps_the_rows(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        ddl, tip_off = duckdb_ddl(TABLES["raw_schedule"]), "tip_off TIMESTAMP WITH TIME ZONE"
        connection.execute(ddl.replace(tip_off, f"{tip_off} NOT NULL"))
    warehouse = DuckDbWarehouse(path)
    warehouse.migrate()
    games = rows_of("raw_schedule", [{"game_id": "0022301062", "tip_off": None}], season="2023-24")
    warehouse.replace("raw_schedule", games, {"season": "2023-24"})
    warehouse.migrate()
    assert warehouse.query("SELECT game_id, tip_off FROM raw_schedule").rows() == [("0022301062", None)]
    warehouse.close()


def test_migrating_adds_the_view_of_earlier_predictions_and_grades(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for name in ("predictions", "prediction_accuracy"):
            connection.execute(duckdb_ddl(TABLES[name]))
            connection.execute(f"ALTER TABLE {name} DROP COLUMN view")
            systems = [{"system_id": system, "prediction_id": system} for system in ("catboost_v8", "moving_average")]
            connection.register("earlier", rows_of(name, systems).drop("view").to_arrow())
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM earlier")  # noqa: S608 - declared names
    warehouse = DuckDbWarehouse(path)
    warehouse.migrate()
    for name in ("predictions", "prediction_accuracy"):
        rows = warehouse.query(f"SELECT system_id, view FROM {name} ORDER BY system_id").rows()  # noqa: S608
        assert rows == [("catboost_v8", "market"), ("moving_average", "model")]
    warehouse.close()
    with duckdb.connect(str(path)) as connection:
        (view,) = connection.execute("SELECT * FROM (DESCRIBE predictions) WHERE column_name = 'view'").fetchall()
    assert view == ("view", "VARCHAR", "NO", None, None, None)


@pytest.mark.parametrize(
    ("ddl", "message"),
    [
        ("CREATE TABLE raw_players (player_id BIGINT)", "player_id is BIGINT in the warehouse, VARCHAR in"),
        ("CREATE TABLE raw_players AS SELECT DATE '2024-03-29' AS game_date", "player_id is declared NOT NULL"),
    ],
)
def test_a_table_that_cannot_be_migrated_is_rejected(path: Path, ddl: str, message: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(ddl)
    warehouse = DuckDbWarehouse(path)
    with pytest.raises(StorageError, match=message):
        warehouse.migrate()
    warehouse.close()


@pytest.mark.parametrize("url", ["sqlite:///x", "duckdb://", "duckdb:///", "tipoff.duckdb"])
def test_a_url_of_an_unknown_engine_is_rejected(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"duckdb:///var/tipoff\.duckdb"):
        open_warehouse(url)


writes = st.lists(
    st.tuples(st.sampled_from([FRIDAY, SATURDAY]), st.sets(st.sampled_from("123")), st.sampled_from("ab")), max_size=8
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes)
def test_replace_behaves_like_assignment_to_a_dictionary(
    warehouse: DuckDbWarehouse, steps: list[tuple[date, set[str], str]]
) -> None:
    warehouse.replace("raw_players", players(FRIDAY), {})
    expected: dict[date, set[tuple[str, str]]] = {}
    for day, ids, team in steps:
        wanted = {(player, team) for player in ids}
        written = warehouse.replace("raw_players", players(day, *sorted(ids), team=team), {"game_date": day})
        assert written == WriteResult(rows=len(ids), changed=wanted != expected.get(day, set()))
        expected[day] = wanted
    stored = warehouse.query("SELECT game_date, player_id, team FROM raw_players").rows()
    assert sorted(stored) == sorted((day, *row) for day, rows in expected.items() for row in rows)


def test_a_warehouse_on_a_full_disk_is_written_again_once_there_is_room(tmp_path: Path) -> None:
    """In a process of its own, whose files may not grow: DuckDB is of no use after a checkpoint that fails."""
    program = """
import resource
import sys
from pathlib import Path

from tests.support.rows import rows_of
from tipoff.errors import StorageError
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

def rows(number):
    return rows_of("raw_schedule", [{"game_id": f"{each:010}"} for each in range(number)], season="2023-24")

file = Path(sys.argv[1])
DuckDbWarehouse(file).close()
warehouse = DuckDbWarehouse(file)
warehouse.migrate()
warehouse._connection.execute("CHECKPOINT; SET GLOBAL checkpoint_threshold = '1KB'")
warehouse.replace("raw_schedule", rows(10), {"season": "2023-24"})
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, hard))
try:
    warehouse.replace("raw_schedule", rows(50_000), {"season": "2023-24"})
except StorageError as error:
    print(error)
count = "SELECT COUNT(*) AS n FROM raw_schedule"
print(warehouse.query(count)["n"][0])
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
warehouse.replace("raw_schedule", rows(20), {"season": "2023-24"})
print(warehouse.query(count)["n"][0])
warehouse.close()
"""
    command = [sys.executable, "-c", program, str(tmp_path / "tipoff.duckdb")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    error, before, after = done.stdout.splitlines()
    assert "could not be written, and what it held is unchanged; no space left (File too large): free some" in error
    assert (before, after) == ("10", "20")
