"""The export store: exports by path, such as "v1/status.json"."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Final, TypeVar

from tipoff.errors import BadInputError
from tipoff.storage.base import Change, ObjectStore
from tipoff.storage.open import open_store

Item = TypeVar("Item")
Result = TypeVar("Result")

_SUFFIXES: Final = (".json", ".jsonl", ".html", ".css", ".parquet")
_MODE: Final = 0o644
"""Every user may read an export, because a web server may run as another user."""


def open_exports(url: str) -> ExportStore:
    """Open the exports at `file://PATH` or `gs://BUCKET/PREFIX`. Raises ConfigurationError for any other URL."""
    return ExportStore(open_store(url, _MODE))


class ExportStore:
    """Exports in an object store. A failed write raises StorageError and keeps the old export."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._written_once: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        """Return an export, or None if there is none."""
        return self._store.read(_valid(path))

    def create(self, path: str, content: bytes) -> bool:
        """Store an export that never changes again; return False, and keep the present one, if there is one."""
        return self._store.create(_valid(path), content)

    def update(self, path: str, change: Change) -> bool:
        """Replace an export as `tipoff.storage.base.ObjectStore.update` does; return whether it was written."""
        return self._store.update(_valid(path), change)

    def write_if_changed(self, path: str, content: bytes) -> bool:
        """Replace an export; return whether it changed."""
        return self.update(path, lambda present: None if present == content else content)

    def names(self, prefix: str) -> list[str]:
        """Return the paths of the exports that start with a prefix, sorted."""
        return self._store.names(prefix)

    def write_once(self, path: str, content: bytes) -> None:
        """Replace an export unless this process has written the same before, which spares a read of a bucket."""
        if self._written_once.get(path) != content:
            self.write_if_changed(path, content)
            self._written_once[path] = content

    def each(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return `function(item)` of each item, in order; calls that read and write exports overlap in a bucket."""
        with ThreadPoolExecutor(self._store.concurrency, "exports") as threads:
            return list(threads.map(function, items))

    def location(self, path: str) -> str:
        """Return the path or URL of an export, for messages and logs."""
        return self._store.location(_valid(path))


def _valid(path: str) -> str:
    """Raises BadInputError for an unknown file suffix."""
    if PurePosixPath(path).suffix not in _SUFFIXES:
        raise BadInputError(f"{path} is not an export; exports end in {', '.join(_SUFFIXES)}")
    return path
