"""While games run: ask and read in one go. Every three minutes of an evening, two activities a look add up."""

from __future__ import annotations

import asyncio

from temporalio import activity

from activities.collect import look
from activities.errors import awaiting
from activities.process import read
from activities.workshop import Workshop
from workflows.contracts import Activity, CollectRequest, ProcessRequest, StepReport


class Following:
    """Looks at what changes while games run."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    @activity.defn(name=Activity.FOLLOW.value)
    async def follow(self, request: CollectRequest) -> StepReport:
        """One look, landed and read."""
        async with awaiting() as progress:
            collected = await look(self._workshop, request, progress)
            if collected.to_read is None:
                return collected.as_step()
            landed = ProcessRequest(
                source=request.source,
                batch=collected.to_read,
                game_date=request.game_date,
                games=request.games,
                as_of=request.as_of,
            )
            return collected.and_read(await asyncio.to_thread(read, self._workshop, landed))
