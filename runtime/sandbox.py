"""The sandbox that keeps workflow code deterministic; workers and the replayer share it."""

from __future__ import annotations

from typing import Any

# Imported before the first workflow: while one is in the sandbox, `sys.modules` is not a dict, and the C modules of
# cryptography, which Google's clients and pdfplumber import when they are needed, fail to import in every thread.
import cryptography.hazmat.primitives.ciphers  # noqa: F401
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

PASSED_THROUGH = ("pydantic", "pydantic_core", "tipoff.vocabulary", "workflows.contracts")
"""Modules of types and constants, which every workflow instance shares; the sandbox imports all others for each."""


class ContextFreeInstance(WorkflowInstance):
    """A sandboxed workflow whose payloads are converted without a context.

    The SDK enters the sandbox for the context of every payload, which takes a tenth of a worker's time with a day.
    Our converters use no context, and no payload is stored outside the history.
    """

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: Any) -> Any:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext | None:
        return None

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


class ContextFreeRunner(SandboxedWorkflowRunner):
    """The SDK's sandbox, for converters that use no context."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return ContextFreeInstance(super().create_instance(det))


WORKFLOW_RUNNER = ContextFreeRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
