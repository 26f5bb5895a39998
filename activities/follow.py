"""While games run: ask and read in one go. Every three minutes of an evening, two activities a look add up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from temporalio import activity

from activities.collect import poll
from activities.errors import awaiting
from activities.process import read
from activities.resources import Resources
from tipoff.vocabulary import USABLE, Cadence, SourceReport
from workflows.contracts import Activity, CollectRequest, ProcessRequest

Progress = Callable[[int, int], None]


class Following:
    """Looks at what changes while games run."""

    def __init__(self, resources: Resources, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._resources = resources
        self._now = now

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: CollectRequest) -> SourceReport:
        """A look, landed and read; by the real clock again and again, until one tells what the day decides by."""
        async with awaiting() as progress:
            if request.again is None:
                return await self._look(request, request.as_of, progress)
            return await self._keep_looking(request, request.again, progress)

    async def _keep_looking(self, request: CollectRequest, again: Cadence, progress: Progress) -> SourceReport:
        """As long as the same games are not over, and neither the provider nor the end of the worker is in the way."""
        moment = self._latest(again)
        report = await self._look(request, moment, progress)
        unfinished = report.missing_games
        while report.outcome in USABLE and report.missing_games == unfinished:
            moment = max(moment + again.every, self._latest(again))
            if moment > again.until or await self._stops_before(moment):
                break
            report = _joined(report, await self._look(request, moment, progress))
        return report

    def _latest(self, again: Cadence) -> datetime:
        """The look that is due: a worker that comes late, or after one that died, does not date its look back."""
        passed = min(self._now(), again.until) - again.start
        return again.start + max(passed // again.every, 0) * again.every

    async def _stops_before(self, moment: datetime) -> bool:
        """Wait for a moment; whether the worker is told to stop before it comes."""
        stopping = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        done, _ = await asyncio.wait({stopping}, timeout=(moment - self._now()).total_seconds())
        stopping.cancel()
        return bool(done)

    async def _look(self, request: CollectRequest, moment: datetime, progress: Progress) -> SourceReport:
        asked = request.model_copy(update={"as_of": moment})
        collected = await poll(self._resources, asked, progress)
        if collected.usable_batch is None:
            return collected.without_batch().model_copy(update={"polled_at": moment})
        landed = ProcessRequest(
            source=asked.source,
            batch_key=collected.usable_batch,
            game_date=asked.game_date,
            games=asked.games,
            as_of=moment,
        )
        report = await asyncio.to_thread(read, self._resources, landed)
        return collected.with_batch(report).model_copy(update={"polled_at": moment})


def _joined(earlier: SourceReport, later: SourceReport) -> SourceReport:
    """What two looks brought: the last word of the later, the news of both."""
    news = [report.changed_games or () for report in (earlier, later) if report.changed]
    return later.model_copy(
        update={
            "changed": bool(news),
            "changed_games": tuple(dict.fromkeys(game for games in news for game in games)),
            "alerts": earlier.alerts | later.alerts,
        }
    )
