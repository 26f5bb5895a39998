"""The day with a change that runs under way could not go on with."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from tipoff.vocabulary import DayPlan, SlateGame
from workflows.contracts import DayInput, DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow


@workflow.defn(name="DailyPipelineWorkflow")
class HesitantPipelineWorkflow(DailyPipelineWorkflow):
    """Waits a minute before it plans."""

    @workflow.init
    def __init__(self, day: DayInput) -> None:
        super().__init__(day)

    @workflow.run
    async def run(self, day: DayInput) -> DayResult:
        return await super().run(day)

    async def _make_plan(self, games: tuple[SlateGame, ...] | None) -> DayPlan:
        await workflow.sleep(timedelta(minutes=1))
        return await super()._make_plan(games)
