"""Recorded days replay with today's code, offline, with the production settings.

A failure means that the change breaks runs in progress. An intended change needs `workflow.patched`, or new histories:
`python -m tests.support.record_histories`.
"""

from __future__ import annotations

import gzip
import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

import pytest
from temporalio.api.enums.v1 import EventType, ParentClosePolicy
from temporalio.worker import (
    ContinueAsNewInput,
    Interceptor,
    Replayer,
    StartActivityInput,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle, ChildWorkflowHandle, NondeterminismError

from runtime import PROJECT
from runtime.connection import DATA_CONVERTER
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.workers import replayer
from tests.support import record_histories
from tests.support.backfills import DATES
from tests.support.changed_workflow import ChangedPipelineWorkflow
from tests.support.days import (
    FOLLOWS_THE_GAMES,
    GAME_DATE,
    ScheduledActivity,
    activities_scheduled_by,
    scheduled_activities,
)
from tests.support.record_histories import (
    BACKFILL_RANGE,
    COMMANDS,
    LIVE_SCORING,
    RATE_LIMITER,
    commands_text,
    read_history,
    recorded_history,
    released_histories,
    superseded_histories,
)
from tests.support.scenarios import LIVE_POLLS, SCENARIOS
from workflows.contracts import Activity, RateLimiterInput, TaskPriority, day_workflow_id, training_workflow_id


class DecisionRecorder(Interceptor):
    """Records the decisions of a replayed workflow: Temporal compares activity types, not their requests."""

    def __init__(self) -> None:
        self.decisions: list[ScheduledActivity] = []
        self.continued: list[Any] = []

    def workflow_interceptor_class(self, _: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        decisions, continued = self.decisions, self.continued

        class Outbound(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - the SDK's name
                decisions.extend(activities_scheduled_by(input.activity, input.args[0].model_dump_json()))
                return super().start_activity(input)

            async def start_child_workflow(
                self,
                input: StartChildWorkflowInput,  # noqa: A002 - the SDK's name
            ) -> ChildWorkflowHandle[Any, Any]:
                if input.workflow == FOLLOWS_THE_GAMES:
                    decisions.extend(activities_scheduled_by(Activity.FOLLOW, input.args[0].model_dump_json()))
                return await super().start_child_workflow(input)

            def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - the SDK's name
                continued.extend(input.args)
                super().continue_as_new(input)

        class Inbound(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Outbound(outbound))

        return Inbound


@pytest.mark.parametrize("name", list(SCENARIOS))
async def test_a_recorded_day_replays_with_the_same_decisions(name: str) -> None:
    history, recorder = recorded_history(name), DecisionRecorder()
    await replayer([recorder]).replay_workflow(history)
    assert recorder.decisions == scheduled_activities(history)


_SENTENCES = {
    "RUNNING": r"\w+: (?!waiting for|between polls)",
    "WAITING": r"\w+: (waiting for|between polls)|the clock is held",
    "NEEDS_ATTENTION": r"needs attention: ",
    "COMPLETE": r"complete: ",
}


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_what_the_server_shows_of_a_recorded_day_agrees_at_any_time(name: str) -> None:
    shown = {}
    for event in recorded_history(name).events:
        attributes = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        memo = event.workflow_properties_modified_event_attributes.upserted_memo.fields
        for key, payload in [*attributes.items(), *memo.items()]:
            shown[key] = DATA_CONVERTER.payload_converter.from_payloads([payload])[0]
        if event.HasField("workflow_task_scheduled_event_attributes") and "status" in shown:
            assert re.match(_SENTENCES[shown["RunState"]], shown["status"]), shown
    assert shown["RunState"] == "COMPLETE"


async def test_a_recorded_rate_limiter_replays_to_the_same_state() -> None:
    """The state it continues as new with: slots, cooldown and credits."""
    history, recorder = recorded_history(RATE_LIMITER), DecisionRecorder()
    await replayer([recorder]).replay_workflow(history)
    payloads = history.events[-1].workflow_execution_continued_as_new_event_attributes.input.payloads
    (recorded_input,) = DATA_CONVERTER.payload_converter.from_payloads(payloads, [RateLimiterInput])
    assert [continued.model_dump_json() for continued in recorder.continued] == [recorded_input.model_dump_json()]
    assert (recorded_input.state.cooldown, recorded_input.state.credits_used) == (None, 4)


async def test_a_recorded_backfill_replays_with_the_same_decisions() -> None:
    history, recorder = recorded_history(BACKFILL_RANGE), DecisionRecorder()
    await replayer([recorder]).replay_workflow(history)
    assert recorder.decisions == scheduled_activities(history)
    started = [
        event.start_child_workflow_execution_initiated_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
    ]
    assert [child.workflow_id for child in started] == [day_workflow_id(each) for each in DATES]
    assert {child.priority.priority_key for child in started} == {TaskPriority.BACKFILL}


async def test_a_recorded_run_that_followed_games_replays_with_the_same_polls() -> None:
    history, recorder = recorded_history(LIVE_SCORING), DecisionRecorder()
    await replayer([recorder]).replay_workflow(history)
    assert recorder.decisions == scheduled_activities(history)
    assert len(recorder.decisions) == LIVE_POLLS


async def test_runs_that_a_released_version_started_can_continue() -> None:
    """A failure needs `workflow.patched`: such runs are in progress, so these histories are never recorded again."""
    misfits = {}
    for file in superseded_histories():
        result = await replayer().replay_workflow(read_history(file), raise_on_replay_failure=False)
        misfits[f"{file.parent.name}/{file.name}"] = result.replay_failure
    assert not any(misfits.values()), misfits


def test_a_released_history_is_replayed_as_soon_as_the_present_one_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_histories, "RELEASED", tmp_path)
    assert record_histories.release("0.1.0") == len(released_histories()) > 10
    assert superseded_histories() == []
    changed = tmp_path / "0.1.0" / "no_games.json.gz"
    changed.write_bytes(changed.read_bytes() + gzip.compress(b""))
    assert superseded_histories() == [changed]
    assert len(read_history(changed).events) > 10


def test_the_present_version_is_released() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["version"] in {file.parent.name for file in released_histories()}


def test_the_commands_of_the_recorded_histories_are_listed() -> None:
    """After new histories: python -m tests.support.record_histories writes the list, and a review sees what changed."""
    assert COMMANDS.read_text() == commands_text()


async def test_a_changed_workflow_fails_to_replay() -> None:
    changed = Replayer(
        workflows=[ChangedPipelineWorkflow], data_converter=DATA_CONVERTER, workflow_runner=WORKFLOW_RUNNER
    )
    with pytest.raises(NondeterminismError):
        await changed.replay_workflow(recorded_history("no_games"))


@pytest.mark.parametrize(
    ("name", "starts"), [("happy_day", 1), ("backfill", 0), ("backfill_rerun", 0), ("no_games", 0)]
)
def test_a_day_with_games_starts_one_training_that_outlives_it(name: str, starts: int) -> None:
    children = [
        event.start_child_workflow_execution_initiated_event_attributes
        for event in recorded_history(name).events
        if event.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
    ]
    children = [child for child in children if child.workflow_type.name != FOLLOWS_THE_GAMES]
    assert [child.workflow_id for child in children] == [training_workflow_id(GAME_DATE)] * starts
    assert all(child.parent_close_policy == ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON for child in children)
