"""A backfill of several dates: what runs when, and what operators change meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError

from cli import backfill, commands
from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from tests.support.backfills import DATES, BackfillWorld, input_of, serving
from tests.support.days import TIMEOUT_SECONDS
from tests.support.replays import wait_until
from tipoff.vocabulary import MAX_PARALLELISM, BackfillStatus, DateState, RunState, StepState
from workflows.backfill import BackfillWorkflow
from workflows.contracts import BACKFILL_FAILED, DayInput, Queue, TaskPriority, day_workflow_id
from workflows.contracts.backfill import BACKFILL_WORKFLOW_ID
from workflows.daily_pipeline import DailyPipelineWorkflow

Handle = WorkflowHandle[BackfillWorkflow, BackfillStatus]


@asynccontextmanager
async def started(client: Client, **fields: Any) -> AsyncIterator[Handle]:
    handle = await client.start_workflow(
        BackfillWorkflow.run,
        input_of(**fields),
        id=BACKFILL_WORKFLOW_ID,
        task_queue=Queue.DAY,
        id_reuse_policy=WorkflowIDReusePolicy.TERMINATE_IF_RUNNING,
    )
    async with asyncio.timeout(TIMEOUT_SECONDS):
        yield handle


async def command(client: Client, line: str) -> ExitCode:
    """Run `starter.py backfill LINE` against this server."""
    options = commands.parse(["backfill", *line.split(), "--who", "Ada", "--why", "the night is short"])
    return await backfill._update(client, options, Target())


async def states(handle: Handle) -> list[DateState]:
    return [row.state for row in (await handle.query(BackfillWorkflow.status)).dates]


async def has_running(handle: Handle, count: int) -> bool:
    now = await states(handle)
    return bool(now) and now.count(DateState.RUNNING) == count


async def has_ended(handle: Handle) -> bool:
    return set(await states(handle)) == {DateState.COMPLETE}


async def test_dates_run_a_few_at_a_time_until_all_have_ended_and_operators_change_how_many(client: Client) -> None:
    world = BackfillWorld(held=True)
    async with serving(client, world), started(client, parallelism=1) as handle:
        await wait_until(lambda: has_running(handle, 1), "one date runs")
        assert await command(client, "parallelism 2") is ExitCode.DONE
        await wait_until(lambda: has_running(handle, 2), "two dates run")
        await command(client, "pause")
        with pytest.raises(CommandError, match="is paused already; nothing was changed") as refused:
            await command(client, "pause")
        assert refused.value.exit_code is ExitCode.REFUSED
        await command(client, f"parallelism {MAX_PARALLELISM}")
        world.release()
        await wait_until(lambda: has_running(handle, 0), "those that run end")
        assert (await states(handle)).count(DateState.QUEUED) == len(DATES) - 2, "a paused backfill starts no other"
        await command(client, "resume")
        status = await handle.result()
        described = await client.get_workflow_handle(day_workflow_id(DATES[0])).describe()
    assert status.state is RunState.COMPLETE
    assert {row.state for row in status.dates} == {DateState.COMPLETE}
    assert [(entry.command, entry.result) for entry in status.audit] == [
        ("set_parallelism", "2 at a time"),
        ("pause", "no further date starts"),
        ("set_parallelism", f"{MAX_PARALLELISM} at a time"),
        ("resume", "further dates start"),
    ]
    assert {(entry.who, entry.why) for entry in status.audit} == {("Ada", "the night is short")}
    assert described.raw_description.workflow_execution_info.priority.priority_key == TaskPriority.BACKFILL
    assert {row.phases for row in status.dates} == {(StepState.COMPLETE,) * 2}


@pytest.mark.long
async def test_a_slow_publication_does_not_overwrite_the_last_one(client: Client) -> None:
    world = BackfillWorld()
    world.publishing.clear()
    async with serving(client, world), started(client, parallelism=4) as handle:
        await wait_until(lambda: has_ended(handle), "all dates end")
        await asyncio.sleep(1)  # the last publication would be out by now
        world.publishing.set()
        await handle.result()
        await asyncio.sleep(0.2)
    assert world.published[-1].status.state is RunState.COMPLETE


async def test_a_date_with_a_live_run_is_left_alone_and_a_failed_one_is_named(client: Client) -> None:
    live, failed, *others = DATES
    world = BackfillWorld(held=True, failing={failed})
    day = DayInput(game_date=live)
    running = await client.start_workflow(
        DailyPipelineWorkflow.run, day, id=day_workflow_id(live), task_queue="without a worker"
    )
    async with serving(client, world), started(client, parallelism=4) as handle:
        world.release()
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
        status = await handle.query(BackfillWorkflow.status)
        assert (await running.describe()).close_time is None, "nothing happened to the live run"
        await running.terminate()
    assert isinstance(failure.value.cause, ApplicationError)
    assert (failure.value.cause.type, status.state) == (BACKFILL_FAILED, RunState.FAILED)
    by_date = {row.game_date: (row.state, row.note) for row in status.dates}
    assert by_date[live] == (DateState.LEFT_ALONE, "it has a live run")
    assert by_date[failed][0] is DateState.FAILED
    assert "the warehouse is damaged" in by_date[failed][1]
    assert {by_date[date][0] for date in others} == {DateState.COMPLETE}


@pytest.mark.long
async def test_a_cancelled_backfill_starts_no_other_date_and_lets_those_that_run_end(client: Client) -> None:
    world = BackfillWorld(held=True)
    async with serving(client, world), started(client, parallelism=1) as handle:
        await wait_until(lambda: has_running(handle, 1), "one date runs")
        await handle.cancel()
        await asyncio.sleep(0.2)
        world.release()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        status = await handle.query(BackfillWorkflow.status)
    assert status.state is RunState.CANCELLED
    assert [row.state for row in status.dates] == [DateState.COMPLETE, *[DateState.QUEUED] * (len(DATES) - 1)]


@pytest.mark.long
async def test_it_continues_as_new_between_two_dates_and_a_changed_plan_is_refused(client: Client) -> None:
    world = BackfillWorld()
    async with serving(client, world):
        async with started(client, parallelism=1, continue_as_new_after=20) as handle:
            status = await handle.result()
            first = client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
            events = [event.event_type async for event in first.fetch_history_events()]
        async with started(client, digest="anotherplan1") as handle:
            with pytest.raises(WorkflowFailureError) as failure:
                await handle.result()
    assert status.count(DateState.COMPLETE) == len(DATES)
    assert events[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    assert "the plan has changed" in str(failure.value.cause)
    assert world.plans == 2, "it is planned once, whatever it continues as"
