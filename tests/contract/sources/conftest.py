"""The recorded responses, as a fixture."""

from pathlib import Path

import pytest

from devtools.recorded_responses import Recordings


@pytest.fixture(scope="session")
def recordings(shared_data: Path) -> Recordings:
    return Recordings(shared_data)
