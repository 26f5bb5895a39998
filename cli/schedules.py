"""`schedules`: compares, applies, lists, pauses and resumes the schedules."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from rich.console import Group
from rich.text import Text
from temporalio.client import Client

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.server import connected
from cli.target import Target
from runtime import schedules
from runtime.schedule_changes import Change, ChangeKind
from runtime.schedules import ScheduleState, ScheduleView
from tipoff.vocabulary import counted, date_and_time, did_you_mean, game_date_of

LONGEST_PAUSE = timedelta(days=366)
_SIGNS = {ChangeKind.CREATE: "+", ChangeKind.UPDATE: "~", ChangeKind.DELETE: "-", ChangeKind.NONE: " "}


async def run(options: Namespace) -> ExitCode:
    """Run the action. Raises CommandError UNREACHABLE, UNKNOWN or REFUSED."""
    actions: dict[str, Callable[[Client, Namespace], Awaitable[None]]] = {
        "apply": _apply,
        "list": _list,
        "pause": _pause,
        "resume": _resume,
    }
    async with connected(Target(options.replay)) as client:
        await actions[options.action](client, options)
    return ExitCode.DONE


async def _apply(client: Client, options: Namespace) -> None:
    work = schedules.planned_changes if options.dry_run else schedules.apply
    changes = await work(client, str(options.replay or ""))
    if options.json:
        print(json.dumps([change.model_dump(mode="json") for change in changes]))
    else:
        print("\n".join([*map(format_change, changes), _total(changes, dry_run=options.dry_run)]))


def format_change(change: Change) -> str:
    """A change as lines of text, with the value before and the value after."""
    texts = {ChangeKind.DELETE: "is not declared any more: deleted", ChangeKind.NONE: "unchanged"}
    head = f"{_SIGNS[change.kind]} {change.name:<14} {texts.get(change.kind, '')}".rstrip()
    values = (f"{each.what}: {f'{each.before} → ' if each.before else ''}{each.after}" for each in change.differences)
    return "\n".join([head, *(f"    {value}" for value in values)])


def _total(changes: Sequence[Change], *, dry_run: bool) -> str:
    number = sum(change.kind is not ChangeKind.NONE for change in changes)
    if not number:
        return "all schedules are as declared"
    return f"{counted(number, 'schedule')} {'would be changed' if dry_run else 'changed'}"


async def _list(client: Client, options: Namespace) -> None:
    views = await schedules.schedule_views(client, datetime.now(UTC))
    if options.json:
        print(json.dumps([view.model_dump(mode="json") for view in views]))
        return
    columns = ("schedule", "times (cron)", "state", "next run", "last run", "runs", "missed", "skipped")
    table = table_of("Schedules", columns, [_cells(view) for view in views])
    console().print(Group(table, *(Text(note, style="yellow") for note in _notes(views))))


def _cells(view: ScheduleView) -> tuple[str, ...]:
    state = f"{view.state} until {view.paused_until}" if view.paused_until else str(view.state)
    times = (date_and_time(time) if time else "" for time in (view.next_run, view.last_run))
    return view.name, view.times, state, *times, *(str(count) for count in (view.runs, view.missed, view.skipped))


def _notes(views: Sequence[ScheduleView]) -> list[str]:
    notes = [f"{view.name} is {view.note}" for view in views if view.paused_until]
    notes += [
        f"{view.name} was paused in the Temporal UI, without an end ({view.note or 'no reason'}): "
        f"starter.py schedules resume {view.name}"
        for view in views
        if view.state is ScheduleState.PAUSED and not view.paused_until
    ]
    if any(view.state is ScheduleState.ABSENT for view in views):
        notes.append("schedules are missing on the server: starter.py schedules apply")
    return notes


async def _pause(client: Client, options: Namespace) -> None:
    _require_near_future(options.until, game_date_of(datetime.now(UTC)))
    note = f"paused until {options.until} by {options.who}: {options.why}"
    names = await _names(client, options)
    for name in names:
        await schedules.pause(client, name, options.until, note)
    await _report(client, names, options)


def _require_near_future(until: date, today: date) -> None:
    """Raises CommandError REFUSED."""
    if not today < until <= today + LONGEST_PAUSE:
        limits = f"name a date from {today + timedelta(days=1)} to {today + LONGEST_PAUSE}"
        raise CommandError(ExitCode.REFUSED, f"a pause until {until} is refused; {limits}")


async def _resume(client: Client, options: Namespace) -> None:
    names = await _names(client, options)
    for name in names:
        await schedules.resume(client, name)
    await _report(client, names, options)


async def _names(client: Client, options: Namespace) -> list[str]:
    """The schedules that the command is about. Raises CommandError UNKNOWN."""
    existing = list(await schedules.existing_schedules(client))
    if not existing:
        raise CommandError(ExitCode.UNKNOWN, "the server has no schedules: starter.py schedules apply")
    if options.name and options.name not in existing:
        known = f"{', '.join(existing)}{did_you_mean(options.name, existing)}"
        raise CommandError(ExitCode.UNKNOWN, f"the server has no schedule {options.name!r}; it has {known}")
    return [options.name] if options.name else existing


async def _report(client: Client, names: Sequence[str], options: Namespace) -> None:
    """Print when the schedules start something next."""
    views = [view for view in await schedules.schedule_views(client, datetime.now(UTC)) if view.name in names]
    if options.json:
        print(json.dumps([view.model_dump(mode="json") for view in views]))
        return
    for view in views:
        next_run = f"next run {date_and_time(view.next_run)}" if view.next_run else "no next run"
        print(f"{view.name}: {view.note or view.state}; {next_run}")
