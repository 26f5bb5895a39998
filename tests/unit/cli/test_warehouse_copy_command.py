"""`starter.py warehouse copy`: moves a warehouse, continues after a kill, and refuses what it cannot copy."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cli import commands
from cli.exit_codes import CommandError, ExitCode
from tests.support.rows import rows_of
from tests.support.starter import PROJECT, Starter
from tests.support.warehouses import contents, fill
from tipoff.errors import TipoffError
from tipoff.warehouse.copying import STORED_TABLES
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

FRIDAY = date(2024, 3, 29)


def filled(file: Path) -> Path:
    warehouse = DuckDbWarehouse(file)
    warehouse.migrate()
    fill(warehouse, [FRIDAY])
    warehouse.close()
    return file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, without the user's configuration."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def copy(to: str = "duckdb:///to.duckdb", *options: str) -> ExitCode:
    return commands.run(["warehouse", "copy", "duckdb:///from.duckdb", to, *options])


def contents_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    warehouse = DuckDbWarehouse(file, read_only=True)
    try:
        return contents(warehouse)
    finally:
        warehouse.close()


def test_a_copy_that_is_killed_is_continued_and_ends_with_the_same_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = filled(folder / "from.duckdb").read_bytes()
    command: list[str | Path] = [
        sys.executable,
        PROJECT / "starter.py",
        "warehouse",
        "copy",
        "duckdb:///from.duckdb",
        "duckdb:///to.duckdb",
    ]
    ended = []
    for end, progress in ((signal.SIGINT, 5), (signal.SIGKILL, len(STORED_TABLES) // 2)):
        with subprocess.Popen(
            command, env=Starter(folder).environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as copying:
            assert copying.stderr
            for _ in range(progress + 1):
                assert copying.stderr.readline()
            copying.send_signal(end)
        ended.append(copying.returncode)
    assert ended == [-signal.SIGINT, -signal.SIGKILL]

    assert copy("duckdb:///to.duckdb", "--json") == ExitCode.DONE
    copied = json.loads(capsys.readouterr().out)
    assert {each["table"] for each in copied} == {table.name for table in STORED_TABLES}
    assert sum(each["equal_dates"] for each in copied) >= len(STORED_TABLES) // 2, "written before the kill"
    assert contents_of(folder / "to.duckdb") == contents_of(folder / "from.duckdb")
    assert (folder / "from.duckdb").read_bytes() == before, "FROM is only read"

    assert copy() == ExitCode.DONE
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["raw_player_movement", "0", "0", "1", "3"] in lines
    assert lines[-1] == ["duckdb:///to.duckdb", "has", "all", "rows", "of", "duckdb:///from.duckdb"]


def test_differences_at_the_end_are_named_and_fail_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(folder / "from.duckdb")
    warehouse = DuckDbWarehouse(folder / "to.duckdb")
    warehouse.migrate()
    saturday = rows_of("raw_rosters", [{"player_id": "1"}], game_date=date(2024, 3, 30))
    warehouse.replace("raw_rosters", saturday, {"game_date": date(2024, 3, 30)})
    warehouse.close()

    assert copy() == ExitCode.FAILED
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "duckdb:///to.duckdb differs from duckdb:///from.duckdb in",
        "  raw_rosters 2024-03-30: 0 rows in FROM, 1 in TO",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "CREATE TABLE dreams (game_date DATE)",
            "this version does not know the tables dreams of duckdb:///from.duckdb",
        ),
        ("ALTER TABLE raw_players DROP COLUMN position", "(raw_players.position is missing): start a worker of this"),
        (
            "ALTER TABLE raw_players ALTER position TYPE BIGINT; DROP TABLE data_versions",
            "(data_versions is missing and 1 more difference)",
        ),
    ],
)
def test_a_warehouse_of_another_schema_is_not_copied(folder: Path, change: str, reason: str) -> None:
    warehouse = DuckDbWarehouse(folder / "from.duckdb")
    warehouse.migrate()
    warehouse.close()
    with duckdb.connect(str(folder / "from.duckdb")) as connection:
        connection.execute(change)
    with pytest.raises(CommandError) as refused:
        copy()
    assert refused.value.exit_code == ExitCode.USAGE
    assert reason in str(refused.value)
    assert not (folder / "to.duckdb").exists()


def test_a_destination_with_other_columns_is_not_written(folder: Path) -> None:
    filled(folder / "from.duckdb")
    with duckdb.connect(str(folder / "to.duckdb")) as connection:
        connection.execute("CREATE TABLE raw_players (game_date DATE, name VARCHAR)")
    before = (folder / "to.duckdb").read_bytes()
    with pytest.raises(
        CommandError, match=r"to.duckdb has another schema than this version \(raw_players.as_of is missing"
    ):
        copy()
    assert (folder / "to.duckdb").read_bytes() == before


def test_wrong_names_and_a_locked_warehouse_are_refused(folder: Path) -> None:
    with pytest.raises(CommandError, match="there is no warehouse at duckdb:///from"):
        copy()
    before = filled(folder / "from.duckdb").read_bytes()
    (folder / "link.duckdb").symlink_to(folder / "from.duckdb")
    for to, reason in {
        "duckdb:///from.duckdb": "FROM and TO are the same warehouse",
        "duckdb:///./link.duckdb": "FROM and TO are the same warehouse",
        "to.duckdb": "'to.duckdb' is not a URL like duckdb:///",
    }.items():
        with pytest.raises(TipoffError, match=reason):
            copy(to)
    worker = DuckDbWarehouse(folder / "to.duckdb")
    refused = Starter(folder)("warehouse copy duckdb:///from.duckdb duckdb:///to.duckdb")
    assert (refused.code, "stop that worker first" in refused.err) == (2, True), refused.err
    worker.close()
    assert (folder / "from.duckdb").read_bytes() == before
