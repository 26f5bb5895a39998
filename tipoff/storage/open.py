"""Opens the object store of a URL."""

from __future__ import annotations

from tipoff.settings import folder_of
from tipoff.storage.base import ObjectStore
from tipoff.storage.folder import FolderStore


def open_store(url: str, mode: int = 0o600) -> ObjectStore:
    """Open the store at `file://PATH`, whose files get this mode, or at `gs://BUCKET/PREFIX`.

    Raises ConfigurationError for any other URL.
    """
    if url.startswith("gs://"):
        from tipoff.storage.bucket import BucketStore  # the client takes two seconds to import

        return BucketStore(url)
    return FolderStore(folder_of(url), mode)
