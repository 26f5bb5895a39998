"""Delivers the operator commands of a replay's scenario as real signals and updates."""

from __future__ import annotations

from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError

from tipoff.vocabulary import Channel
from workflows.contracts import Activity, CommandResult, DeliverRequest, message_of


@activity.defn(name=Activity.DELIVER_ACTION.value)
async def deliver_action(request: DeliverRequest) -> CommandResult:
    """Send a command to the run as an operator would; a refusal is a result, not a failure."""
    handle = activity.client().get_workflow_handle(request.workflow_id, run_id=request.run_id)
    command = request.action.command
    if request.action.via is Channel.SIGNAL:
        await handle.signal(command.name.value, command.payload)
        return CommandResult(accepted=True, text="signalled")
    update_id = f"scenario-{request.action.at:%Y%m%dT%H%M%S}-{command.name}-{command.target}"
    try:
        result: CommandResult = await handle.execute_update(
            command.name.value, command.payload, id=update_id, result_type=CommandResult
        )
    except WorkflowUpdateFailedError as error:
        return CommandResult(accepted=False, text=message_of(error.cause))
    return result
