"""Follows games in progress: collects and processes in one activity, since two for each poll would double a history."""

from __future__ import annotations

import asyncio
from datetime import datetime

from temporalio import activity

from activities.collect import poll
from activities.heartbeats import Progress, heartbeating
from activities.process import process_batch
from activities.resources import Resources
from tipoff.vocabulary import USABLE, Cadence, SourceReport
from workflows.contracts import Activity, CollectRequest, ProcessRequest


class FollowActivities:
    """Polls what changes while games run."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._now = resources.now

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: CollectRequest) -> SourceReport:
        """Poll and process once, or by the real clock until a poll changes what the day decides by."""
        async with heartbeating() as progress:
            if request.again is None:
                return await self._poll(request, request.as_of, progress)
            return await self._poll_repeatedly(request, request.again, progress)

    async def _poll_repeatedly(self, request: CollectRequest, cadence: Cadence, progress: Progress) -> SourceReport:
        """Poll until a game is over or has a tip-off, a refusal, the end of the cadence or the worker's shutdown."""
        as_of = self._due_poll(cadence)
        report = await self._poll(request, as_of, progress)
        unfinished = report.missing_games
        while report.outcome in USABLE and report.missing_games == unfinished and report.games is None:
            as_of = max(as_of + cadence.every, self._due_poll(cadence))
            if as_of > cadence.until or await self._shuts_down_before(as_of):
                break
            report = _merged(report, await self._poll(request, as_of, progress))
        return report

    def _due_poll(self, cadence: Cadence) -> datetime:
        """The latest poll time that has passed, so that a late worker does not date its poll back."""
        passed = min(self._now(), cadence.until) - cadence.start
        return cadence.start + max(passed // cadence.every, 0) * cadence.every

    async def _shuts_down_before(self, time: datetime) -> bool:
        """Wait until a time; True at once when the worker shuts down before it."""
        shutdown = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        done, _ = await asyncio.wait({shutdown}, timeout=(time - self._now()).total_seconds())
        shutdown.cancel()
        return bool(done)

    async def _poll(self, request: CollectRequest, as_of: datetime, progress: Progress) -> SourceReport:
        request = request.model_copy(update={"as_of": as_of})
        collected = await poll(self._resources, request, progress)
        if collected.usable_batch is None:
            return collected.without_batch().model_copy(update={"polled_at": as_of})
        landed = ProcessRequest(
            source=request.source,
            batch_key=collected.usable_batch,
            game_date=request.game_date,
            games=request.games,
            as_of=as_of,
        )
        report = await asyncio.to_thread(process_batch, self._resources, landed)
        return collected.with_batch(report).model_copy(update={"polled_at": as_of})


def _merged(earlier: SourceReport, later: SourceReport) -> SourceReport:
    """The later report with the alerts of both; an unusable poll knows no versions of the data."""
    return later.model_copy(
        update={"versions": earlier.versions | later.versions, "alerts": earlier.alerts | later.alerts}
    )
