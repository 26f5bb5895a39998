"""Polls sources and lands their responses. Needs no warehouse."""

from __future__ import annotations

import asyncio

from temporalio import activity

from activities.heartbeats import Progress, heartbeating
from activities.rate_limiter import rate_limiter_for_activity
from activities.resources import Resources
from tipoff.collecting import collect
from tipoff.errors import TipoffError
from tipoff.landed import collect_landed
from tipoff.sources.base import Slate
from tipoff.sources.rate_limits import RateLimiter
from tipoff.vocabulary import CollectReport
from workflows.contracts import Activity, CollectReports, CollectRequest, CollectRequests


class CollectActivities:
    """Polls sources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.COLLECT.value)
    async def collect(self, request: CollectRequest) -> CollectReport:
        """Poll a source once."""
        async with heartbeating() as progress:
            return await poll(self._resources, request, progress)

    @activity.defn(name=Activity.COLLECT_TOGETHER.value)
    async def collect_together(self, requests: CollectRequests) -> CollectReports:
        """Poll several sources once; a TipoffError of one concerns no other."""
        rate_limiter = rate_limiter_for_activity(self._resources.settings, self._resources.now)
        async with heartbeating() as progress:
            reports = [await self._poll_if_possible(each, progress, rate_limiter) for each in requests.requests]
            return CollectReports(reports=tuple(reports))

    async def _poll_if_possible(
        self, request: CollectRequest, progress: Progress, rate_limiter: RateLimiter
    ) -> CollectReport | None:
        try:
            return await poll(self._resources, request, progress, rate_limiter)
        except TipoffError as error:
            activity.logger.info("%s is polled alone, because polling it with others failed: %s", request.source, error)
            return None


async def poll(
    resources: Resources, request: CollectRequest, progress: Progress, rate_limiter: RateLimiter | None = None
) -> CollectReport:
    """Poll a source once, or collect what was landed by a time. The polls of one activity share its rate limiter."""
    source, slate = resources.sources[request.source], Slate(game_date=request.game_date, games=request.games)
    if request.landed_by is not None:
        return await asyncio.to_thread(collect_landed, source, slate, request.landed_by, resources.landing)
    return await collect(
        source,
        slate,
        request.as_of,
        request.provider_ids,
        fetcher=resources.fetcher,
        landing=resources.landing,
        rate_limiter=rate_limiter or rate_limiter_for_activity(resources.settings, resources.now),
        progress=progress,
        force=request.force,
    )
