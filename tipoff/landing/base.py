"""What the landing stores: response bodies, and a manifest of the requests."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from tipoff.vocabulary import Frozen, Outcome, Route


class LandedObject(Frozen):
    """The location of a stored body. `new` means that it was not stored before."""

    key: str
    sha256: str
    bytes: int
    new: bool


_ENTITY_TAG = re.compile(r'(?:W/)?"[!#-~]{0,254}"')
"""RFC 9110, section 8.8.3, in printable ASCII and of limited length."""


def well_formed_etag(text: str | None) -> str | None:
    """An ETag that can be sent back; None for any other: a request with it would fail."""
    return text if text and _ENTITY_TAG.fullmatch(text) else None


class FetchRecord(Frozen):
    """One entry of the manifest: a request and its response."""

    source: str
    game_date: date
    game_id: str | None = None
    part: str = ""
    url: str
    """The URL requested, without secrets."""
    route: Route = Route.DIRECT
    status: int | None = None
    """HTTP status; None without a response."""
    outcome: Outcome
    reason: str = ""
    bytes: int = 0
    key: str | None = None
    sha256: str | None = None
    fetched_at: AwareDatetime
    """On the day's clock."""
    etag: Annotated[str | None, AfterValidator(well_formed_etag)] = None
    """Only if well-formed, also when it is read from an earlier manifest."""


class BatchItem(Frozen):
    """One landed response of a batch."""

    key: str
    game_id: str | None = None
    part: str = ""
    outcome: Outcome
    fetched_at: AwareDatetime | None = None
    """Set if the batch combines responses of several polls; None means fetched by the poll of the batch."""


class Batch(Frozen):
    """The usable responses of a poll, stored as an object; workflows pass on its key only.

    A poll that requests everything sets no times, so a later poll with the same responses has the same key.
    """

    source: str
    game_date: date
    items: tuple[BatchItem, ...]
