"""The export store: objects by path, written atomically; implemented as a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from filelock import FileLock

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
    """Stores objects by path, such as "v1/status.json". A reader sees the old or the new object, never a part."""

    def read(self, path: str) -> bytes | None:
        """Return the object, or None if there is none. Raises StorageError."""

    def write_if_changed(self, path: str, content: bytes) -> bool:
        """Replace the object; return whether it changed. Raises StorageError and keeps the old object then."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Lock out other writers between a read and the write that depends on it."""


def open_store(url: str) -> ExportStore:
    """Open the store at `file://PATH`. Raises ConfigurationError for any other URL."""
    return FolderStore(folder_of(url))


def content_type(path: str) -> str:
    """Return the content type of an object. Raises BadInputError for an unknown file suffix."""
    suffix = PurePosixPath(path).suffix
    if suffix not in CONTENT_TYPES:
        raise BadInputError(f"{path} is not an export; exports end in {', '.join(CONTENT_TYPES)}")
    return CONTENT_TYPES[suffix]


class FolderStore:
    """Stores exports in a local folder, which is created by the first write."""

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
            raise StorageError(f"cannot write {file}: {error.strerror}; the existing file is unchanged") from error
        return True

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / ".lock")
            lock.acquire()
        except OSError as error:
            raise StorageError(f"cannot write to {self.folder}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def locate(self, path: str) -> Path:
        """Return the file of an object. Raises BadInputError for a path outside the store or of an unknown type."""
        content_type(path)
        parts = PurePosixPath(path).parts
        if path.startswith("/") or "\\" in path or "\0" in path or ".." in parts:
            raise BadInputError(f"{path!r} is outside the export store; paths are relative, without '..'")
        return self.folder.joinpath(*parts)
