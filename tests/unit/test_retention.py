"""Which files the retention removes: by their age, and only where nothing reads them any more."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.resources import Resources
from activities.retention import RetentionActivities
from tipoff.errors import StorageError
from tipoff.landing.expiry import EXPIRY_DAYS
from tipoff.retention import WORK_DAYS, remove_expired_responses, remove_working_files
from tipoff.settings import Settings
from tipoff.vocabulary import RERUN_DAYS
from workflows.contracts.schedules import RetentionReport, ScheduledRun

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def file(path: Path, age: timedelta, content: str = "12345") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    modified = (NOW - age).timestamp()
    os.utime(path, (modified, modified))
    return path


@pytest.mark.parametrize("prefix", EXPIRY_DAYS)
def test_a_landed_file_is_removed_as_a_bucket_would_remove_it(tmp_path: Path, prefix: str) -> None:
    limit = timedelta(days=EXPIRY_DAYS[prefix])
    kept = file(tmp_path / prefix / "nbac_schedule/2024-11-25/a.json", limit - HOUR)
    expired = file(tmp_path / prefix / "nbac_schedule/2024-11-24/b.json", limit + HOUR)
    assert remove_expired_responses(tmp_path, NOW) == (1, 5)
    assert (kept.exists(), expired.exists()) == (True, False)


def test_only_responses_and_their_manifest_expire(tmp_path: Path) -> None:
    other = file(tmp_path / "notes.txt", timedelta(days=2 * RERUN_DAYS))
    assert remove_expired_responses(tmp_path, NOW) == (0, 0)
    assert remove_expired_responses(tmp_path / "absent", NOW) == (0, 0)
    assert other.exists()


def test_the_working_files_of_a_date_are_removed_together_when_none_is_young(tmp_path: Path) -> None:
    old, young = timedelta(days=WORK_DAYS) + HOUR, timedelta(days=WORK_DAYS) - HOUR
    file(tmp_path / "2026-10-01" / "features.parquet", old)
    file(tmp_path / "2026-10-01" / "history.parquet", old)
    file(tmp_path / "2026-10-02" / "features.parquet", old)
    file(tmp_path / "2026-10-02" / "features-of-a-backfill.parquet", young)
    file(tmp_path / "no-date" / "notes.txt", old)
    (tmp_path / "2026-11-25").mkdir()
    assert remove_working_files(tmp_path, NOW) == (1, 10)
    assert {folder.name for folder in tmp_path.iterdir()} == {"2026-10-02", "no-date", "2026-11-25"}


def test_a_file_that_cannot_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expired = file(tmp_path / "manifest/a/2024-01-01/b.json", timedelta(days=3 * RERUN_DAYS))

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match=f"{expired} cannot be removed: Permission denied"):
        remove_expired_responses(tmp_path, NOW)


@pytest.mark.parametrize(("landing", "removed"), [("file://{}/landing", 1), ("gs://bucket/landing", 0)])
def test_the_activity_leaves_a_bucket_to_its_own_rules(tmp_path: Path, landing: str, removed: int) -> None:
    file(tmp_path / "landing/raw/a/2020-01-01/b.json", timedelta(days=2000))
    file(tmp_path / "work/2020-01-01/features.parquet", timedelta(days=2000))
    settings = Settings(landing=landing.format(tmp_path), work=f"file://{tmp_path}/work")
    activities = RetentionActivities(Resources(settings, now=lambda: NOW))
    run = ScheduledRun(game_date=NOW.date(), as_of=NOW)
    report: RetentionReport = ActivityEnvironment().run(activities.remove_expired, run)
    assert report == RetentionReport(landed_files=removed, work_folders=1, bytes=5 + 5 * removed)
