"""A write-ahead log that is damaged or does not fit its file is refused; only an unfinished transaction is dropped."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.rows import rows_of
from tipoff.errors import StorageError
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.duckdb_log import damage, log_of

FRIDAY = date(2024, 3, 29)


class Killed(NamedTuple):
    """What a killed process leaves: a file, and a log with the last transactions."""

    file: Path
    rows: int

    @property
    def log(self) -> Path:
        return log_of(self.file)

    def copy(self, folder: Path) -> Killed:
        folder.mkdir()
        copied = Killed(folder / self.file.name, self.rows)
        shutil.copy(self.file, copied.file)
        shutil.copy(self.log, copied.log)
        return copied


def killed(folder: Path, *, rows: int = 3) -> Killed:
    """The state of the files after as many transactions, of which the first half is in the file."""
    written = Killed(folder / "open.duckdb", rows)
    warehouse = DuckDbWarehouse(written.file)
    warehouse.migrate()
    warehouse.close()
    warehouse = DuckDbWarehouse(written.file)
    for number in range(rows):
        row = rows_of("raw_player_props", [{"line": float(number)}], game_date=FRIDAY)
        warehouse.append("raw_player_props", row)
    left = written.copy(folder / "left")
    warehouse.close()
    return left


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    return killed(tmp_path_factory.mktemp("killed"))


def lines_in(file: Path) -> int:
    warehouse = DuckDbWarehouse(file)
    try:
        return warehouse.query("SELECT line FROM raw_player_props").height
    finally:
        warehouse.close()


def test_the_log_of_a_killed_process_is_applied(left: Killed, tmp_path: Path) -> None:
    copied = left.copy(tmp_path / "again")
    assert copied.log.stat().st_size > 100
    assert lines_in(copied.file) == left.rows


def test_an_unfinished_transaction_is_dropped_and_no_other(left: Killed, tmp_path: Path) -> None:
    copied = left.copy(tmp_path / "cut")
    content = left.log.read_bytes()
    whole = content.count(b"d\x00d\xff\xff")
    assert whole == left.rows
    for length in range(0, len(content), 7):
        shutil.copy(left.file, copied.file)
        copied.log.write_bytes(content[:length])
        assert damage(copied.file) is None, length
    copied.log.write_bytes(content[:-1])
    assert lines_in(copied.file) == left.rows - 1


def test_a_flipped_bit_of_the_log_never_loses_a_transaction(left: Killed, tmp_path: Path) -> None:
    copied = left.copy(tmp_path / "flipped")
    content = left.log.read_bytes()
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 0x10
        shutil.copy(left.file, copied.file)
        copied.log.write_bytes(bytes(flipped))
        if damage(copied.file) is None:
            try:
                assert lines_in(copied.file) == left.rows, f"byte {position}"
            except StorageError:
                assert copied.log.read_bytes() == bytes(flipped), "nothing was changed"


def of_another_file(left: Killed, folder: Path) -> bytes:
    return killed(folder).log.read_bytes()


def of_an_earlier_checkpoint(left: Killed, folder: Path) -> bytes:
    log = left.log.read_bytes()
    warehouse = DuckDbWarehouse(left.file)
    warehouse.close()
    return log


def garbage(left: Killed, folder: Path) -> bytes:
    return os.urandom(300)


@pytest.mark.parametrize("foreign", [of_another_file, of_an_earlier_checkpoint, garbage])
def test_a_log_that_does_not_fit_is_refused_and_kept(
    left: Killed, tmp_path: Path, foreign: Callable[[Killed, Path], bytes]
) -> None:
    copied = left.copy(tmp_path / "foreign")
    (tmp_path / "other").mkdir()
    content = foreign(copied, tmp_path / "other")
    copied.log.write_bytes(content)
    before = copied.file.read_bytes()
    with pytest.raises(StorageError, match=r"is damaged: .*Nothing was changed.*restore a backup"):
        DuckDbWarehouse(copied.file)
    assert (copied.file.read_bytes(), copied.log.read_bytes()) == (before, content)


def test_a_log_without_its_file_is_refused_and_kept(left: Killed, tmp_path: Path) -> None:
    copied = left.copy(tmp_path / "alone")
    copied.file.unlink()
    with pytest.raises(StorageError, match="is the log of a file that is missing"):
        DuckDbWarehouse(copied.file)
    assert copied.log.exists()
    assert not copied.file.exists()


def test_a_foreign_file_is_refused_without_looking_for_an_extension(tmp_path: Path) -> None:
    file = tmp_path / "foreign.duckdb"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE players (name TEXT)")
    database.close()
    with pytest.raises(StorageError, match="is not a DuckDB file") as refused:
        DuckDbWarehouse(file)
    assert "extension" not in str(refused.value).lower()


def test_no_extension_is_installed_or_loaded_by_itself(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "new.duckdb")
    cursor = warehouse._connection.cursor()
    names = "'autoinstall_known_extensions', 'autoload_known_extensions'"
    values = cursor.execute(f"SELECT value FROM duckdb_settings() WHERE name IN ({names})").fetchall()  # noqa: S608
    warehouse.close()
    assert values == [("false",), ("false",)]
