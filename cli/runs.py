"""The run of a date as the server knows it, without any worker."""

from __future__ import annotations

from datetime import date

from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from cli.server import SERVER_TIMEOUT, is_namespace_missing
from workflows.contracts import day_workflow_id


async def describe_run(client: Client, game_date: date) -> WorkflowExecutionDescription | None:
    """The date's last run; None if the server has none. Raises RPCError."""
    try:
        return await client.get_workflow_handle(day_workflow_id(game_date)).describe(rpc_timeout=SERVER_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or is_namespace_missing(error):
            raise
        return None
