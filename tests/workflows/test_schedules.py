"""The schedules on a real server: applied, paused, resumed, and what they start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecution,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.worker import Worker

from runtime import schedules
from runtime.sandbox import WORKFLOW_RUNNER
from runtime.schedule_changes import ChangeKind
from runtime.schedules import DECLARATIONS, TIME_ZONE, ScheduleState, ScheduleView
from tests.support.days import ScriptedResponse, World, serving
from tipoff.vocabulary import RunState, eastern, game_date_of
from workflows.contracts import DayResult, Queue, day_workflow_id
from workflows.contracts.schedules import LauncherInput, LaunchOutcome, LaunchResult, ScheduleName, schedule_id
from workflows.launcher import LauncherWorkflow

NEW_YORK = ZoneInfo(TIME_ZONE)
SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)
"""On these dates the clocks are changed."""
OTHER = "somebody-elses"


@pytest.fixture
async def applied(client: Client) -> AsyncIterator[Client]:
    """A server that has the declared schedules, and one that is not ours."""
    await schedules.apply(client)
    others = ScheduleActionStartWorkflow("Other", id="other", task_queue="other")
    await client.create_schedule(OTHER, Schedule(action=others, spec=ScheduleSpec()))
    yield client
    for name in await schedules.existing_schedules(client):
        await client.get_schedule_handle(schedule_id(name)).delete()
    await client.get_schedule_handle(OTHER).delete()


async def view_of(client: Client, name: ScheduleName) -> ScheduleView:
    (view,) = (view for view in await schedules.schedule_views(client, datetime.now(UTC)) if view.name == name)
    return view


async def kinds(client: Client) -> dict[str, ChangeKind]:
    return {change.name: change.kind for change in await schedules.planned_changes(client)}


async def test_applied_schedules_are_as_declared_until_somebody_changes_them(applied: Client) -> None:
    assert await kinds(applied) == dict.fromkeys(ScheduleName, ChangeKind.NONE)

    def later_and_buffered(current: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = current.description.schedule
        schedule.spec.calendars[0].hour = (ScheduleRange(7, 9, 2),)
        schedule.policy.overlap = ScheduleOverlapPolicy.BUFFER_ALL
        return ScheduleUpdate(schedule)

    await applied.get_schedule_handle(schedule_id(ScheduleName.DAY)).update(later_and_buffered)
    await applied.create_schedule(
        schedule_id("old"),
        Schedule(action=ScheduleActionStartWorkflow("Old", id="old", task_queue="old"), spec=ScheduleSpec()),
    )
    await applied.get_schedule_handle(schedule_id(ScheduleName.RETENTION)).delete()
    await listed(applied, "old")
    planned = {change.name: change for change in await schedules.planned_changes(applied)}
    changed = planned[ScheduleName.DAY]
    assert [(each.what, each.before, each.after) for each in changed.differences] == [
        ("times", "0 7-9/2 * * * America/New_York", "0 5 * * * America/New_York"),
        ("overlap", "buffer_all", "allow_all"),
    ]
    assert (planned["old"].kind, planned[ScheduleName.RETENTION].kind) == (ChangeKind.DELETE, ChangeKind.CREATE)
    assert await schedules.apply(applied) == tuple(planned.values())
    assert await kinds(applied) == dict.fromkeys(ScheduleName, ChangeKind.NONE)
    assert await applied.get_schedule_handle(OTHER).describe(), "schedules of others stay"


async def listed(client: Client, name: str) -> None:
    """Wait until the server lists a schedule, which it does some time after it was created."""
    async with asyncio.timeout(20):
        while name not in await schedules.existing_schedules(client):  # noqa: ASYNC110 - on the server
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("changed", [SPRING, AUTUMN])
async def test_daily_schedules_start_once_at_their_eastern_time_when_clocks_change(
    applied: Client, changed: date
) -> None:
    for declaration in DECLARATIONS:
        times = await times_of(applied, declaration.name, changed - timedelta(days=1), days=3)
        if declaration.name is ScheduleName.WATCHDOG:
            assert {later - earlier for earlier, later in pairwise(times)} == {declaration.catch_up}
        if declaration.name in (ScheduleName.DAY, ScheduleName.MORNING_CHECK):
            hour, minute = declaration.times.hour[0].start, declaration.times.minute[0].start
            expected = [changed + timedelta(days=day) for day in (-1, 0, 1)]
            assert times == [datetime.combine(day, time(hour, minute), NEW_YORK) for day in expected]


async def times_of(client: Client, name: ScheduleName, first: date, days: int) -> list[datetime]:
    """The times at which the server would start a schedule, by the server's own calendar."""
    request = ListScheduleMatchingTimesRequest(namespace=client.namespace, schedule_id=schedule_id(name))
    request.start_time.FromDatetime(eastern(first, 0))
    request.end_time.FromDatetime(eastern(first + timedelta(days=days), 0) - timedelta(seconds=1))
    matching = await client.workflow_service.list_schedule_matching_times(request)
    return [each.ToDatetime(UTC) for each in matching.start_time]


async def test_training_has_no_times_in_the_months_without_games(applied: Client) -> None:
    summer, season = date(2027, 7, 1), date(2027, 10, 1)
    assert await times_of(applied, ScheduleName.TRAINING, summer, days=(season - summer).days) == []
    tuesdays = await times_of(applied, ScheduleName.TRAINING, season, days=28)
    assert [f"{each.astimezone(NEW_YORK):%a %H:%M}" for each in tuesdays] == ["Tue 09:45"] * 4


async def test_a_pause_ends_by_itself_at_its_date_and_survives_an_apply(applied: Client) -> None:
    until = game_date_of(datetime.now(UTC)) + timedelta(days=40)
    note = f"paused until {until} by Ada: off-season"
    await schedules.pause(applied, ScheduleName.DAY, until, note)
    assert await kinds(applied) == dict.fromkeys(ScheduleName, ChangeKind.NONE), "a pause is no difference"
    handle = applied.get_schedule_handle(schedule_id(ScheduleName.DAY))

    def other_window(current: ScheduleUpdateInput) -> ScheduleUpdate:
        current.description.schedule.policy.catchup_window = timedelta(days=9)
        return ScheduleUpdate(current.description.schedule)

    await handle.update(other_window)
    await schedules.apply(applied)
    paused = await view_of(applied, ScheduleName.DAY)
    assert (paused.state, paused.paused_until, paused.note) == (ScheduleState.PAUSED, until, note)
    assert paused.next_run == eastern(until, 5)
    assert (await handle.describe()).schedule.policy.catchup_window == timedelta(hours=19)
    await schedules.resume(applied, ScheduleName.DAY)
    resumed = await view_of(applied, ScheduleName.DAY)
    assert (resumed.state, resumed.note) == (ScheduleState.ACTIVE, "")
    assert resumed.next_run is not None
    assert resumed.next_run < eastern(until, 5)


async def test_a_pause_of_the_temporal_ui_is_shown_as_one_without_an_end(applied: Client) -> None:
    handle = applied.get_schedule_handle(schedule_id(ScheduleName.TRAINING))
    await handle.pause(note="")
    paused = await view_of(applied, ScheduleName.TRAINING)
    assert (paused.state, paused.paused_until, paused.next_run) == (ScheduleState.PAUSED, None, None)
    await schedules.resume(applied, ScheduleName.TRAINING)
    assert (await view_of(applied, ScheduleName.TRAINING)).state is ScheduleState.ACTIVE


# ── what they start ──────────────────────────────────────────────────────────────────────────────────────


class Launches:
    """A schedule whose launchers are served by a worker, and by none before."""

    def __init__(self, client: Client, **launcher: Any) -> None:
        self.client = client
        self.id = f"launches-{launcher['schedule']}"
        self.input = LauncherInput(**launcher)

    @asynccontextmanager
    async def created(self) -> AsyncIterator[ScheduleHandle]:
        action = ScheduleActionStartWorkflow("LauncherWorkflow", self.input, id=self.id, task_queue=Queue.DAY)
        declared = schedules.declared_schedules()[self.input.schedule]
        handle = await self.client.create_schedule(self.id, Schedule(action=action, spec=declared.spec))
        yield handle
        await handle.delete()

    async def results(self, handle: ScheduleHandle, count: int) -> list[LaunchResult]:
        """The results of the launchers that the schedule started, by the time of their start."""
        async with asyncio.timeout(60):
            while len(actions := (await handle.describe()).info.recent_actions) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            return [await self._result(each.action) for each in actions]

    async def _result(self, action: ScheduleActionExecution) -> LaunchResult:
        assert isinstance(action, ScheduleActionExecutionStartWorkflow)
        result: LaunchResult = await self.client.get_workflow_handle(
            action.workflow_id, run_id=action.first_execution_run_id, result_type=LaunchResult
        ).result()
        return result


DAYS = (date(2024, 3, 9), date(2024, 3, 10))
"""Over the change of the clocks. No other test of the server may run a day of these dates under its real id."""


@pytest.mark.long
async def test_a_schedule_starts_each_day_under_an_id_of_its_own_and_leaves_it_alone(client: Client) -> None:
    """Its own backfill call, over the change of the clocks; the days run by their virtual clock."""
    launches = Launches(client, schedule=ScheduleName.DAY, latest=timedelta(hours=19), replay="var/demo")
    world = World({"nbac_schedule": [ScriptedResponse(eastern(DAYS[0], 5), games=())]})
    async with launches.created() as handle, serving(client, world, LauncherWorkflow):
        first = await backfilled(launches, handle, DAYS, launchers=2)
        again = await backfilled(launches, handle, DAYS, launchers=4)
        days: list[WorkflowHandle[Any, DayResult]] = [
            client.get_workflow_handle(day_workflow_id(each), result_type=DayResult) for each in DAYS
        ]
        ended = [await day.result() for day in days]
    started = LaunchOutcome.STARTED
    assert [(result.workflow_id, result.outcome) for result in first] == [(day.id, started) for day in days]
    assert {result.outcome for result in again[2:]} == {LaunchOutcome.EXISTS}
    assert [(day.game_date, day.state, day.games) for day in ended] == [(each, RunState.COMPLETE, 0) for each in DAYS]
    described = await days[0].describe()
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert described.parent_id is not None
    assert described.parent_id.startswith(launches.id)
    assert await described.static_summary() == f"NBA {DAYS[0]}"
    assert described.raw_description.workflow_execution_info.priority.priority_key == 2


async def backfilled(
    launches: Launches, handle: ScheduleHandle, dates: Sequence[date], launchers: int
) -> list[LaunchResult]:
    first, last = eastern(dates[0], 4), eastern(dates[-1], 6)
    await handle.backfill(ScheduleBackfill(first, last, ScheduleOverlapPolicy.ALLOW_ALL))
    return await launches.results(handle, launchers)


async def test_what_waited_too_long_for_a_worker_is_not_started(client: Client) -> None:
    launches = Launches(client, schedule=ScheduleName.RETENTION, latest=timedelta(seconds=1.5))
    async with launches.created() as handle:
        await handle.trigger()
        await asyncio.sleep(2)
        worker = Worker(client, task_queue=Queue.DAY, workflows=[LauncherWorkflow], workflow_runner=WORKFLOW_RUNNER)
        async with worker:
            (result,) = await launches.results(handle, 1)
    assert result.outcome is LaunchOutcome.TOO_LATE
    assert "no worker ran until it was too late" in result.text


async def test_a_launcher_without_a_schedule_says_so(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    launcher = LauncherInput(schedule=ScheduleName.DAY, latest=timedelta(hours=1))
    async with Worker(client, task_queue="launchers", workflows=[LauncherWorkflow], workflow_runner=WORKFLOW_RUNNER):
        with pytest.raises(Exception) as failure:  # noqa: PT011
            await client.execute_workflow(LauncherWorkflow.run, launcher, id="by-hand", task_queue="launchers")
    assert "only a schedule starts this workflow" in str(failure.value.__cause__)
