"""Fixtures that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from runtime import cache_folder
from runtime.temporal_binary import find_or_install_temporal
from tests.support.unchecked import implausible_rows
from tipoff.replay.archive import Archive
from tipoff.replay.archive.importing import Imported, import_folder
from tipoff.replay.archive.writer import write_archive

PROJECT = Path(__file__).parents[1]

settings.register_profile("any machine", deadline=None)  # a loaded one may take any time for an example
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real past seasons and recorded responses; tests that need it are skipped without it."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("there is no folder ../shared/data with real data")
    return folder


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Let a test write rows that the checks of their tables refuse."""
    with implausible_rows():
        yield


@pytest.fixture(scope="session")
def payloads(shared_data: Path) -> Path:
    """Recorded responses, one folder for each provider."""
    return shared_data / "payloads"


@pytest.fixture(scope="session")
def sample() -> Path:
    """The committed archive: 2024-03-29 and the season before it."""
    return PROJECT / "sample"


@pytest.fixture(scope="session")
def real_seasons(shared_data: Path) -> Imported:
    """The real seasons, imported once; tests that use them belong to the xdist group "real_seasons"."""
    return import_folder(shared_data)


@pytest.fixture(scope="session")
def real_archive(real_seasons: Imported, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The archive of the real seasons."""
    folder = tmp_path_factory.mktemp("real") / "archive"
    write_archive(folder, real_seasons.frames, source="import", missing=real_seasons.missing)
    return Archive(folder)


@pytest.fixture(scope="session")
def temporal_binary() -> Path:
    """The Temporal CLI, whose dev server the tests use; installed if it is missing."""
    return find_or_install_temporal(cache_folder())
