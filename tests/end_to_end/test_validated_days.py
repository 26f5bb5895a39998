"""The validation is silent on real replayed days, and finds what is damaged in their files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from cli import commands
from cli.exit_codes import ExitCode
from tests.support.replays import DAY, ReplayedDay, at
from tests.support.starter import NOWHERE
from tipoff.publishing.export import SCHEMAS
from tipoff.publishing.store import open_exports
from tipoff.validation.checks import validate
from tipoff.validation.records import read_records
from tipoff.vocabulary import CheckResult, DataState
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.tables import TABLES

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

NEXT_MORNING = at(9, 15) + timedelta(days=1)
TIMES = (at(9, 15), at(13, 35), at(16), at(19, 30), at(22, 50), at(1, 30) + timedelta(days=1), NEXT_MORNING)
GAME = "0022301062"


def problems_of(day: ReplayedDay, *times: datetime) -> dict[datetime, list[CheckResult]]:
    """The problems in the files of a replayed day, as of some times."""
    store = open_exports(f"file://{day.out}/exports")
    with FileLock(day.out / "tests.lock"):
        warehouse = DuckDbWarehouse(day.out / "tipoff.duckdb")
        try:
            return {each: [*validate(read_records(warehouse, store, DAY, each)).problems] for each in times}
        finally:
            warehouse.close()


def test_a_real_day_is_silent_at_any_time(quiet_day: ReplayedDay) -> None:
    assert problems_of(quiet_day, *TIMES) == {each: [] for each in TIMES}


def test_a_real_day_that_was_run_again_is_silent(rerun_day: ReplayedDay) -> None:
    assert problems_of(rerun_day, NEXT_MORNING) == {NEXT_MORNING: []}


def _without_a_game(table: str) -> Callable[[Warehouse, Path], None]:
    def damage(warehouse: Warehouse, exports: Path) -> None:
        rows, _ = warehouse.query(*rows_of_slice(TABLES[table], {"game_date": DAY})), exports
        warehouse.replace(table, rows.filter(rows["game_id"] != GAME), {"game_date": DAY})

    return damage


def _yesterdays_predictions(warehouse: Warehouse, exports: Path) -> None:
    file = exports / "v1" / "predictions" / f"{DAY}.json"
    file.write_text(file.read_text().replace(f'"game_date":"{DAY}"', '"game_date":"2024-03-28"', 1))


def _status_of_another_type(warehouse: Warehouse, exports: Path) -> None:
    file = exports / "v1" / "status" / f"{DAY}.json"
    file.write_text(file.read_text().replace('"backfilled":false', '"backfilled":"no"', 1))


DAMAGE = {
    "team contexts": ("upcoming_team_game_context", _without_a_game("upcoming_team_game_context")),
    "box scores": ("raw_player_boxscores", _without_a_game("raw_player_boxscores")),
    "grades": ("prediction_accuracy", _without_a_game("prediction_accuracy")),
    "exported predictions": (f"v1/predictions/{DAY}.json", _yesterdays_predictions),
    "schemas of exports": (SCHEMAS, _status_of_another_type),
}


def test_damaged_files_of_a_real_day_are_named_by_the_command(
    quiet_day: ReplayedDay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with FileLock(quiet_day.out / "tests.lock"):
        for file in quiet_day.out.glob("tipoff.duckdb*"):
            shutil.copy(file, tmp_path / file.name)
        shutil.copytree(quiet_day.out / "exports", tmp_path / "exports")
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    for _, damage in DAMAGE.values():
        damage(warehouse, tmp_path / "exports")
    warehouse.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)
    monkeypatch.setenv("TIPOFF_WAREHOUSE", f"duckdb:///{tmp_path}/tipoff.duckdb")
    monkeypatch.setenv("TIPOFF_EXPORTS", f"file://{tmp_path}/exports")
    assert commands.run(["validate", "--date", str(DAY), "--as-of", "2024-03-30T10:30"]) is ExitCode.FAILED
    shown = " ".join(capsys.readouterr().out.split())
    for check, (reads, _) in DAMAGE.items():
        assert f"{check} {DataState.FAILED} {reads}" in shown
    assert f"v1/status/{DAY}.json: backfilled: 'no' is not of type 'boolean'" in shown
