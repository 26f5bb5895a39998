"""The envelope around the payload of every export: which date, as known when, and how complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import AwareDatetime

from tipoff.vocabulary import Frozen, game_date_of

SCHEMA_VERSION: Final = 1
JsonObject = dict[str, Any]
"""A decoded JSON object."""


class ExportStatus(StrEnum):
    """Completeness of an export."""

    COMPLETE = "complete"
    DEGRADED = "degraded"  # inputs or games are missing; see degraded_reasons and missing_games
    EMPTY = "empty"  # the date has no games
    STALE = "stale"  # a newer version should exist by now


class Envelope(Frozen):
    """The common fields of every export. `as_of` is on the day's clock, `generated_at` on the wall clock."""

    schema_version: int = SCHEMA_VERSION
    """Changes when a field is removed or changes its meaning."""
    game_date: date
    """The Eastern date of the games that the export is about."""
    generated_at: AwareDatetime
    """When the file was written; in a replay it is later than everything else."""
    as_of: AwareDatetime
    """The time whose knowledge the export has."""
    status: ExportStatus
    """complete; degraded: inputs or games are missing; empty: the date has no games; stale: it should be newer."""
    degraded_reasons: tuple[str, ...] = ()
    """What was missing, in words."""
    missing_games: tuple[str, ...] = ()
    """Ids of the games that are left out or lack inputs."""
    backfilled: bool = False
    """Every prediction of it was made after its game began."""

    @property
    def is_of_today(self) -> bool:
        """Whether the date is today's on the day's clock."""
        return game_date_of(self.as_of) == self.game_date


class Completeness(NamedTuple):
    """What the content of an export says of itself."""

    empty: bool = False
    """The date has no games."""
    degraded: Sequence[str] = ()
    missing_games: Sequence[str] = ()
    stale: bool = False
    backfilled: bool = False


WHOLE: Final = Completeness()


class Edition(NamedTuple):
    """What is published: a date as known at `as_of` on the day's clock, and what the day lacks then."""

    game_date: date
    as_of: datetime
    generated_at: datetime
    """Wall-clock time."""
    degraded: Sequence[str] = ()
    missing_games: Sequence[str] = ()

    @property
    def is_of_today(self) -> bool:
        """Whether the date is today's on the day's clock."""
        return self.envelope().is_of_today

    def envelope(self, content: Completeness = WHOLE) -> Envelope:
        """Return the envelope of an export with this content."""
        reasons = tuple(dict.fromkeys((*self.degraded, *content.degraded)))
        missing = tuple(sorted({*self.missing_games, *content.missing_games}))
        return Envelope(
            game_date=self.game_date,
            generated_at=self.generated_at,
            as_of=self.as_of,
            status=export_status(empty=content.empty, degraded=reasons, missing_games=missing, stale=content.stale),
            degraded_reasons=reasons,
            missing_games=missing,
            backfilled=content.backfilled,
        )

    def envelope_of_season(self) -> Envelope:
        """Return the envelope of an export about more than the date, in which what the date lacks is no gap."""
        return self._replace(degraded=(), missing_games=()).envelope()


def export_status(
    *, empty: bool, degraded: Sequence[str], missing_games: Sequence[str], stale: bool = False
) -> ExportStatus:
    """Return the status of an export; `empty` means that its date has no games."""
    if empty:
        return ExportStatus.EMPTY
    if stale:
        return ExportStatus.STALE
    return ExportStatus.DEGRADED if degraded or missing_games else ExportStatus.COMPLETE


def decode(content: bytes) -> JsonObject:
    """Decode an export. Raises ValueError for anything but a JSON object."""
    loaded = json.loads(content)
    if not isinstance(loaded, dict):
        raise ValueError("it is no JSON object")
    return loaded
