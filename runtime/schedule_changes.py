"""Compares schedules as they are declared with those on the server, property by property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleAction,
    ScheduleActionStartWorkflow,
    ScheduleCalendarSpec,
    ScheduleRange,
    ScheduleSpec,
)

from tipoff.vocabulary import Frozen


class ChangeKind(StrEnum):
    """What applying does to a schedule."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NONE = "none"


class Difference(Frozen):
    """A property of a schedule, on the server and as declared."""

    what: str
    before: str
    after: str


class Change(Frozen):
    """What applying does to one schedule, and why."""

    name: str
    kind: ChangeKind
    differences: tuple[Difference, ...] = ()


Properties = Mapping[str, str]
"""The properties of a schedule, in words; a pause is none of them, since operators set it."""


def changes(declared: Mapping[str, Properties], existing: Mapping[str, Properties]) -> tuple[Change, ...]:
    """What has to change until the schedules of the server are the declared ones."""
    names = [*declared, *sorted(existing.keys() - declared.keys())]
    return tuple(_change(name, declared.get(name), existing.get(name)) for name in names)


def _change(name: str, declared: Properties | None, existing: Properties | None) -> Change:
    if declared is None:
        return Change(name=name, kind=ChangeKind.DELETE)
    differences = tuple(
        Difference(what=what, before=(existing or {}).get(what, ""), after=after)
        for what, after in declared.items()
        if existing is None or existing.get(what) != after
    )
    if existing is None:
        return Change(name=name, kind=ChangeKind.CREATE, differences=differences)
    return Change(name=name, kind=ChangeKind.UPDATE if differences else ChangeKind.NONE, differences=differences)


async def properties_of(client: Client, schedule: Schedule) -> Properties:
    """The properties of a declared schedule, or of one on the server."""
    policy = schedule.policy
    return {
        "times": times_of(schedule.spec),
        "starts": await _action_of(client, schedule.action),
        "overlap": policy.overlap.name.lower(),
        "catch-up": "a year" if policy.catchup_window is None else str(policy.catchup_window),
    }


async def _action_of(client: Client, action: ScheduleAction) -> str:
    if not isinstance(action, ScheduleActionStartWorkflow):  # the SDK knows no other kind
        return type(action).__name__
    described = [each for each in action.args if isinstance(each, Payload)]
    payloads = described or await client.data_converter.encode(action.args)
    return f"{action.workflow} on {action.task_queue} with {' '.join(each.data.decode() for each in payloads)}"


def times_of(spec: ScheduleSpec) -> str:
    """The times of a schedule as cron expressions, with whatever those cannot express."""
    calendars = "; ".join(f"{cron(calendar)} {spec.time_zone_name or 'UTC'}" for calendar in spec.calendars)
    others = {name: getattr(spec, name) for name in ("intervals", "cron_expressions", "skip", "end_at", "jitter")}
    unusual = {name: value for name, value in others.items() if value}
    return f"{calendars} {unusual}" if unusual else calendars


_CRON_FIELDS = (
    ("minute", (0, 59)),
    ("hour", (0, 23)),
    ("day_of_month", (1, 31)),
    ("month", (1, 12)),
    ("day_of_week", (0, 6)),
)


def cron(calendar: ScheduleCalendarSpec) -> str:
    """A calendar as a cron expression; seconds and years, which those lack, are added if they are set."""
    fields = [_cron_field(getattr(calendar, name), *bounds) for name, bounds in _CRON_FIELDS]
    seconds = "" if tuple(calendar.second) == (ScheduleRange(0),) else f" second {_cron_field(calendar.second, 0, 59)}"
    years = f" year {_cron_field(calendar.year, 0, 0)}" if calendar.year else ""
    return f"{' '.join(fields)}{seconds}{years}"


def _cron_field(ranges: Sequence[ScheduleRange], first: int, last: int) -> str:
    return ",".join(_cron_range(each, first, last) for each in ranges)


def _cron_range(each: ScheduleRange, first: int, last: int) -> str:
    step = f"/{each.step}" if each.step > 1 else ""
    if (each.start, each.end) == (first, last):
        return f"*{step}"
    return f"{each.start}{step}" if each.end == each.start else f"{each.start}-{each.end}{step}"
