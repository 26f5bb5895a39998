"""Runs and errors as the server's responses say them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode

from activities.server_state import list_runs
from cli.exit_codes import CommandError, ExitCode
from cli.server import _as_command_error


class PagedServer:
    """Lists these runs, two a page."""

    def __init__(self, *statuses: str) -> None:
        self.infos = [
            WorkflowExecutionInfo(
                execution=WorkflowExecution(workflow_id=f"day-{number}", run_id="run"),
                status=WorkflowExecutionStatus.Value(f"WORKFLOW_EXECUTION_STATUS_{status}"),
            )
            for number, status in enumerate(statuses)
        ]

    async def list_workflow_executions(self, request: ListWorkflowExecutionsRequest, **_: Any) -> Any:
        assert (request.namespace, request.query) == ("tests", "a query")
        first = int(request.next_page_token or 0)
        next_page = str(first + 2).encode() if self.infos[first + 2 :] else b""
        return ListWorkflowExecutionsResponse(executions=self.infos[first : first + 2], next_page_token=next_page)


@pytest.mark.parametrize("statuses", [(), ("RUNNING",), ("RUNNING", "COMPLETED", "FAILED", "TERMINATED", "TIMED_OUT")])
@pytest.mark.timeout(10)
async def test_the_runs_of_all_pages_are_listed(statuses: tuple[str, ...]) -> None:
    server = PagedServer(*statuses)
    client = SimpleNamespace(namespace="tests", workflow_service=server, data_converter=DataConverter.default)
    runs = [run async for run in list_runs(cast("Client", client), "a query")]
    assert [run.workflow_id for run in runs] == [f"day-{number}" for number in range(len(statuses))]
    assert [run.execution for run in runs] == list(statuses)
    assert [run.is_open for run in runs] == [status == "RUNNING" for status in statuses]


@pytest.mark.parametrize(
    ("status", "message", "code", "text"),
    [
        (RPCStatusCode.UNAVAILABLE, "gone", ExitCode.UNREACHABLE, "here:7233 stopped answering (gone); try again"),
        (RPCStatusCode.DEADLINE_EXCEEDED, "slow", ExitCode.UNREACHABLE, "here:7233 stopped answering (slow)"),
        (RPCStatusCode.CANCELLED, "cut", ExitCode.UNREACHABLE, "here:7233 stopped answering (cut)"),
        (RPCStatusCode.PERMISSION_DENIED, "no key", ExitCode.UNREACHABLE, "here:7233 refuses this client: no key"),
        (RPCStatusCode.UNAUTHENTICATED, "no key", ExitCode.UNREACHABLE, "here:7233 refuses this client: no key"),
        (RPCStatusCode.INVALID_ARGUMENT, "unknown search attribute X", ExitCode.FAILED, "here:7233: unknown search"),
    ],
)
def test_an_error_of_the_server_says_what_to_do(status: RPCStatusCode, message: str, code: ExitCode, text: str) -> None:
    config = SimpleNamespace(config=SimpleNamespace(target_host="here:7233"))
    client = cast("Client", SimpleNamespace(service_client=config, namespace="tests"))
    error = _as_command_error(RPCError(message, status, b""), client)
    assert isinstance(error, CommandError)
    assert error.exit_code is code
    assert text in str(error)
    unknown = RPCError("no such run", RPCStatusCode.NOT_FOUND, b"")
    assert _as_command_error(unknown, client) is unknown
