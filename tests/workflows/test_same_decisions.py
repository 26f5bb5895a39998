"""A day takes the same decisions when repeated, when activities finish in another order and when a worker dies."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from temporalio.client import Client

from tests.support import scenarios
from tests.support.days import (
    MORNING,
    DayRun,
    ScheduledActivity,
    World,
    at,
    happy_script,
    run_day,
    scheduled_command,
    virtual,
)
from tipoff.vocabulary import RunState
from workflows.contracts import Activity, CommandName

SECOND_HALVES = {Activity.PROCESS, Activity.STORE_PREDICTIONS}
"""The second activity of a step, which is no decision and runs beside other steps."""


def decisions(run: DayRun) -> tuple[list[ScheduledActivity], list[ScheduledActivity]]:
    """The decisions in order, and the follow-up activities sorted."""
    first = [each for each in run.scheduled_activities if each.activity not in SECOND_HALVES]
    return first, sorted((each for each in run.scheduled_activities if each.activity in SECOND_HALVES), key=str)


@pytest.mark.long
async def test_a_repeated_day_takes_the_same_decisions(client: Client) -> None:
    clock = virtual(
        scheduled_command(at(10, 10), CommandName.FORCE_CONTINUE, "lines"),
        scheduled_command(at(14, 10), CommandName.LINES_AVAILABLE),
    )
    first, second = [await run_day(client, World(), clock) for _ in range(2)]
    assert decisions(first) == decisions(second)
    assert first.status == second.status


@pytest.mark.parametrize("seed", [1, 2])
async def test_decisions_do_not_depend_on_the_order_in_which_activities_finish(
    client: Client, happy: DayRun, seed: int
) -> None:
    run = await run_day(client, World(happy_script(lines_at=at(11)), random_delays=random.Random(seed)))
    assert decisions(run) == decisions(happy)
    assert run.status == happy.status


async def test_a_day_whose_worker_died_takes_the_same_decisions(client: Client, happy: DayRun) -> None:
    run = await scenarios.worker_killed(client)
    assert run.result.state is RunState.COMPLETE
    assert decisions(run) == decisions(happy)
    assert run.status == happy.status


async def test_a_pace_needs_few_timers_and_changes_no_decision(client: Client, happy: DayRun) -> None:
    """Each timer is a second or longer, as the server may be a second late."""
    clock = virtual().model_copy(update={"seconds_per_hour": 0.3})
    run = await run_day(client, World(happy_script(lines_at=at(11))), clock)
    slept = [
        event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        for event in run.history.events
        if event.HasField("timer_started_event_attributes")
    ]
    hours = (run.status.now - MORNING) / timedelta(hours=1)
    assert min(slept) >= timedelta(seconds=1)
    assert sum(slept, timedelta()) <= timedelta(seconds=0.3 * hours) < sum(slept, timedelta(seconds=1))
    assert decisions(run) == decisions(happy)
    assert run.status == happy.status
