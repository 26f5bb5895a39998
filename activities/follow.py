"""Follows games in progress: collects and processes in one activity, since two for each poll would double a history."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from temporalio import activity

from activities.collect import poll
from activities.heartbeats import Progress, heartbeating
from activities.process import process_batch
from activities.resources import Resources
from tipoff.vocabulary import USABLE, Cadence, SourceReport
from workflows.contracts import Activity, CollectRequest, ProcessRequest

Poll = Callable[[datetime], Awaitable[SourceReport]]
"""Polls as of a time."""
NextPoll = Callable[[datetime], Awaitable[datetime | None]]
"""Waits for the poll after a time and returns its time; None: there is none."""


class FollowActivities:
    """Polls what changes while games run."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._now = resources.now

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: CollectRequest) -> SourceReport:
        """Poll and process once, or again and again until a poll changes what the day decides by."""
        async with heartbeating() as progress:
            if request.again is None:
                return await self._poll(request, progress, request.as_of)
            return await self._poll_repeatedly(request, request.again, progress)

    async def _poll_repeatedly(self, request: CollectRequest, cadence: Cadence, progress: Progress) -> SourceReport:
        """Poll until a poll changes something, the cadence ends or the worker shuts down."""
        if request.virtual:
            return await poll_until_change(
                request, request.as_of, partial(self._poll, request, progress), next_virtual_poll(cadence)
            )
        as_of = max(request.as_of, self._due_poll(cadence))
        return await poll_until_change(request, as_of, partial(self._poll, request, progress), self._next_poll(cadence))

    def _next_poll(self, cadence: Cadence) -> NextPoll:
        async def wait(last: datetime) -> datetime | None:
            poll = max(cadence.first_after(last), self._due_poll(cadence))
            return None if poll > cadence.until or await self._shuts_down_before(poll) else poll

        return wait

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

    async def _poll(self, request: CollectRequest, progress: Progress, as_of: datetime) -> SourceReport:
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


async def poll_until_change(request: CollectRequest, as_of: datetime, poll: Poll, next_poll: NextPoll) -> SourceReport:
    """Poll as of a time and its next ones, until a poll changes something or there is no next one."""
    report = await poll(as_of)
    while _changes_nothing(report, request) and (time := await next_poll(as_of)) is not None:
        as_of = time
        report = _merged(report, await poll(as_of))
    return report


def next_virtual_poll(cadence: Cadence) -> NextPoll:
    """The next poll in virtual time, which is not waited for."""

    async def at_once(last: datetime) -> datetime | None:
        poll = cadence.first_after(last)
        return poll if poll <= cadence.until else None

    return at_once


def _changes_nothing(report: SourceReport, request: CollectRequest) -> bool:
    """Whether the same games are unfinished, nothing was refused, and the provider named no other time."""
    unfinished = set(report.missing_games)
    same_games = bool(unfinished) and unfinished == set(request.missing_games) and report.games is None
    return same_games and report.outcome in USABLE and report.retry_at is None and not report.parks


def _merged(earlier: SourceReport, later: SourceReport) -> SourceReport:
    """The later report with the polls and alerts of both; an unusable poll knows no versions of the data."""
    return later.model_copy(
        update={
            "polls": earlier.polls + later.polls,
            "versions": earlier.versions | later.versions,
            "alerts": earlier.alerts | later.alerts,
        }
    )
