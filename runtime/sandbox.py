"""The sandbox that keeps workflow code deterministic; workers and the replayer share it."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = ("pydantic", "pydantic_core", "tipoff.vocabulary", "workflows.contracts")
"""Modules of types and constants, which every workflow instance shares; the sandbox imports all others for each."""

WORKFLOW_RUNNER = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
)
