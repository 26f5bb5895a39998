"""A backup of a warehouse that another process has open and writes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.support.rows import rows_of
from tipoff.errors import BadInputError, StorageError
from tipoff.warehouse import backup
from tipoff.warehouse.backup import back_up
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.duckdb_log import log_of

PROJECT = Path(__file__).parents[3]
FRIDAY = date(2024, 3, 29)

WRITER = """
import sys
from datetime import date
from pathlib import Path
import polars as pl
from tests.support.rows import rows_of
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

warehouse = DuckDbWarehouse(Path(sys.argv[1]))
warehouse.migrate()
for turn in range(100_000):
    with warehouse.transaction():
        for table in ("raw_players", "raw_rosters"):
            rows = rows_of(table, ({"player_id": str(n)} for n in range(500)), player_name=str(turn))
            warehouse.replace(table, rows, {"game_date": date(2024, 3, 29)})
    if turn % 20 == 0:
        warehouse._connection.execute("CHECKPOINT")
    print(turn, flush=True)
"""


def test_a_backup_while_another_process_writes_holds_one_committed_state(tmp_path: Path) -> None:
    file = tmp_path / "tipoff.duckdb"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert writer.stdout
    try:
        for number in range(3):
            written = int(writer.stdout.readline())
            to = tmp_path / "backups" / f"{number}.duckdb"
            rows = back_up(file, to)
            assert (rows["raw_players"], rows["raw_rosters"]) == (500, 500)
            copied = DuckDbWarehouse(to)
            turns = "SELECT player_name FROM raw_players UNION DISTINCT SELECT player_name FROM raw_rosters"
            (turn,) = copied.query(turns)["player_name"]
            copied.close()
            assert int(turn) >= written
            assert not log_of(to).exists()
    finally:
        writer.kill()
        writer.communicate()
    assert sorted(each.name for each in (tmp_path / "backups").iterdir()) == [f"{number}.duckdb" for number in range(3)]


def test_a_backup_replaces_no_file(tmp_path: Path) -> None:
    file, to = tmp_path / "tipoff.duckdb", tmp_path / "backup.duckdb"
    DuckDbWarehouse(file).close()
    to.write_text("precious")
    with pytest.raises(BadInputError, match="exists already"):
        back_up(file, to)
    assert to.read_text() == "precious"


def test_a_copy_that_cannot_be_made_names_both_files_and_what_to_do(tmp_path: Path) -> None:
    file, to = tmp_path / "absent.duckdb", tmp_path / "backup.duckdb"
    with pytest.raises(StorageError) as refused:
        back_up(file, to)
    assert str(refused.value) == (
        f"cannot copy {file} to {to}: No such file or directory; free space or check the permissions, then run it again"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_a_checkpoint_in_every_attempt_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, to = tmp_path / "tipoff.duckdb", tmp_path / "backup.duckdb"
    DuckDbWarehouse(file).close()
    slept: list[float] = []
    monkeypatch.setattr("tipoff.warehouse.backup.time.sleep", slept.append)
    states = iter(range(1000))
    monkeypatch.setattr(backup, "_headers", lambda file: next(states))
    with pytest.raises(StorageError, match="is being written"):
        back_up(file, to)
    assert (len(slept), sum(slept)) == (20, 10)
    assert list(tmp_path.iterdir()) == [file]


def test_a_restored_backup_has_the_rows_of_the_log(tmp_path: Path) -> None:
    file, to = tmp_path / "tipoff.duckdb", tmp_path / "backup.duckdb"
    warehouse = DuckDbWarehouse(file)
    warehouse.migrate()
    warehouse.append("raw_player_props", rows_of("raw_player_props", [{"line": 20.5}], game_date=FRIDAY))
    assert log_of(file).exists()
    assert back_up(file, to)["raw_player_props"] == 1
    warehouse.close()
