"""The exports of an evening before its games."""

from typing import Any

import pytest

from tests.support.evening import DAY, WITH_LINES
from tests.unit.publishing.conftest import WALL_CLOCK
from tipoff.publishing.best_bets import publish_best_bets
from tipoff.publishing.envelope import Edition
from tipoff.publishing.reader_exports import publish_exports_of_players, publish_exports_of_tonight
from tipoff.publishing.status import publish_status, read_status
from tipoff.publishing.store import ExportStore
from tipoff.warehouse.base import Warehouse


@pytest.fixture
def evening_exports(before_tip: Warehouse, store: ExportStore, status: dict[str, Any]) -> ExportStore:
    """What readers find at 15:05, after the lines arrived."""
    edition = Edition(DAY, WITH_LINES, WALL_CLOCK)
    for publish in (publish_best_bets, publish_exports_of_tonight, publish_exports_of_players):
        publish(before_tip, store, edition)
    publish_status(store, read_status({**status, "now": WITH_LINES.isoformat()}), WALL_CLOCK)
    return store
