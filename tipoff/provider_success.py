"""How often each provider answered usably in the last 24 hours, counted from the landing's manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from tipoff.landing.base import FetchRecord
from tipoff.landing.landing import Landing
from tipoff.sources.game_boxscores import BoxscoresInPlay
from tipoff.sources.outcomes import OUTCOME_POLICIES
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Outcome

RECENT = timedelta(hours=24)
LANDED: Final = (*SOURCES, BoxscoresInPlay.name)
"""The names below which responses are landed."""


class ProviderSuccess(NamedTuple):
    """The requests to one host, by what came of them. A request without a response counts as failed."""

    usable: int = 0
    not_yet: int = 0
    """Not published yet, which is no fault of the provider."""
    failed: int = 0
    last_block: datetime | None = None
    """When it last blocked one of our addresses."""

    @property
    def requests(self) -> int:
        return self.usable + self.not_yet + self.failed

    @property
    def rate(self) -> float | None:
        """Share of usable responses; "not published yet" does not count. None: there are no others."""
        decided = self.usable + self.failed
        return self.usable / decided if decided else None


def hosts() -> tuple[str, ...]:
    """The hosts of all sources, each once."""
    providers = (provider for source in SOURCES.values() for provider in (source.provider, *source.other_providers))
    return tuple(dict.fromkeys(provider.host for provider in providers))


def recent_success(landing: Landing, now: datetime) -> Mapping[str, ProviderSuccess]:
    """Every host's requests of the last 24 hours."""
    return success_by_host(recent_records(landing, now))


def recent_records(landing: Landing, now: datetime) -> tuple[FetchRecord, ...]:
    """Every request of the last 24 hours."""
    start = now - RECENT
    return tuple(
        record
        for name in LANDED
        for record in takewhile(lambda record: record.fetched_at >= start, landing.newest_first(name))
    )


def last_usable(records: Iterable[FetchRecord]) -> Mapping[str, datetime]:
    """When each source, or one of its fallback sources, answered usably last.

    Box scores of games in play are landed below the name of their source and are none of a step.
    """
    last: dict[str, datetime] = {}
    for record in records:
        if record.source in SOURCES and OUTCOME_POLICIES[record.outcome].usable:
            for name in (record.source, *SOURCES[record.source].fallback_for):
                last[name] = max(record.fetched_at, last.get(name, record.fetched_at))
    return last


def success_by_host(records: Iterable[FetchRecord]) -> Mapping[str, ProviderSuccess]:
    """The requests of these records by host; every host of a source is there."""
    by_host: dict[str, list[FetchRecord]] = {host: [] for host in hosts()}
    for record in records:
        by_host.setdefault(urlsplit(record.url).hostname or record.url, []).append(record)
    return {host: _success(records) for host, records in by_host.items()}


def _success(records: list[FetchRecord]) -> ProviderSuccess:
    usable = sum(OUTCOME_POLICIES[record.outcome].usable for record in records)
    not_yet = sum(record.outcome is Outcome.NOT_PUBLISHED_YET for record in records)
    blocks = (record.fetched_at for record in records if record.outcome is Outcome.BLOCKED)
    return ProviderSuccess(usable, not_yet, len(records) - usable - not_yet, max(blocks, default=None))
