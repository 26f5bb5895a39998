"""The landing in a local folder."""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import ValidationError

from tipoff.atomic_write import atomic_write
from tipoff.errors import BadInputError, StorageError
from tipoff.landing.base import FetchRecord, LandedObject

_NAME = r"[a-z0-9_]+(?:/[a-z0-9_]+)*"
_SOURCE = re.compile(_NAME)
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")
_KEY = re.compile(rf"raw/{_NAME}/\d{{4}}-\d\d-\d\d/(?P<sha256>[0-9a-f]{{64}})\.[a-z0-9]{{1,8}}")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalLanding:
    """Stores objects and manifest below one folder; several processes may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, source: str, game_date: date, body: bytes, suffix: str) -> LandedObject:
        if not _SUFFIX.fullmatch(suffix):
            raise BadInputError(f"{suffix!r} is not a valid suffix of a landed object")
        sha256 = hashlib.sha256(body).hexdigest()
        key = f"raw/{_folder(source, game_date)}/{sha256}.{suffix}"
        new = self._write_once(self._root / key, body)
        return LandedObject(key=key, sha256=sha256, bytes=len(body), new=new)

    def get(self, key: str) -> bytes:
        match = _KEY.fullmatch(key)
        if not match:
            raise BadInputError(f"{key!r} is not a valid key of a landed object")
        try:
            body = (self._root / key).read_bytes()
        except FileNotFoundError as error:
            raise StorageError(f"{key} is not in the landing {self._root}; collect that date again") from error
        except OSError as error:
            raise StorageError(f"{key} in the landing {self._root} cannot be read: {error.strerror}") from error
        if hashlib.sha256(body).hexdigest() != match["sha256"]:
            raise StorageError(f"{key} in the landing {self._root} is damaged: delete it and collect that date again")
        return body

    def record(self, record: FetchRecord) -> None:
        self._write_once(self._root / _manifest_key(record), record.model_dump_json(indent=1).encode())

    def records(self, source: str, game_date: date, fetched_at: datetime | None = None) -> tuple[FetchRecord, ...]:
        folder = self._root / "manifest" / _folder(source, game_date)
        prefix = f"{_timestamp(fetched_at)}_" if fetched_at else "[!.]"
        records = (_read_record(file) for file in folder.glob(f"{prefix}*.json"))
        return tuple(sorted(records, key=lambda record: (record.fetched_at, record.url, record.outcome)))

    def newest_first(self, source: str, game_date: date | None = None) -> Iterator[FetchRecord]:
        dates = game_date.isoformat() if game_date else "*"
        files = (self._root / "manifest" / _valid_name(source)).glob(f"{dates}/[!.]*.json")
        for file in sorted(files, key=lambda file: file.name, reverse=True):
            yield _read_record(file)

    def _write_once(self, path: Path, body: bytes) -> bool:
        """Write a file unless it exists; return whether it is new. Names are hashes of the content."""
        if path.exists():
            return False
        with _as_storage_error(path, len(body)):
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, body)
        return True


def _folder(source: str, game_date: date) -> str:
    return f"{_valid_name(source)}/{game_date.isoformat()}"


def _valid_name(source: str) -> str:
    if not _SOURCE.fullmatch(source):
        raise BadInputError(f"{source!r} is not a valid source name")
    return source


def _manifest_key(record: FetchRecord) -> str:
    """Return a key that sorts by time; equal entries of one poll have the same key."""
    content = record.model_dump_json(exclude={"fetched_at"})
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return f"manifest/{_folder(record.source, record.game_date)}/{_timestamp(record.fetched_at)}_{digest}.json"


def _timestamp(fetched_at: datetime) -> str:
    return f"{fetched_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _read_record(file: Path) -> FetchRecord:
    try:
        return FetchRecord.model_validate_json(file.read_bytes())
    except OSError as error:
        raise StorageError(f"the manifest entry {file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise StorageError(f"the manifest entry {file} is damaged: delete it and collect that date again") from error


@contextmanager
def _as_storage_error(path: Path, size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            advice = "no space left: free some or move the landing (`landing` in tipoff.toml), then retry the step"
        else:
            advice = f"{error.strerror}: make the folder writable, then retry the step"
        raise StorageError(f"{path} ({size} bytes) could not be written, {advice}") from error
