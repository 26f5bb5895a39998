"""Waits for the end of a day."""

from __future__ import annotations

from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from workflows.contracts import DAY_FAILED, DayResult
from workflows.daily_pipeline import DailyPipelineWorkflow


async def wait_for_result(handle: WorkflowHandle[DailyPipelineWorkflow, DayResult]) -> DayResult:
    """The result of a day, also of one that ended FAILED, which carries it as the detail of its error.

    Raises WorkflowFailureError if the run failed otherwise, or was cancelled or terminated.
    """
    try:
        return await handle.result()
    except WorkflowFailureError as failure:
        if isinstance(failure.cause, ApplicationError) and failure.cause.type == DAY_FAILED:
            return DayResult.model_validate(failure.cause.details[0])
        raise
