"""`starter.py validate` on the files of a day, without a worker."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli import commands
from cli.exit_codes import CommandError, ExitCode
from tests.support.starter import NOWHERE, Starter
from tests.support.validated_day import DAY, day_at, store_day, without_rows
from tipoff.publishing.store import open_exports
from tipoff.validation.records import DayRecords
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

NEXT_MORNING = f"{DAY + timedelta(days=1)}T09:30"
VALIDATE = ["validate", "--date", str(DAY), "--as-of", NEXT_MORNING]


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that name the files of the test, and no server."""
    variables = {
        "TEMPORAL_ADDRESS": NOWHERE,
        "TIPOFF_WAREHOUSE": f"duckdb:///{tmp_path}/tipoff.duckdb",
        "TIPOFF_EXPORTS": f"file://{tmp_path}/exports",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return variables


def stored(records: DayRecords, folder: Path) -> DuckDbWarehouse:
    warehouse = DuckDbWarehouse(folder / "tipoff.duckdb")
    warehouse.migrate()
    store_day(records, warehouse, open_exports(f"file://{folder}/exports"))
    return warehouse


def test_a_healthy_day_is_validated_from_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored(day_at(33.5), tmp_path).close()
    assert commands.run([*VALIDATE, "--json"]) is ExitCode.DONE
    report = json.loads(capsys.readouterr().out)
    assert (report["game_date"], report["games"]) == (str(DAY), 2)
    assert {each["state"] for each in report["results"]} == {"COMPLETE", "EMPTY_OK"}


def test_a_damaged_day_is_shown_with_the_table_and_the_command_that_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(without_rows(day_at(33.5), "upcoming_team_game_context"), tmp_path).close()
    assert commands.run(VALIDATE) is ExitCode.FAILED
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 problem as of 2024-03-30 09:30 ET, 2 games" in shown
    assert "team contexts FAILED upcoming_team_game_context failed: GSW, CHA, LAC, ORL, due 13:30 ET" in shown
    assert f"starter.py --date {DAY} --rerun --from-phase context" in shown


def test_without_a_warehouse_there_is_nothing_to_validate() -> None:
    with pytest.raises(CommandError, match="there is no warehouse") as raised:
        commands.run(VALIDATE)
    assert raised.value.exit_code is ExitCode.UNKNOWN


def test_a_warehouse_that_is_open_elsewhere_is_named_with_why_no_worker_was_asked(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    worker = stored(day_at(33.5), tmp_path)
    ended = Starter(tmp_path, environment).call(VALIDATE)
    worker.close()
    assert ended.code == ExitCode.UNREACHABLE
    assert "no Temporal server answers" in ended.err
