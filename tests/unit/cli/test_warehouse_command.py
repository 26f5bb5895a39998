"""`starter.py warehouse backup`: a copy of a warehouse that a worker has open."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.support.rows import rows_of
from tests.support.starter import Starter
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse


def test_the_warehouse_is_backed_up_while_a_worker_has_it_open(tmp_path: Path) -> None:
    file = tmp_path / "var" / "tipoff.duckdb"
    starter = Starter(tmp_path, {"TIPOFF_WAREHOUSE": f"duckdb:///{file}"})
    assert starter("warehouse backup copy.duckdb").code == 5, "there is no warehouse yet"
    worker = DuckDbWarehouse(file)
    worker.migrate()
    worker.append("raw_player_props", rows_of("raw_player_props", [{"line": 20.5}], game_date=date(2024, 3, 29)))

    ended = starter("warehouse backup copy.duckdb")
    assert ended.code == 0, ended.err
    assert "copy.duckdb: 1 row in 1 table" in ended.text
    assert f"stop the worker, move {file} and its log away" in ended.text
    (tmp_path / "folder").mkdir()
    assert starter("warehouse backup folder --json").json["rows"]["raw_player_props"] == 1
    again = starter("warehouse backup copy.duckdb")
    assert (again.code, "exists already" in again.err) == (2, True)
    worker.close()

    restored = DuckDbWarehouse(tmp_path / "folder" / "tipoff.duckdb")
    assert restored.query("SELECT line FROM raw_player_props").rows() == [(20.5,)]
    restored.close()


def test_a_warehouse_that_is_no_file_is_refused_by_its_address(tmp_path: Path) -> None:
    refused = Starter(tmp_path, {"TIPOFF_WAREHOUSE": "bigquery://project/tipoff"})("warehouse backup copy.duckdb")
    assert refused.code == 2, refused.err
    assert "bigquery://project/tipoff is no file on this machine; this command needs duckdb:///PATH" in refused.err
