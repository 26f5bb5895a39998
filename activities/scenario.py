"""Delivers the operator commands of a replay's scenario as real signals and updates."""

from __future__ import annotations

from temporalio import activity
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowUpdateFailedError

from activities.heartbeats import heartbeating
from tipoff.vocabulary import Channel
from workflows.contracts import Activity, CommandResult, DeliverRequest, message_of


@activity.defn(name=Activity.DELIVER_ACTION.value)
async def deliver_action(request: DeliverRequest) -> CommandResult:
    """Send a command to the run as an operator would, once; a refusal is a result, not a failure."""
    async with heartbeating():
        return await _deliver(request)


async def _deliver(request: DeliverRequest) -> CommandResult:
    client, command = activity.client(), request.action.command
    command_id = f"scenario-{request.action.at:%Y%m%dT%H%M%S}-{command.name}-{command.target}"
    if request.action.via is Channel.SIGNAL:
        await _signal_once(client, request, command_id)
        return CommandResult(accepted=True, text="signalled")
    handle = client.get_workflow_handle(request.workflow_id, run_id=request.run_id)
    try:
        result: CommandResult = await handle.execute_update(
            command.name.value, command.payload, id=command_id, result_type=CommandResult
        )
    except WorkflowUpdateFailedError as error:
        return CommandResult(accepted=False, text=message_of(error.cause))
    return result


async def _signal_once(client: Client, request: DeliverRequest, request_id: str) -> None:
    """Send a signal that the server drops if an attempt that was killed has sent it; the SDK's own call cannot."""
    command = request.action.command
    await client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=request.workflow_id, run_id=request.run_id),
            signal_name=command.name.value,
            input=Payloads(payloads=await client.data_converter.encode([command.payload])),
            request_id=request_id,
        ),
        retry=True,
    )
