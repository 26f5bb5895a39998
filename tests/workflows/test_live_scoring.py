"""The day and the child workflow that follows its games: it is started, lost, started again and cancelled."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle

from tests.support.days import (
    FOLLOWS_THE_GAMES,
    TIMEOUT_SECONDS,
    DayHandle,
    DayRun,
    Pause,
    World,
    at,
    happy_script,
    poll_times,
    serving,
    started_day,
    step,
    wait_for_end,
)
from tipoff.vocabulary import RunState, Severity
from workflows.contracts.live_scoring import live_scoring_workflow_id

SCOREBOARD = "nbac_scoreboard"
STARTED = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
COMPLETED = EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED


def child_of(client: Client, day: DayHandle) -> WorkflowHandle[object, object]:
    return client.get_workflow_handle(live_scoring_workflow_id(day.id))


async def closed(child: WorkflowHandle[object, object]) -> WorkflowExecutionStatus | None:
    """The status of a run once it is closed."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while (described := await child.describe()).close_time is None:  # noqa: ASYNC110 - on the server
            await asyncio.sleep(0.05)
    return described.status


async def test_the_games_are_followed_window_by_window_by_one_child_at_a_time(happy: DayRun) -> None:
    children = [
        event.event_type
        for event in happy.history.events
        if FOLLOWS_THE_GAMES
        in (
            event.start_child_workflow_execution_initiated_event_attributes.workflow_type.name,
            event.child_workflow_execution_completed_event_attributes.workflow_type.name,
        )
    ]
    windows = len(poll_times(happy, SCOREBOARD))
    assert children == [STARTED, COMPLETED] * windows
    assert step(happy.status, SCOREBOARD).polls > windows


@pytest.mark.long
async def test_a_terminated_child_is_started_again_for_the_same_window(client: Client, happy: DayRun) -> None:
    world = World(happy_script(lines_at=at(11)), pauses={SCOREBOARD: Pause()})
    async with serving(client, world), started_day(client) as day:
        await world.pauses[SCOREBOARD].reached.wait()
        await child_of(client, day).terminate("an operator tries it")
        world.pauses[SCOREBOARD].released.set()
        run = await wait_for_end(day)
    assert poll_times(run, SCOREBOARD) == [at(19), *poll_times(happy, SCOREBOARD)]
    assert run.result == happy.result
    (alert,) = (each for each in run.status.alerts if each.key == f"{SCOREBOARD}:restarted")
    assert (alert.severity, alert.at) == (Severity.WARNING, at(19))


@pytest.mark.parametrize("ends", ["cancel", "terminate"])
async def test_a_day_that_is_ended_leaves_no_child_behind(client: Client, ends: str) -> None:
    world = World(happy_script(lines_at=at(11)), pauses={SCOREBOARD: Pause()})
    async with serving(client, world), started_day(client) as day:
        await world.pauses[SCOREBOARD].reached.wait()
        await (day.cancel() if ends == "cancel" else day.terminate())
        with pytest.raises(WorkflowFailureError):
            await day.result()
        assert await closed(child_of(client, day)) in (
            WorkflowExecutionStatus.CANCELED,
            WorkflowExecutionStatus.TERMINATED,
        )
    if ends == "cancel":
        assert world.statuses[-1].status.state is RunState.CANCELLED
