"""Phase 1: ask a source and land what it answers. Needs no warehouse."""

from __future__ import annotations

from collections.abc import Callable

from temporalio import activity

from activities.errors import awaiting
from activities.slots import slots_of
from activities.workshop import Workshop
from tipoff.collecting import collect
from tipoff.sources.base import Slate
from workflows.contracts import Activity, CollectReport, CollectRequest


class Collecting:
    """Looks at sources."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    @activity.defn(name=Activity.COLLECT.value)
    async def collect(self, request: CollectRequest) -> CollectReport:
        """One look at a source."""
        async with awaiting() as progress:
            return await look(self._workshop, request, progress)


async def look(workshop: Workshop, request: CollectRequest, progress: Callable[[int, int], None]) -> CollectReport:
    """One look at a source; `progress` is told (questions settled, questions)."""
    collected = await collect(
        workshop.sources[request.source],
        Slate(game_date=request.game_date, games=request.games),
        request.as_of,
        request.provider_ids,
        fetcher=workshop.fetcher,
        landing=workshop.landing,
        slots=slots_of(workshop.settings, workshop.now),
        progress=progress,
        anew=request.anew,
    )
    return CollectReport(
        outcome=collected.outcome,
        reason=collected.reason,
        refused=collected.refused,
        alert=collected.alert,
        parks=collected.parks,
        stand_in=collected.stand_in,
        batch=collected.batch_key,
        requests=collected.requests,
        new_objects=collected.new_objects,
        retry_at=collected.retry_at,
        missing_games=collected.missing_games,
        credits_remaining=collected.credits_remaining,
        warning=collected.warning,
    )
