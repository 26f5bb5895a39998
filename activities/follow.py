"""While games run: ask and read in one go. Every three minutes of an evening, two activities a look add up."""

from __future__ import annotations

import asyncio

from temporalio import activity

from activities.collect import Collecting
from activities.process import Processing
from activities.workshop import Workshop
from workflows.contracts import Activity, CollectRequest, ProcessRequest, StepReport


class Following:
    """Looks at what changes while games run."""

    def __init__(self, workshop: Workshop) -> None:
        self._collecting = Collecting(workshop)
        self._processing = Processing(workshop)

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: CollectRequest) -> StepReport:
        """One look, landed and read."""
        collected = await self._collecting.collect(request)
        if collected.to_read is None:
            return collected.as_step()
        landed = ProcessRequest(
            source=request.source,
            batch=collected.to_read,
            game_date=request.game_date,
            games=request.games,
            as_of=request.as_of,
        )
        return await asyncio.to_thread(self._processing.process, landed)
