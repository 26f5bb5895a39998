"""Days that were recorded once are decided the same by the code of today, offline, with the production settings.

When one of these fails, runs under way would break with the change. When the change is meant, it needs
`workflow.patched`, or new histories: `python -m tests.support.record_histories`.
"""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from temporalio.worker import (
    ContinueAsNewInput,
    Interceptor,
    Replayer,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle, NondeterminismError

from runtime.connection import DATA_CONVERTER
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import replayer
from tests.support.changed_workflow import HesitantPipelineWorkflow
from tests.support.days import Deed, deed, deeds
from tests.support.record_histories import RATE_LIMITER, recorded
from tests.support.scenarios import SCENARIOS
from workflows.contracts import RateLimiterInput


class Watching(Interceptor):
    """Notes what the workflow decides as it is replayed: Temporal compares the kinds of activities, not their terms."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.renewed: list[Any] = []

    def workflow_interceptor_class(self, _: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        watched, renewed = self.deeds, self.renewed

        class Outbound(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - the SDK's name
                watched.append(deed(input.activity, input.args[0].model_dump_json()))
                return super().start_activity(input)

            def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - the SDK's name
                renewed.extend(input.args)
                super().continue_as_new(input)

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound))

        return Inbound


@pytest.mark.parametrize("name", list(SCENARIOS))
async def test_a_recorded_day_is_decided_the_same_today(name: str) -> None:
    history, watching = recorded(name), Watching()
    await replayer([watching]).replay_workflow(history)
    assert watching.deeds == deeds(history)


async def test_a_domain_that_outlives_builds_knows_the_same_today() -> None:
    """What its run hands on to the next one: slots, what is left alone and who opened it, credits."""
    history, watching = recorded(RATE_LIMITER), Watching()
    await replayer([watching]).replay_workflow(history)
    handed_on = history.events[-1].workflow_execution_continued_as_new_event_attributes.input.payloads
    (recorded_then,) = DATA_CONVERTER.payload_converter.from_payloads(handed_on, [RateLimiterInput])
    assert [renewed.model_dump_json() for renewed in watching.renewed] == [recorded_then.model_dump_json()]
    assert (recorded_then.state.cooldown, recorded_then.state.credits_used) == (None, 4)


async def test_a_changed_workflow_is_noticed() -> None:
    changed = Replayer(
        workflows=[HesitantPipelineWorkflow], data_converter=DATA_CONVERTER, workflow_runner=WORKFLOW_RUNNER
    )
    with pytest.raises(NondeterminismError):
        await changed.replay_workflow(recorded("no_games"))
