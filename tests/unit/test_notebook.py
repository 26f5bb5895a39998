"""`tipoff.open`: days as data frames, from a warehouse and from the exports beside it."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import tipoff
from runtime import PROJECT
from tests.support import evening
from tests.support.evening import DAY, NEXT_MORNING
from tests.support.rows import rows_of
from tests.support.unchecked import implausible_rows
from tipoff.errors import BadInputError, ConfigurationError, StorageError, WarehouseLockedError
from tipoff.grading.accuracy import grade_date
from tipoff.notebook import days as notebook
from tipoff.publishing.frames import FRAMES, publish_frames, read_frame
from tipoff.publishing.store import open_exports
from tipoff.warehouse.open import open_warehouse

WORKER = """
import sys
from tipoff.warehouse.open import open_warehouse
warehouse = open_warehouse(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """An output folder, `var/demo`, with the warehouse and the exports of a graded date. Not to be written to."""
    folder = tmp_path_factory.mktemp("work") / "var" / "demo"
    warehouse = open_warehouse(f"duckdb:///{folder}/tipoff.duckdb")
    evening.load_predictions(warehouse, sample)
    evening.load_reports(warehouse, sample)
    evening.load_results(warehouse, sample)
    grade_date(warehouse, DAY, NEXT_MORNING)
    with implausible_rows():
        for table in ("upcoming_player_game_context", "ml_feature_store"):
            warehouse.replace(table, rows_of(table, [{"player_id": "1"}, {"player_id": "2"}]), {"game_date": DAY})
    game_id = read_frame(warehouse, "slate", DAY, NEXT_MORNING)["game_id"][0]
    quote = {"game_id": game_id, "player_id": "1", "line": 20.5}
    quote |= {"over_price_american": -110.0, "under_price_american": -110.0}
    warehouse.append("raw_player_props", rows_of("raw_player_props", [quote]))
    publish_frames(warehouse, open_exports(f"file://{folder}/exports"), DAY, NEXT_MORNING, FRAMES)
    warehouse.close()
    return folder


@contextmanager
def running_worker(folder: Path) -> Iterator[int]:
    """Another process that has the warehouse of a folder open; yields its id."""
    command = [sys.executable, "-c", WORKER, f"duckdb:///{folder}/tipoff.duckdb"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.stdin.close()
    assert process.returncode == 0


@pytest.fixture
def copied(demo: Path, tmp_path: Path) -> Path:
    return shutil.copytree(demo, tmp_path / "demo")


def states(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of the last change of each file and folder."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_the_package_is_imported_without_the_libraries_for_reading() -> None:
    code = "import sys, tipoff; print(sorted({'polars', 'pydantic', 'duckdb'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert ran.stdout == "[]\n"


def test_the_examples_in_the_docstrings_are_true(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo.parents[1])
    ran = doctest.testmod(notebook, extraglobs={"days": tipoff.open("var/demo")})
    assert ran.failed == 0
    assert ran.attempted > 10


@pytest.mark.parametrize("name", FRAMES)
def test_the_exports_have_the_same_rows_as_the_warehouse(demo: Path, name: str) -> None:
    stored, exported = (getattr(tipoff.open(location), name)("2024-03-29") for location in (demo, demo / "exports"))
    assert stored.height > 0
    assert stored.schema == exported.schema
    assert stored.rows() == exported.rows()
    assert stored["game_date"].unique().to_list() == [DAY]


@pytest.mark.parametrize("url", ["{}", "{}/tipoff.duckdb", "file://{}", "duckdb:///{}/tipoff.duckdb"])
def test_the_warehouse_is_opened_by_path_or_url(demo: Path, url: str) -> None:
    days = tipoff.open(url.format(demo))
    before = datetime.now(UTC)
    (origin,) = days.predictions(DAY).origins
    assert origin.location == days.location == f"warehouse {demo}/tipoff.duckdb"
    assert before <= origin.as_of <= datetime.now(UTC)


@pytest.mark.parametrize("url", ["{}/exports", "file://{}/exports"])
def test_exports_say_from_which_file_and_as_of_when(demo: Path, url: str) -> None:
    days = tipoff.open(url.format(demo))
    assert repr(days) == f"<tipoff: exports {demo}/exports, predictions of 1 date, 2024-03-29>"
    (origin,) = days.grades(DAY, date(2024, 3, 31)).origins
    assert origin == (DAY, NEXT_MORNING, f"{demo}/exports/v1/parquet/grades/2024-03-29.parquet")


def test_reading_changes_no_file(copied: Path) -> None:
    before = states(copied)
    for location in (copied, copied / "exports"):
        days = tipoff.open(location)
        for name in FRAMES:
            getattr(days, name)(DAY)
    assert states(copied) == before


def test_while_a_worker_runs_the_exports_beside_the_warehouse_answer(copied: Path) -> None:
    with running_worker(copied):
        days = tipoff.open(copied / "tipoff.duckdb")
        assert days.location == f"exports {copied}/exports (a worker has the warehouse open)"
        assert {origin.as_of for name in FRAMES for origin in getattr(days, name)(DAY).origins} == {NEXT_MORNING}
        with pytest.raises(BadInputError, match=r"has no tables, only slate, players, .* starter\.py warehouse backup"):
            days.table("predictions", DAY)
    assert tipoff.open(copied).location == f"warehouse {copied}/tipoff.duckdb"


def test_open_days_neither_hold_the_file_nor_change_to_the_exports(copied: Path) -> None:
    days = tipoff.open(copied)
    before = days.predictions(DAY)
    with running_worker(copied) as process, pytest.raises(WarehouseLockedError, match=f"open in process {process}"):
        days.predictions(DAY)
    assert days.predictions(DAY).equals(before)


def test_without_exports_a_running_worker_is_named(copied: Path) -> None:
    shutil.rmtree(copied / "exports")
    with (
        running_worker(copied) as process,
        pytest.raises(WarehouseLockedError, match=rf"open in process {process}; .*/exports has no Parquet exports"),
    ):
        tipoff.open(copied)
    assert not (copied / "exports").exists()


def test_a_range_has_the_dates_with_rows_and_an_origin_of_each(copied: Path) -> None:
    folder = copied / "exports/v1/parquet/predictions"
    shutil.copy(folder / "2024-03-29.parquet", folder / "2024-03-27.parquet")
    days = tipoff.open(copied / "exports")
    for stray in ("2024-02-30", "2024-03-28T05", "copy of 2024-03-29"):
        shutil.copy(folder / "2024-03-29.parquet", folder / f"{stray}.parquet")
    assert days.dates() == [date(2024, 3, 27), DAY]
    rows = days.predictions("2024-03-01", "2024-03-29")
    assert [origin.game_date for origin in rows.origins] == days.dates()
    assert rows.height == 2 * days.predictions(DAY).height
    assert [origin.game_date for origin in days.predictions("2024-03-28", "2024-03-30").origins] == [DAY]


@pytest.mark.parametrize("location", ["", "exports"])
def test_a_date_without_rows_is_an_error_that_names_the_dates_with_rows(demo: Path, location: str) -> None:
    days = tipoff.open(demo / location)
    known = "it has those of 1 date, 2024-03-29"
    with pytest.raises(BadInputError, match=f"has no grades of 2024-03-30; {known}"):
        days.grades("2024-03-30")
    with pytest.raises(BadInputError, match=f"has no lines from 2024-04-01 to 2024-04-05; {known}"):
        days.lines("2024-04-01", "2024-04-05")


def test_a_table_has_all_rows_of_its_dates(demo: Path) -> None:
    days = tipoff.open(demo)
    assert "predictions" in days.tables
    rows = days.table("predictions", "2024-03-01", "2024-04-01")
    assert rows["as_of"].n_unique() == 2
    assert [origin.game_date for origin in rows.origins] == [DAY]
    with pytest.raises(BadInputError, match="unknown table 'forecasts'"):
        days.table("forecasts", DAY)


def test_a_damaged_export_is_named(copied: Path) -> None:
    file = copied / "exports/v1/parquet/slate/2024-03-29.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(StorageError, match=re.escape(f"{file} is damaged")):
        tipoff.open(copied / "exports").slate(DAY)


@pytest.mark.parametrize(
    ("first", "last", "problem"),
    [
        ("29.3.2024", None, "'29.3.2024' is not a date; write it as YYYY-MM-DD"),
        (datetime(2024, 3, 29, tzinfo=UTC), None, "is not a game date"),
        (20240329, None, "20240329 is not a game date"),
        ("2024-03-29", "2024-03-28", "ends on 2024-03-28, before it starts on 2024-03-29"),
    ],
)
def test_a_wrong_date_is_refused(demo: Path, first: Any, last: Any, problem: str) -> None:
    with pytest.raises(BadInputError, match=problem):
        tipoff.open(demo).slate(first, last)


def test_an_unknown_kind_of_rows_is_refused(demo: Path) -> None:
    with pytest.raises(BadInputError, match=r"unknown frame 'grade'; there are slate, .*did you mean"):
        tipoff.open(demo).dates("grade")


@pytest.mark.parametrize(
    ("where", "error", "problem"),
    [
        ("s3://bucket/exports", ConfigurationError, "cannot be opened: expected a folder, a DuckDB file"),
        ("nowhere", BadInputError, "nowhere holds neither tipoff.duckdb nor exports"),
        ("duckdb:///nowhere/tipoff.duckdb", BadInputError, "there is no warehouse at nowhere/tipoff.duckdb"),
    ],
)
def test_a_place_without_days_is_refused_and_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: type[Exception], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=problem):
        tipoff.open(where)
    assert list(tmp_path.iterdir()) == []
