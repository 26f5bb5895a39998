"""A replay's scenario: what people do during the day, delivered as real signals and updates."""

from __future__ import annotations

from temporalio import activity
from temporalio.client import WorkflowUpdateFailedError

from tipoff.vocabulary import Channel
from workflows.contracts import Activity, DeliverRequest, MessageAnswer


@activity.defn(name=Activity.DELIVER_ACTION.value)
async def deliver_action(request: DeliverRequest) -> MessageAnswer:
    """Say to the run what a person would say; a refusal is an answer, not a failure."""
    handle = activity.client().get_workflow_handle(request.workflow_id, run_id=request.run_id)
    command = request.action.command
    if request.action.via is Channel.SIGNAL:
        await handle.signal(
            command.message.value, command.model_dump(mode="json", exclude={"message"}, exclude_none=True)
        )
        return MessageAnswer(accepted=True, answer="signalled")
    update_id = f"scenario-{request.action.at:%Y%m%dT%H%M%S}-{command.message}-{command.target}"
    try:
        answer: MessageAnswer = await handle.execute_update(
            command.message.value, command, id=update_id, result_type=MessageAnswer
        )
    except WorkflowUpdateFailedError as error:
        return MessageAnswer(accepted=False, answer=str(error.cause))
    return answer
