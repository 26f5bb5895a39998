"""The day with a change that breaks the replay of runs in progress."""

from __future__ import annotations

from temporalio import workflow

from workflows.contracts import DayInput, DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow

MEMO = "version"


@workflow.defn(name="DailyPipelineWorkflow")
class ChangedPipelineWorkflow(DailyPipelineWorkflow):
    """Writes a memo before it plans the day."""

    @workflow.init
    def __init__(self, day: DayInput) -> None:
        super().__init__(day)

    @workflow.run
    async def run(self, day: DayInput) -> DayResult:
        workflow.upsert_memo({MEMO: "changed"})
        return await super().run(day)
