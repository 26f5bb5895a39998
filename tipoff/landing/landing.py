"""The landing: stores every response body unchanged, and a manifest of the requests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from pydantic import ValidationError

from tipoff.errors import BadInputError, StorageError
from tipoff.landing.base import FetchRecord, LandedObject
from tipoff.storage.base import ObjectStore
from tipoff.storage.open import open_store

_NAME = r"[a-z0-9_]+(?:/[a-z0-9_]+)*"
_SOURCE = re.compile(_NAME)
_SUFFIX = re.compile(r"[a-z0-9]{1,8}")
_KEY = re.compile(rf"raw/{_NAME}/\d{{4}}-\d\d-\d\d/(?P<sha256>[0-9a-f]{{64}})\.[a-z0-9]{{1,8}}")
_CACHED_ENTRIES: Final = 4096


def open_landing(url: str) -> Landing:
    """Open the landing at `file://PATH` or `gs://BUCKET/PREFIX`. Raises ConfigurationError for any other URL."""
    return Landing(open_store(url))


class Landing:
    """An append-only store of responses; several processes may share it. Every call is idempotent."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.on_record: Callable[[FetchRecord], None] | None = None
        """Called with each new entry of the manifest, such as to count requests."""
        # Every poll reads the entries of its date again; they never change.
        self._entry = lru_cache(maxsize=_CACHED_ENTRIES)(self._read_entry)

    def put(self, source: str, game_date: date, body: bytes, suffix: str) -> LandedObject:
        """Store a body as `raw/<source>/<date>/<sha256>.<suffix>`; equal content is one object.

        Raises StorageError if it cannot be written; a partial body is never stored.
        """
        if not _SUFFIX.fullmatch(suffix):
            raise BadInputError(f"{suffix!r} is not a valid suffix of a landed object")
        sha256 = hashlib.sha256(body).hexdigest()
        key = f"raw/{_folder(source, game_date)}/{sha256}.{suffix}"
        new = self._store.create(key, body)
        return LandedObject(key=key, sha256=sha256, bytes=len(body), new=new)

    def get(self, key: str) -> bytes:
        """Return a body. Raises BadInputError for an invalid key, StorageError for a missing or damaged body."""
        match = _KEY.fullmatch(key)
        if not match:
            raise BadInputError(f"{key!r} is not a valid key of a landed object")
        body = self._store.read(key)
        if body is None:
            raise StorageError(f"{self._store.location(key)} is not in the landing; collect that date again")
        if hashlib.sha256(body).hexdigest() != match["sha256"]:
            raise StorageError(f"{self._store.location(key)} is damaged: delete it and collect that date again")
        return body

    def record(self, record: FetchRecord) -> None:
        """Add an entry to the manifest; equal entries are one."""
        is_new = self._store.create(_manifest_key(record), record.model_dump_json(indent=1).encode())
        if is_new and self.on_record is not None:
            self.on_record(record)

    def records(self, source: str, game_date: date, fetched_at: datetime | None = None) -> tuple[FetchRecord, ...]:
        """Return the entries of a source and date, oldest first; with `fetched_at` those of one poll."""
        poll = f"{_timestamp(fetched_at)}_" if fetched_at else ""
        records = map(self._entry, self._store.names(f"manifest/{_folder(source, game_date)}/{poll}"))
        return tuple(sorted(records, key=lambda record: (record.fetched_at, record.url, record.outcome)))

    def newest_first(self, source: str, game_date: date | None = None) -> Iterator[FetchRecord]:
        """Yield the entries of a source, of one date or all, newest first; each is read when it is reached.

        Those of a source whose name goes on below its own, such as that of box scores in play, are not among them.
        """
        folder = f"manifest/{_folder(source, game_date) if game_date else _valid_name(source)}/"
        depth = folder.count("/") + (0 if game_date else 1)
        keys = (key for key in self._store.names(folder) if key.count("/") == depth)
        for key in sorted(keys, key=lambda key: key.rpartition("/")[2], reverse=True):
            yield self._entry(key)

    def _read_entry(self, key: str) -> FetchRecord:
        try:
            return FetchRecord.model_validate_json(self._store.read(key) or b"")
        except ValidationError as error:
            location = self._store.location(key)
            raise StorageError(
                f"the manifest entry {location} is damaged: delete it and collect that date again"
            ) from error


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
