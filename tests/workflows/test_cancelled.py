"""A day that an operator cancels ends, and no step counts as failed for it."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError

from tests.support.days import GAMES, Pause, World, at, serving, started_day, virtual
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import NoResult, Phase, PredictionRun, RecordedDay, RunState
from workflows.contracts import Rerun
from workflows.search_attributes import RUN_STATE

GAME_IDS = tuple(game.game_id for game in GAMES)
RECORDED = RecordedDay(
    games=GAMES,
    batches=(),
    prediction_runs=(PredictionRun(as_of=at(13, 15), game_ids=GAME_IDS, systems=tuple(SYSTEMS)),),
)


@pytest.mark.parametrize("rerun", [None, Rerun(from_phase=Phase.PREDICT)])
async def test_a_day_cancelled_during_a_step_ends_cancelled(client: Client, rerun: Rerun | None) -> None:
    world = World(recorded=RECORDED, pauses={"moving_average": Pause()})
    async with serving(client, world), started_day(client, virtual(), rerun) as handle:
        await world.pauses["moving_average"].reached.wait()
        await handle.cancel(reason="Ada: the season is over")
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        described, history = await handle.describe(), await handle.fetch_history()
    assert described.status is WorkflowExecutionStatus.CANCELED
    cancelled = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
    assert any(event.event_type == cancelled for event in history.events), "the running step is not left to run on"
    last = world.statuses[-1].status
    assert (last.state, last.attention) == (RunState.CANCELLED, ())
    assert [(entry.command, entry.why) for entry in last.audit][-1] == ("cancel", "Ada: the season is over")
    assert described.typed_search_attributes.get(RUN_STATE) == RunState.CANCELLED
    (run,) = world.logged_runs
    outcomes = {log.step: log.executions[-1].outcome for log in run.steps}
    assert (run.state, outcomes["moving_average"]) == (RunState.CANCELLED, NoResult.CANCELLED)
    assert run.is_rerun is (rerun is not None)
