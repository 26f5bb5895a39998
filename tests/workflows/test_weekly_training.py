"""A day has old models trained for the next dates, beside it: one training at a time, which never delays the day."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import ActivityEnvironment

from activities.models import ModelActivities
from activities.resources import Resources
from tests.support.days import GAME_DATE, MORNING, Pause, World, serving, started_day, wait_for_end
from tests.support.small_day import SmallDay
from tipoff.settings import Settings
from tipoff.vocabulary import RunState
from workflows.contracts import Queue, TrainingDue, TrainingInput, TrainingResult, training_workflow_id
from workflows.training import TrainingWorkflow

IF_DUE = TrainingInput(before=GAME_DATE, as_of=MORNING, only_if_due=True)


async def start_training(
    client: Client, workflow_id: str, queue: str = Queue.DAY
) -> WorkflowHandle[TrainingWorkflow, TrainingResult]:
    return await client.start_workflow(TrainingWorkflow.run, IF_DUE, id=workflow_id, task_queue=queue)


async def test_a_day_ends_while_a_training_of_its_date_is_running(client: Client) -> None:
    """A second training of the date is refused by the server, and the day goes on."""
    pause = Pause()
    async with serving(client, World(pauses={"training_due": pause})):
        training = await start_training(client, training_workflow_id(GAME_DATE))
        await asyncio.wait_for(pause.reached.wait(), 20)
        async with started_day(client) as handle:
            day = await wait_for_end(handle)
        pause.released.set()
        assert (await training.result()).skipped == "each system has a model of the last week"
    assert day.result.state is RunState.COMPLETE
    refused = EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED
    assert refused in {event.event_type for event in day.history.events}


async def test_a_training_that_is_due_is_for_the_next_date(client: Client, tmp_path: Path) -> None:
    """The predictions of a day come from the same models, however long the training takes."""
    day = SmallDay(tmp_path)
    day.training_is_due = True
    async with day.worker(client):
        trained = await (await start_training(client, "training-due")).result()
    assert trained.systems
    assert [request.predicts_from for request in day.trainings] == [GAME_DATE + timedelta(days=1)]


async def test_a_training_is_due_only_while_no_other_runs(client: Client, tmp_path: Path) -> None:
    settings = Settings(models=f"file://{tmp_path}/models")
    due = ModelActivities(Resources(settings, now=lambda: MORNING)).training_due

    async def check() -> TrainingDue:
        result: TrainingDue = await ActivityEnvironment(client).run(due, IF_DUE)
        return result

    other = await start_training(client, "training-by-hand", queue="nobody")
    async with asyncio.timeout(20):
        while (running := await check()).due:  # noqa: ASYNC110 - the server lists a run some time after its start
            await asyncio.sleep(0.05)
        assert running.reason == "training-by-hand is running"
        await other.terminate("the test is over")
        while not (alone := await check()).due:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert alone.reason.startswith("no model of moving_average, ")


async def test_a_replay_without_models_predicts_without(client: Client, tmp_path: Path) -> None:
    settings = Settings.model_validate({"models": f"file://{tmp_path}/models", "upstream": "http://127.0.0.1:1"})
    due = ModelActivities(Resources(settings, now=lambda: MORNING)).training_due
    result: TrainingDue = await ActivityEnvironment(client).run(due, IF_DUE)
    assert not result.due
