"""The desk that hands out recorded answers."""

from pathlib import Path

import pytest

from devtools.recorded_answers import Desk


@pytest.fixture(scope="session")
def desk(shared_data: Path) -> Desk:
    return Desk(shared_data)
