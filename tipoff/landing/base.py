"""What a landing can do: keep every raw answer unchanged, and say what was asked and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Protocol

from pydantic import AwareDatetime

from tipoff.vocabulary import Frozen, Outcome


class LandedObject(Frozen):
    """Where a body lies. `new`: it was not there before."""

    key: str
    sha256: str
    bytes: int
    new: bool


class FetchRecord(Frozen):
    """One line of the manifest: what was asked, when, and what came back."""

    source: str
    game_date: date
    game_id: str | None = None
    part: str = ""
    url: str
    """The provider's, without secrets."""
    status: int | None = None
    """HTTP status; None when no answer came."""
    outcome: Outcome
    reason: str = ""
    bytes: int = 0
    key: str | None = None
    sha256: str | None = None
    fetched_at: AwareDatetime
    """On the day's clock."""
    etag: str | None = None


class BatchItem(Frozen):
    """One landed answer of a batch."""

    key: str
    game_id: str | None = None
    part: str = ""
    outcome: Outcome
    fetched_at: AwareDatetime | None = None
    """When it came, where answers of several looks stand beside each other; None: by the look that the batch is of."""


class Batch(Frozen):
    """The usable answers of a look at a source; only the key of the object that holds this travels on.

    Of a look that asks everything it says nothing of when: a later one that brings the same answers has the same key.
    """

    source: str
    game_date: date
    items: tuple[BatchItem, ...]


class Landing(Protocol):
    """An object store that only ever grows; every call can be repeated with the same result."""

    def put(self, source: str, game_date: date, body: bytes, suffix: str) -> LandedObject:
        """Keep a body as `raw/<source>/<date>/<sha256>.<suffix>`; the same content twice is one object.

        Raises StorageError when the store refuses; half a body never stands under a name.
        """

    def get(self, key: str) -> bytes:
        """The body under a key. Raises BadInputError for no key of ours, StorageError when it is unreadable."""

    def record(self, record: FetchRecord) -> None:
        """Add a line to the manifest; the same line twice is one."""

    def records(self, source: str, game_date: date, fetched_at: datetime | None = None) -> tuple[FetchRecord, ...]:
        """The manifest of a source and date in the order of fetching; `fetched_at`: of the look at that moment."""

    def newest_first(self, source: str, game_date: date | None = None) -> Iterator[FetchRecord]:
        """The manifest of a source, of one date or of all, the latest look first; a line is read when it is wanted."""
