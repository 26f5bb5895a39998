"""The sandbox that keeps workflow code deterministic; workers and the replayer share it."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

WORKFLOW_RUNNER = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("pydantic", "pydantic_core", "tipoff.vocabulary")
)
