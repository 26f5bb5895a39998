"""Validates dates and measures service levels where the warehouse is: one process alone can have a DuckDB file open."""

from __future__ import annotations

from temporalio import workflow

from tipoff.vocabulary import ServiceLevelsReport, ValidationReport
from workflows.calls import call
from workflows.contracts import Activity
from workflows.contracts.validation import ServiceLevelsRequest, ValidateRequest


@workflow.defn
class ValidationWorkflow:
    """Returns the validation of a date."""

    @workflow.run
    async def run(self, request: ValidateRequest) -> ValidationReport:
        return await call(Activity.VALIDATE, request, ValidationReport, summary=f"validate {request.game_date}")


@workflow.defn
class ServiceLevelsWorkflow:
    """Returns the service levels of dates."""

    @workflow.run
    async def run(self, dates: ServiceLevelsRequest) -> ServiceLevelsReport:
        summary = f"service levels from {dates.first_date} to {dates.last_date}"
        return await call(Activity.SERVICE_LEVELS, dates, ServiceLevelsReport, summary=summary)
