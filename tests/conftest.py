"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

from runtime import cache_folder
from runtime.temporal_binary import find_or_install_temporal

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real past seasons and recorded answers; tests that need it skip without it."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real data (../shared/data) is not beside the project")
    return folder


@pytest.fixture(scope="session")
def payloads(shared_data: Path) -> Path:
    """Recorded answers of the providers, one folder each."""
    return shared_data / "payloads"


@pytest.fixture(scope="session")
def sample() -> Path:
    """The committed archive: 2024-03-29 with the season up to it."""
    return PROJECT / "sample"


@pytest.fixture(scope="session")
def temporal_binary() -> Path:
    """The CLI whose dev server is the real Temporal server of the tests; installed when it is not there yet."""
    return find_or_install_temporal(cache_folder())
