"""Asks a worker for its settings: it may run elsewhere, with other variables than an operator's terminal."""

from __future__ import annotations

from temporalio import workflow

from workflows.calls import call
from workflows.contracts import Activity, WorkerSettings, WorkerSettingsInput


@workflow.defn
class WorkerSettingsWorkflow:
    """Returns the settings of a worker that requests data from providers."""

    @workflow.run
    async def run(self, request: WorkerSettingsInput) -> WorkerSettings:
        return await call(Activity.DESCRIBE_SETTINGS, request, WorkerSettings, summary="settings of a worker")
