"""The evening of 2024-03-29, before and after its games."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support import evening
from tipoff.grading.accuracy import grade_date
from tipoff.publishing.store import ExportStore
from tipoff.storage.folder import FolderStore
from tipoff.vocabulary import eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

WALL_CLOCK = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    return ExportStore(FolderStore(tmp_path / "exports"))


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """An empty warehouse."""
    opened = open_warehouse(f"duckdb:///{tmp_path}/tipoff.duckdb")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def before_tip(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Warehouse]:
    """Predicted at 13:30 without lines and at 15:05 with them; nothing played. Not to be written to."""
    opened = open_warehouse(f"duckdb:///{tmp_path_factory.mktemp('before')}/tipoff.duckdb")
    opened.migrate()
    evening.load_slate(opened, sample)
    evening.load_predictions(opened, sample)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def morning_after(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Warehouse]:
    """The same evening played and graded. Not to be written to."""
    opened = open_warehouse(f"duckdb:///{tmp_path_factory.mktemp('after')}/tipoff.duckdb")
    opened.migrate()
    evening.load_predictions(opened, sample)
    evening.load_reports(opened, sample)
    evening.load_results(opened, sample)
    grade_date(opened, evening.DAY, evening.NEXT_MORNING)
    yield opened
    opened.close()


@pytest.fixture
def status() -> dict[str, Any]:
    """A day that ended complete, its lines late and one injury report never read."""
    day = evening.DAY
    return {
        "game_date": day.isoformat(),
        "state": "COMPLETE",
        "phase": "grade",
        "data_quality": "DEGRADED",
        "sentence": "All 12 games are graded; the injury report was never read.",
        "now": evening.NEXT_MORNING.isoformat(),
        "virtual": False,
        "held": False,
        "games": [],
        "postponed_games": [],
        "predictions_due": None,
        "first_published_at": eastern(day, 13, 30).isoformat(),
        "refreshed_at": [eastern(day, 15, 5).isoformat()],
        "degradations": [
            {
                "step": "odds_api_player_points_props",
                "reason": "no lines by 13:30 ET",
                "games": ["0022301062"],
                "since": eastern(day, 13, 30).isoformat(),
                "resolved_at": eastern(day, 15, 5).isoformat(),
            },
            {
                "step": "nbac_injury_report",
                "reason": "no injury report",
                "games": ["0022301073"],
                "since": eastern(day, 13, 0).isoformat(),
            },
        ],
        "audit": [
            {
                "at": eastern(day, 14).isoformat(),
                "via": "update",
                "command": "force_continue",
                "target": "lines",
                "who": "ana",
                "why": "the book is down",
                "accepted": True,
                "result": "lines goes on without waiting",
            }
        ],
        "steps": [
            {
                "name": "nbac_injury_report",
                "title": "NBA injury report",
                "phase": "collect",
                "state": "DEGRADED",
                "critical": False,
                "rows": 120,
                "polls": 3,
                "reason": "no injury report",
            }
        ],
        "attention": [],
        "alerts": [],
        "counts": {"predictions": 442},
    }
