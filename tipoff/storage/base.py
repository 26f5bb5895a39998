"""The object store protocol: bytes by name, in a folder or in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final, Protocol

from tipoff.errors import BadInputError

Change = Callable[[bytes | None], bytes | None]
"""Computes an object's new content from the present one; None means absent before and unchanged after."""

_MAX_NAME_BYTES: Final = 1024
"""The limit of Cloud Storage: https://cloud.google.com/storage/docs/objects#naming."""

_CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".jsonl": "application/x-ndjson; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8",
}


class ObjectStore(Protocol):
    """Stores objects by name, such as "v1/status.json". A reader sees the old or the new object, never a part.

    Every method raises BadInputError for an invalid name and StorageError if the store cannot do it.
    """

    concurrency: int
    """How many calls at the same time are faster than one after the other."""

    def read(self, name: str) -> bytes | None:
        """Return the object, or None if there is none."""

    def create(self, name: str, content: bytes) -> bool:
        """Store an object that never changes again; return whether it is new. An existing object stays as it is."""

    def update(self, name: str, change: Change) -> bool:
        """Replace the object with `change(present content)`; return whether it was written.

        No other writer comes in between; `change` runs again if one did.
        """

    def names(self, prefix: str) -> list[str]:
        """Return the names that start with a prefix, sorted."""

    def location(self, name: str) -> str:
        """Return the path or URL of an object, for messages and logs."""


def require_valid_name(name: str) -> None:
    """Raises BadInputError for a name that would leave the store or that no store can hold."""
    parts = PurePosixPath(name).parts
    is_plain = name == "/".join(parts) and not any(sign in name for sign in "\\\0\r\n")
    if not is_plain or not parts or ".." in parts or name.startswith("/") or len(name.encode()) > _MAX_NAME_BYTES:
        raise BadInputError(
            f"{name!r} is not a valid object name: use a relative path without '..' of at most {_MAX_NAME_BYTES} bytes"
        )


def content_type(name: str) -> str:
    """Return the content type of an object."""
    return _CONTENT_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
