"""The same day is decided the same: twice over, with activities that finish in any order, with a worker that dies."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from temporalio.client import Client

from tests.support import scenarios
from tests.support.days import MORNING, Deed, Played, World, at, happy_script, play, says, virtual
from tipoff.vocabulary import RunState
from workflows.contracts import Activity, CommandName

SECOND_HALVES = {Activity.PROCESS, Activity.STORE_PREDICTIONS}
"""What follows within one step on its first activity; it decides nothing, and steps run side by side."""


def decisions(played: Played) -> tuple[list[Deed], list[Deed]]:
    """What was decided in its order, and what followed from it in any."""
    first = [deed for deed in played.deeds if deed.activity not in SECOND_HALVES]
    return first, sorted((deed for deed in played.deeds if deed.activity in SECOND_HALVES), key=str)


async def test_a_day_played_twice_is_decided_twice_the_same(client: Client) -> None:
    clock = virtual(
        says(at(10, 10), CommandName.FORCE_CONTINUE, "lines"), says(at(14, 10), CommandName.LINES_AVAILABLE)
    )
    first, second = [await play(client, World(), clock) for _ in range(2)]
    assert decisions(first) == decisions(second)
    assert first.status == second.status


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_order_in_which_activities_finish_decides_nothing(client: Client, happy: Played, seed: int) -> None:
    played = await play(client, World(happy_script(lines_at=at(11)), dice=random.Random(seed)))
    assert decisions(played) == decisions(happy)
    assert played.status == happy.status


async def test_a_day_whose_worker_died_goes_on_where_it_was_and_decides_the_same(client: Client, happy: Played) -> None:
    played = await scenarios.worker_killed(client)
    assert played.result.state is RunState.COMPLETE
    assert decisions(played) == decisions(happy)
    assert played.status == happy.status


async def test_a_pace_is_slept_in_few_timers_and_decides_nothing(client: Client, happy: Played) -> None:
    """Each is a second or longer, as the server may be a second late: 0.3 s for each hour of the day are that many."""
    clock = virtual().model_copy(update={"seconds_per_hour": 0.3})
    played = await play(client, World(happy_script(lines_at=at(11))), clock)
    slept = [
        event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        for event in played.history.events
        if event.HasField("timer_started_event_attributes")
    ]
    hours = (played.status.now - MORNING) / timedelta(hours=1)
    assert min(slept) >= timedelta(seconds=1)
    assert sum(slept, timedelta()) <= timedelta(seconds=0.3 * hours) < sum(slept, timedelta(seconds=1))
    assert decisions(played) == decisions(happy)
    assert played.status == happy.status
