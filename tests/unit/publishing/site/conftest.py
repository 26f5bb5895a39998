"""The exports of an evening before and after its games, published once for all tests of a module."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.support.evening import DAY, NEXT_MORNING, WITH_LINES
from tests.unit.publishing.conftest import WALL_CLOCK
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.envelope import Edition
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.results import publish_results
from tipoff.publishing.status import PublishResult, publish_status, read_status
from tipoff.publishing.store import ExportStore, open_exports
from tipoff.warehouse.base import Warehouse

Publish = Callable[[Warehouse, ExportStore, Edition], PublishResult]


@pytest.fixture(scope="module")
def published_evening(before_tip: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _published(tmp_path_factory, before_tip, WITH_LINES, (publish_best_bets, publish_exports_of_tonight))


@pytest.fixture(scope="module")
def published_morning(morning_after: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _published(tmp_path_factory, morning_after, NEXT_MORNING, (publish_results, publish_exports_of_players))


def _published(
    factory: pytest.TempPathFactory, warehouse: Warehouse, as_of: datetime, publish: tuple[Publish, ...]
) -> Path:
    folder = factory.mktemp("exports")
    for each in publish:
        each(warehouse, open_exports(f"file://{folder}"), Edition(DAY, as_of, WALL_CLOCK))
    return folder


@pytest.fixture
def evening_exports(published_evening: Path, tmp_path: Path, status: dict[str, Any]) -> ExportStore:
    """What readers find at 15:05, after the lines arrived."""
    copytree(published_evening, tmp_path / "exports")
    store = open_exports(f"file://{tmp_path / 'exports'}")
    publish_status(store, read_status({**status, "now": WITH_LINES.isoformat()}), WALL_CLOCK)
    return store


@pytest.fixture
def morning_exports(
    published_morning: Path, evening_exports: ExportStore, tmp_path: Path, status: dict[str, Any]
) -> ExportStore:
    """What readers find on the next morning, after the grades."""
    copytree(published_morning, tmp_path / "exports", dirs_exist_ok=True)
    publish_status(evening_exports, read_status(status), WALL_CLOCK)
    return evening_exports
