"""How a date ended is exported from the warehouse, and read without it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tipoff.errors import BadInputError
from tipoff.publishing.ended_days import publish_ended_day, read_ended_day
from tipoff.publishing.envelope import decode
from tipoff.publishing.store import ExportStore
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import DataQuality, EndedRun, RunState, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from tipoff.warehouse.execution_log import log_run, phase_status

DAY = date(2024, 3, 29)
FILE = f"v1/days/{DAY}.json"


@pytest.fixture
def row(tmp_path: Path) -> dict[str, Any]:
    """The row of a date that was cancelled before its first step ran."""
    warehouse = DuckDbWarehouse(tmp_path / "test.duckdb")
    warehouse.migrate()
    log_run(
        warehouse,
        EndedRun(
            game_date=DAY,
            run_id="run",
            is_rerun=False,
            virtual=False,
            state=RunState.CANCELLED,
            data_quality=DataQuality.DEGRADED,
            backfilled=True,
            games=3,
            started_at=eastern(DAY, 5),
            ended_at=eastern(DAY, 6),
            sentence="cancelled",
            steps=(),
        ),
    )
    computed = phase_status(warehouse, DAY)
    warehouse.close()
    return computed


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    return ExportStore(FolderStore(tmp_path / "exports"))


def test_the_export_has_all_columns_and_is_read_back(row: dict[str, Any], store: ExportStore) -> None:
    publish_ended_day(store, row, eastern(DAY, 7))
    day = read_ended_day(store, DAY)
    assert day is not None
    assert (day.status, day.data_quality, day.games, day.ended_at) == ("CANCELLED", "DEGRADED", 3, eastern(DAY, 6))
    assert (day.publication_minutes, day.success_rate) == (None, None)
    export = decode(store.read(FILE) or b"")
    assert export["day"].keys() == row.keys()
    assert (export["status"], export["degraded_reasons"], export["backfilled"]) == ("degraded", ["cancelled"], True)
    assert export["as_of"] == "2024-03-29T10:00:00Z"


@pytest.mark.parametrize("quality", [DataQuality.UNKNOWN, DataQuality.COMPLETE])
def test_a_date_that_was_cancelled_is_not_exported_as_complete(
    row: dict[str, Any], store: ExportStore, quality: DataQuality
) -> None:
    publish_ended_day(store, {**row, "data_quality": quality}, eastern(DAY, 7))
    export = decode(store.read(FILE) or b"")
    assert (export["status"], export["degraded_reasons"]) == ("degraded", ["cancelled"])


def test_a_date_that_has_not_ended_has_no_export(store: ExportStore) -> None:
    assert read_ended_day(store, DAY) is None


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"day": {"status": "COMPLETE"}}', b"{}"])
def test_a_damaged_export_is_named(store: ExportStore, content: bytes) -> None:
    store.write_if_changed(FILE, content)
    with pytest.raises(BadInputError, match=rf"{FILE} is not the export of a day"):
        read_ended_day(store, DAY)
