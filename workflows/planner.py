"""Asks for the plan of a date, which one activity computes from `tipoff/plan.py`."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from tipoff.vocabulary import DayPlan, Phase, SlateGame, counted
from workflows.calls import call, failure_reason
from workflows.contracts import Activity, PlanRequest

RETRY_PLAN_AFTER = timedelta(minutes=1)


async def make_plan(
    game_date: date,
    games: tuple[SlateGame, ...] | None,
    started_at: datetime | None = None,
    *,
    published: bool = False,
    to_phase: Phase = Phase.GRADE,
) -> DayPlan:
    """Plan a date up to a phase; `games` is None while its slate is unknown. Raises ActivityError."""
    known = "before its slate is known" if games is None else f"for {counted(len(games), 'game')}"
    request = PlanRequest(game_date=game_date, games=games, published=published, started_at=started_at)
    plan = await call(Activity.PLAN_DAY, request, DayPlan, summary=f"plan {game_date} {known}")
    return plan.until(to_phase)


async def make_first_plan(game_date: date, started_at: datetime, to_phase: Phase) -> DayPlan:
    """Plan a date before its slate is known; retried every minute, since no day can run without a plan."""
    while True:
        try:
            return await make_plan(game_date, None, started_at, to_phase=to_phase)
        except ActivityError as error:
            workflow.set_current_details(f"Planning the day failed, retried every minute: {failure_reason(error)}")
            await workflow.sleep(RETRY_PLAN_AFTER, summary="until planning is retried")
