"""The schedules, declared as data, and how they are compared with those on the server and applied.

A pause is the schedule's start time: the server ignores all times before it and goes on by itself at its date. The
pause of the Temporal UI has no end and gives no reason, so it is reported and never set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from runtime.schedule_changes import Change, ChangeKind, changes, properties_of, times_of
from tipoff.vocabulary import Frozen, eastern, game_date_of
from workflows.contracts import TASK_TIMEOUT, Queue
from workflows.contracts.schedules import (
    LAUNCHER_WORKFLOW,
    SCHEDULE_PREFIX,
    LauncherInput,
    ScheduleName,
    schedule_id,
)

TIME_ZONE = "America/New_York"
_RPC_TIMEOUT = timedelta(seconds=15)
"""The server runs a schedule as a workflow of its own, which takes seconds on a busy machine."""


class Declaration(NamedTuple):
    """One schedule."""

    name: ScheduleName
    times: ScheduleCalendarSpec
    overlap: ScheduleOverlapPolicy
    """What happens at a time when the last launcher has not ended, which means that no worker runs."""
    catch_up: timedelta
    """How late a run still starts after the server, or all workers, were down."""
    why: str


_EVERY_DAY, _TUESDAY, _WEDNESDAY = (ScheduleRange(0, 6),), (ScheduleRange(2),), (ScheduleRange(3),)
_ALL_MONTHS, _MONTHS_WITH_GAMES = (ScheduleRange(1, 12),), (ScheduleRange(1, 6), ScheduleRange(10, 12))


def _at(
    hour: int, minute: int, days: Sequence[ScheduleRange] = _EVERY_DAY, months: Sequence[ScheduleRange] = _ALL_MONTHS
) -> ScheduleCalendarSpec:
    """Once a day, and never between 1:00 and 3:00, where clocks are changed."""
    hours, minutes = (ScheduleRange(hour),), (ScheduleRange(minute),)
    return ScheduleCalendarSpec(hour=hours, minute=minutes, day_of_week=days, month=months)


DECLARATIONS = (
    Declaration(
        ScheduleName.DAY,
        _at(5, 0),
        ScheduleOverlapPolicy.ALLOW_ALL,
        timedelta(hours=19),
        "until midnight the day is still worth its games; later it is a backfill. A launcher that waits for a worker "
        "must not hold back the next day",
    ),
    Declaration(
        ScheduleName.TRAINING,
        _at(9, 45, _TUESDAY, _MONTHS_WITH_GAMES),
        ScheduleOverlapPolicy.SKIP,
        timedelta(days=3),
        "after the grades of the weekend and before the predictions; without games there is nothing new to learn",
    ),
    Declaration(
        ScheduleName.WATCHDOG,
        ScheduleCalendarSpec(minute=(ScheduleRange(0, 59, 15),), hour=(ScheduleRange(0, 23),)),
        ScheduleOverlapPolicy.SKIP,
        timedelta(minutes=15),
        "it runs for ever; this starts it again if it was ended",
    ),
    Declaration(
        ScheduleName.MORNING_CHECK,
        _at(9, 15),
        ScheduleOverlapPolicy.ALLOW_ALL,
        timedelta(hours=4),
        "grades are due at 9:00; after the predictions nobody reads a morning summary",
    ),
    Declaration(
        ScheduleName.RETENTION,
        _at(10, 0, _WEDNESDAY),
        ScheduleOverlapPolicy.SKIP,
        timedelta(days=1),
        "what it missed, it removes a week later",
    ),
)


def declared_schedules(replay: str = "") -> dict[str, Schedule]:
    """The declared schedules by name; `replay`: the folder of the replay whose server they are for."""
    return {each.name: _schedule(each, replay) for each in DECLARATIONS}


def _schedule(declaration: Declaration, replay: str) -> Schedule:
    launcher = LauncherInput(schedule=declaration.name, latest=declaration.catch_up, replay=replay)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            LAUNCHER_WORKFLOW,
            launcher,
            id=f"launch-{declaration.name}",
            task_queue=Queue.DAY,
            task_timeout=TASK_TIMEOUT,
            static_summary=f"starts what the schedule {declaration.name} is for",
        ),
        spec=ScheduleSpec(calendars=(declaration.times,), time_zone_name=TIME_ZONE),
        policy=SchedulePolicy(overlap=declaration.overlap, catchup_window=declaration.catch_up),
    )


# ── on the server ────────────────────────────────────────────────────────────────────────────────────────


class ScheduleState(StrEnum):
    """Whether a schedule starts anything."""

    ACTIVE = "active"
    PAUSED = "paused"
    ABSENT = "not on the server"


class ScheduleView(Frozen):
    """A schedule as the server knows it."""

    name: str
    state: ScheduleState
    times: str = ""
    paused_until: date | None = None
    """None of a paused one: it was paused in the Temporal UI, which knows no end."""
    note: str = ""
    """Who paused it and why."""
    next_run: datetime | None = None
    last_run: datetime | None = None
    """The scheduled time of the last run."""
    runs: int = 0
    missed: int = 0
    """Times that passed while the server was down, and were too long ago then."""
    skipped: int = 0
    """Times at which the run before had not ended."""


async def existing_schedules(client: Client) -> dict[str, ScheduleDescription]:
    """Our schedules on the server by name, the declared ones first. Raises RPCError."""
    listed = [entry.id async for entry in await client.list_schedules(rpc_timeout=_RPC_TIMEOUT)]
    ours = {name.removeprefix(SCHEDULE_PREFIX) for name in listed if name.startswith(SCHEDULE_PREFIX)}
    # The list is some seconds behind, so declared schedules are asked for by name.
    names = [*ScheduleName, *sorted(ours - set(ScheduleName))]
    described = {name: await _describe(client, name) for name in names}
    return {name: description for name, description in described.items() if description is not None}


async def _describe(client: Client, name: str) -> ScheduleDescription | None:
    try:
        return await client.get_schedule_handle(schedule_id(name)).describe(rpc_timeout=_RPC_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


async def planned_changes(client: Client, replay: str = "") -> tuple[Change, ...]:
    """What applying the declarations would change on the server. Raises RPCError."""
    declared = declared_schedules(replay)
    existing = {name: described.schedule for name, described in (await existing_schedules(client)).items()}
    return changes(
        {name: await properties_of(client, schedule) for name, schedule in declared.items()},
        {name: await properties_of(client, schedule) for name, schedule in existing.items()},
    )


async def apply(client: Client, replay: str = "") -> tuple[Change, ...]:
    """Make the server's schedules the declared ones, and return what was changed. Pauses stay. Raises RPCError."""
    declared, planned = declared_schedules(replay), await planned_changes(client, replay)
    for change in planned:
        handle = client.get_schedule_handle(schedule_id(change.name))
        if change.kind is ChangeKind.CREATE:
            await client.create_schedule(handle.id, declared[change.name], rpc_timeout=_RPC_TIMEOUT)
        elif change.kind is ChangeKind.UPDATE:
            await handle.update(_replaced_by(declared[change.name]), rpc_timeout=_RPC_TIMEOUT)
        elif change.kind is ChangeKind.DELETE:
            await handle.delete(rpc_timeout=_RPC_TIMEOUT)
    return planned


def _replaced_by(declared: Schedule) -> Callable[[ScheduleUpdateInput], ScheduleUpdate]:
    def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
        present = current.description.schedule
        spec = replace(declared.spec, start_at=present.spec.start_at)
        return ScheduleUpdate(replace(declared, spec=spec, state=present.state))

    return update


async def pause(client: Client, name: str, until: date, note: str) -> None:
    """Let a schedule start nothing before the beginning of a date, in Eastern time. Raises RPCError."""

    def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = current.description.schedule
        schedule.spec.start_at = eastern(until, 0)
        schedule.state.note = note
        return ScheduleUpdate(schedule)

    await client.get_schedule_handle(schedule_id(name)).update(update, rpc_timeout=_RPC_TIMEOUT)


async def resume(client: Client, name: str) -> None:
    """End the pause of a schedule, also that of the Temporal UI. Raises RPCError."""

    def update(current: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = current.description.schedule
        schedule.spec.start_at = schedule.state.note = None
        schedule.state.paused = False
        return ScheduleUpdate(schedule)

    await client.get_schedule_handle(schedule_id(name)).update(update, rpc_timeout=_RPC_TIMEOUT)


async def schedule_views(client: Client, now: datetime) -> tuple[ScheduleView, ...]:
    """All schedules, also declared ones that the server lacks. Raises RPCError."""
    existing = await existing_schedules(client)
    absent = tuple(ScheduleView(name=name, state=ScheduleState.ABSENT) for name in ScheduleName if name not in existing)
    return (*(_view(name, described, now) for name, described in existing.items()), *absent)


def _view(name: str, described: ScheduleDescription, now: datetime) -> ScheduleView:
    spec, state, info = described.schedule.spec, described.schedule.state, described.info
    starts_later = spec.start_at is not None and spec.start_at > now
    is_paused = starts_later or state.paused
    next_runs = () if state.paused else info.next_action_times
    return ScheduleView(
        name=name,
        state=ScheduleState.PAUSED if is_paused else ScheduleState.ACTIVE,
        times=times_of(spec),
        paused_until=game_date_of(spec.start_at) if spec.start_at and starts_later and not state.paused else None,
        note=(state.note or "") if is_paused else "",
        next_run=min(next_runs, default=None),
        last_run=max((action.scheduled_at for action in info.recent_actions), default=None),
        runs=info.num_actions,
        missed=info.num_actions_missed_catchup_window,
        skipped=info.num_actions_skipped_overlap,
    )
