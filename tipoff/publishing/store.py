"""Where exports lie: a folder now, shaped like an object store: whole objects by path, written atomically."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from tipoff.atomic_write import atomic_write
from tipoff.errors import BadInputError, StorageError
from tipoff.settings import folder_of

CONTENT_TYPES: Final = {
    ".json": "application/json; charset=utf-8",
    ".jsonl": "application/x-ndjson; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_READABLE: Final = 0o644
"""Mode of an object: every user may read it, because a web server may run as another user."""


class ExportStore(Protocol):
    """Objects by path, such as "v1/status.json"; a reader sees the old one or the new one, never a part."""

    def read(self, path: str) -> bytes | None:
        """The object; None where there is none. Raises StorageError."""

    def write_if_changed(self, path: str, content: bytes) -> bool:
        """Make `content` the object; whether it was another before. On StorageError the old one stands."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold off other writers between a read and the write that depends on it."""


def open_store(url: str) -> ExportStore:
    """The store at `file://PATH`. Raises ConfigurationError for any other."""
    return FolderStore(folder_of(url))


def content_type(path: str) -> str:
    """Content type an object is served with. Raises BadInputError for a path that no export has."""
    suffix = PurePosixPath(path).suffix
    if suffix not in CONTENT_TYPES:
        raise BadInputError(f"{path}: exports end in {', '.join(CONTENT_TYPES)}")
    return CONTENT_TYPES[suffix]


class FolderStore:
    """Exports in a local folder, made when first written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes | None:
        try:
            return self.locate(path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"cannot read {self.folder / path}: {error.strerror}") from error

    def write_if_changed(self, path: str, content: bytes) -> bool:
        if self.read(path) == content:
            return False
        file = self.locate(path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(file, content, mode=_READABLE)
        except OSError as error:
            raise StorageError(
                f"cannot write {file}: {error.strerror}; what stood there before still stands"
            ) from error
        return True

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise StorageError(f"cannot write to {self.folder}: {error.strerror}") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def locate(self, path: str) -> Path:
        """The file of an object. Raises BadInputError for a path outside the store or of an unknown type."""
        content_type(path)
        parts = PurePosixPath(path).parts
        if path.startswith("/") or "\\" in path or "\0" in path or ".." in parts:
            raise BadInputError(f"{path!r} leaves the export store; paths are relative, without '..'")
        return self.folder.joinpath(*parts)
