"""A store of alerts, and real local receivers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.alert_receivers import HookServer, MailServer, hook_server, mail_server
from tipoff.publishing.store import ExportStore
from tipoff.storage.folder import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> ExportStore:
    return ExportStore(FolderStore(tmp_path / "exports"))


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server
