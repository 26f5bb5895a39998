"""Phase 1: ask a source and land what it answers. Needs no warehouse."""

from __future__ import annotations

from collections.abc import Callable

from temporalio import activity

from activities.errors import awaiting
from activities.rate_limiter import rate_limiter_of
from activities.resources import Resources
from tipoff.collecting import collect
from tipoff.sources.base import Slate
from tipoff.vocabulary import CollectReport
from workflows.contracts import Activity, CollectRequest


class Collecting:
    """Looks at sources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.COLLECT.value)
    async def collect(self, request: CollectRequest) -> CollectReport:
        """One look at a source."""
        async with awaiting() as progress:
            return await poll(self._resources, request, progress)


async def poll(resources: Resources, request: CollectRequest, progress: Callable[[int, int], None]) -> CollectReport:
    """One look at a source; `progress` is told (questions settled, questions)."""
    return await collect(
        resources.sources[request.source],
        Slate(game_date=request.game_date, games=request.games),
        request.as_of,
        request.provider_ids,
        fetcher=resources.fetcher,
        landing=resources.landing,
        rate_limiter=rate_limiter_of(resources.settings, resources.now),
        progress=progress,
        force=request.force,
    )
