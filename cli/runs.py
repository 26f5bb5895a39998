"""Runs as the server knows them, without any worker.

The SDK's own descriptions fail on a run that was paused in a newer Temporal UI, so they are read here from the server's
responses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes
from temporalio.converter import decode_typed_search_attributes
from temporalio.service import RPCError, RPCStatusCode

from cli.server import SERVER_TIMEOUT, is_namespace_missing
from workflows.contracts import day_workflow_id

OPEN_EXECUTIONS = frozenset({"RUNNING", "PAUSED"})
SELF_REPORTED_EXECUTIONS = frozenset({"RUNNING", "COMPLETED"})
"""In these the run's own state says more than the server's; any other is itself the state of the day."""


@dataclass(frozen=True)
class DescribedRun:
    """A run of a workflow."""

    workflow_id: str
    run_id: str
    execution: str
    """RUNNING, PAUSED, COMPLETED, FAILED, CANCELED, TERMINATED or TIMED_OUT."""
    started_at: datetime
    ended_at: datetime | None
    attributes: TypedSearchAttributes
    memo: Mapping[str, Any]
    pending_activities: Sequence[PendingActivityInfo] = ()
    """Only of a single described run, not of a listed one."""
    workflow_task_attempt: int = 0

    @property
    def is_open(self) -> bool:
        return self.execution in OPEN_EXECUTIONS

    @property
    def is_paused(self) -> bool:
        return self.execution == "PAUSED"


async def describe_run(client: Client, game_date: date) -> DescribedRun | None:
    """The date's last run; None if the server has none. Raises RPCError."""
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=day_workflow_id(game_date))
    )
    try:
        described = await client.workflow_service.describe_workflow_execution(request, timeout=SERVER_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        return None
    return await _described_run(
        client,
        described.workflow_execution_info,
        pending_activities=tuple(described.pending_activities),
        workflow_task_attempt=described.pending_workflow_task.attempt,
    )


async def list_runs(client: Client, query: str) -> AsyncIterator[DescribedRun]:
    """The runs that a visibility query finds, newest first. Raises RPCError."""
    page_token = b""
    while True:
        request = ListWorkflowExecutionsRequest(namespace=client.namespace, query=query, next_page_token=page_token)
        page = await client.workflow_service.list_workflow_executions(request, timeout=SERVER_TIMEOUT)
        for info in page.executions:
            yield await _described_run(client, info)
        page_token = page.next_page_token
        if not page_token:
            return


async def _described_run(
    client: Client,
    info: WorkflowExecutionInfo,
    pending_activities: Sequence[PendingActivityInfo] = (),
    workflow_task_attempt: int = 0,
) -> DescribedRun:
    decode = client.data_converter.decode
    return DescribedRun(
        workflow_id=info.execution.workflow_id,
        run_id=info.execution.run_id,
        execution=WorkflowExecutionStatus.Name(info.status).removeprefix("WORKFLOW_EXECUTION_STATUS_"),
        started_at=info.start_time.ToDatetime(UTC),
        ended_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
        attributes=decode_typed_search_attributes(info.search_attributes),
        memo={key: (await decode([payload]))[0] for key, payload in info.memo.fields.items()},
        pending_activities=pending_activities,
        workflow_task_attempt=workflow_task_attempt,
    )
