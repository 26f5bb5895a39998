"""Validates a date where its warehouse is: only one process can have a DuckDB file open."""

from __future__ import annotations

from temporalio import workflow

from tipoff.vocabulary import ValidationReport
from workflows.calls import call
from workflows.contracts import Activity
from workflows.contracts.validation import ValidateRequest


@workflow.defn
class ValidationWorkflow:
    """Returns the validation of a date."""

    @workflow.run
    async def run(self, request: ValidateRequest) -> ValidationReport:
        return await call(Activity.VALIDATE, request, ValidationReport, summary=f"validate {request.game_date}")
