"""Follows games in progress: polls and processes the scoreboard, polls box scores, and writes the live exports.

One activity does all of it, since one for each would multiply a history by four.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from temporalio import activity

from activities.collect import poll
from activities.heartbeats import Progress, heartbeating
from activities.process import process_batch
from activities.rate_limiter import rate_limiter_for_activity
from activities.resources import Resources
from tipoff.collecting import collect
from tipoff.errors import TipoffError
from tipoff.live_games import BOX_SCORES, box_scores_due, landed_games
from tipoff.publishing.envelope import Edition
from tipoff.publishing.live import publish_live
from tipoff.publishing.site.site import PAGES_OF_EVENING, publish_site
from tipoff.sources.base import Slate
from tipoff.vocabulary import SourceReport
from workflows.contracts import Activity, CollectRequest, ProcessRequest
from workflows.contracts.live_scoring import FollowRequest

BOX_SCORE_ROUNDS = 2
"""At how many of its polls an activity also requests box scores: each game has one then. In a replay the exports of the
other polls would be overwritten before anybody could read them."""
Poll = Callable[[datetime], Awaitable[SourceReport]]
"""Polls as of a time."""


class FollowActivities:
    """Polls what changes while games run."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: FollowRequest) -> SourceReport:
        """Poll the scoreboard at each time until a poll changes something, then the box scores; write the exports."""
        async with heartbeating() as progress:

            async def poll_scoreboard(as_of: datetime) -> SourceReport:
                return await self._poll_scoreboard(request, as_of, progress)

            report = await poll_until_news(request, poll_scoreboard)
            if request.unwatched and not report.is_news_after(request.missing_games):
                return report
            last = report.polled_at or request.times[-1]
            polled = [time for time in request.times if time <= last]
            called_off = await self._publish_live(request, polled[-BOX_SCORE_ROUNDS:], progress)
            return report.model_copy(update={"alerts": report.alerts | called_off})

    async def _poll_scoreboard(self, request: FollowRequest, as_of: datetime, progress: Progress) -> SourceReport:
        collected = await poll(
            self._resources,
            CollectRequest(
                source=request.source,
                game_date=request.game_date,
                games=request.games,
                as_of=as_of,
                force=request.force,
            ),
            progress,
        )
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

    async def _publish_live(
        self, request: FollowRequest, times: Sequence[datetime], progress: Progress
    ) -> dict[str, str]:
        """Poll box scores at times and write the live exports and pages as of the last; alerts about games called off.

        No decision of the day needs them, so a failure is logged and nothing else.
        """
        resources, slate = self._resources, Slate(game_date=request.game_date, games=request.games)
        try:
            for as_of in times:
                await self._poll_box_scores(slate, as_of, progress)
        except TipoffError as error:
            activity.logger.info("live results go on without new box scores: %s", error)
        try:
            await asyncio.to_thread(
                publish_live,
                *(resources.warehouse, resources.landing, resources.exports),
                Edition(request.game_date, times[-1], resources.now()),
            )
            await asyncio.to_thread(publish_site, resources.exports, request.game_date, PAGES_OF_EVENING)
            landed = await asyncio.to_thread(landed_games, resources.landing, slate, times[-1])
        except TipoffError as error:
            activity.logger.warning("the live results are not exported: %s", error)
            return {}
        return {f"called_off:{game.game_id}": text for game, text in landed.called_off(slate)}

    async def _poll_box_scores(self, slate: Slate, as_of: datetime, progress: Progress) -> None:
        """Request the box scores that are due. Raises TipoffError."""
        resources = self._resources
        if games := await asyncio.to_thread(box_scores_due, resources.landing, slate, as_of):
            await collect(
                BOX_SCORES,
                slate.model_copy(update={"games": games}),
                as_of,
                {},
                fetcher=resources.fetcher,
                landing=resources.landing,
                rate_limiter=rate_limiter_for_activity(resources.settings, resources.now),
                progress=progress,
            )


async def poll_until_news(request: FollowRequest, poll: Poll) -> SourceReport:
    """Poll at each time of a request until a poll changes what the day decides by."""
    first, *later = request.times
    report = await poll(first)
    for as_of in later:
        if report.is_news_after(request.missing_games):
            break
        report = (await poll(as_of)).after(report)
    return report
