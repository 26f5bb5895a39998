"""Atomic replacement of a file; standard library only, because the bootstrap uses it too."""

import os
import tempfile
from pathlib import Path


def atomic_write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace the file with `content`: after a crash it holds the old content or the new, never a part.

    The content is synced to disk before the rename, the folder after it. Raises OSError; the old file stays then.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
