"""An object store in a local folder, which the first write creates."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock

from tipoff.atomic_write import atomic_write
from tipoff.errors import StorageError
from tipoff.storage.base import Change, require_valid_name
from tipoff.vocabulary import counted

_LOCK: Final = ".lock"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FolderStore:
    """A `tipoff.storage.base.ObjectStore` in a folder; several processes may share it."""

    concurrency = 1
    """Writers wait for each other."""

    def __init__(self, folder: Path, mode: int = 0o600) -> None:
        self.folder = folder
        self._mode = mode
        self._lock = FileLock(folder / _LOCK)

    def read(self, name: str) -> bytes | None:
        file = self.locate(name)
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{file} cannot be read: {error.strerror}") from error

    def create(self, name: str, content: bytes) -> bool:
        file = self.locate(name)
        if file.exists():
            return False
        with self._locked():
            is_new = not file.exists()
            if is_new:
                self._write(file, content)
        return is_new

    def update(self, name: str, change: Change) -> bool:
        file = self.locate(name)
        with self._locked():
            content = change(self.read(name))
            if content is not None:
                self._write(file, content)
        return content is not None

    def names(self, prefix: str) -> list[str]:
        folder, _, _ = prefix.rpartition("/")
        files = (file for file in (self.folder / folder).rglob("*") if not file.name.startswith("."))
        names = (file.relative_to(self.folder).as_posix() for file in files if file.is_file())
        return sorted(name for name in names if name.startswith(prefix))

    def location(self, name: str) -> str:
        return str(self.locate(name).absolute())

    def locate(self, name: str) -> Path:
        """Return the file of an object. Raises BadInputError for an invalid name."""
        require_valid_name(name)
        return self.folder / name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except OSError as error:
            raise StorageError(f"{self.folder} cannot be written: {error.strerror}") from error
        try:
            yield
        finally:
            self._lock.release()

    def _write(self, file: Path, content: bytes) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(file, content, mode=self._mode)
        except OSError as error:
            if error.errno in _FULL:
                advice = "no space left: free some, or name a folder on another disk in tipoff.toml"
            else:
                advice = f"{error.strerror}: make the folder writable"
            raise StorageError(
                f"{file} ({counted(len(content), 'byte')}) could not be written, and what it held is unchanged; "
                f"{advice}, then retry the step"
            ) from error
