"""`days`: one line a date: state, quality, games, predictions, grades, and what it waits for."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import NamedTuple

from rich.console import Group
from rich.text import Text
from temporalio.client import Client

from activities.server_state import SELF_REPORTED_EXECUTIONS, DescribedRun, describe_run
from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.server import connected
from cli.target import Target
from cli.view import ENDED_STATES, read_exported_status
from tipoff.errors import BadInputError, StorageError
from tipoff.publishing.ended_days import EndedDay, read_ended_day
from tipoff.vocabulary import DayStatus, Frozen, counted, step_names
from workflows.search_attributes import ATTENTION_STEPS, DATA_QUALITY, RUN_STATE, WAITS_FOR

NO_RUN = "NO RUN"
NO_END = "NO END"
"""It ran, but the server has no run of it any more, and none ended: it was deleted or terminated."""
MAX_CONCURRENT_REQUESTS = 10
"""More at once would slow the server's answers beyond their timeout of a second."""


class DayRow(Frozen):
    """One date, by its run on the server and by what was exported of it."""

    game_date: date
    state: str
    data_quality: str = ""
    backfilled: bool = False
    """It was predicted after its games."""
    games: int | None = None
    predictions: int | None = None
    graded: int | None = None
    publication_minutes: float | None = None
    """From the first read slate to the first published predictions."""
    success_rate: float | None = None
    """Share of the executions of all steps that succeeded."""
    waits_for: tuple[str, ...] = ()
    """The late steps."""
    attention: tuple[str, ...] = ()
    """The parked steps, about which an operator has to decide."""
    sentence: str = ""


class ExportedDay(NamedTuple):
    """What was exported of a date: how it ended, by the warehouse, and its last status."""

    ended: EndedDay | None = None
    status: DayStatus | None = None
    problem: str = ""
    """Why the first cannot be read."""


async def run(options: Namespace) -> ExitCode:
    """Print the last dates, newest first; without a server, as they were last exported."""
    target = Target(options.replay)
    dates = [options.date - timedelta(days=days) for days in range(options.last)]
    async with AsyncExitStack() as stack:
        client: Client | str
        try:
            client = await stack.enter_async_context(connected(target))
        except CommandError as error:
            client = str(error)
        limit = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)
        listed = await asyncio.gather(*(_row(client, target, each, limit) for each in dates))
    rows, problems = [row for row, _ in listed], [problem for _, problem in listed if problem]
    if options.json:
        print(json.dumps([row.model_dump(mode="json") for row in rows], ensure_ascii=False))
    else:
        _print(rows, [*_server_note(client), *_export_note(problems)])
    return ExitCode.DONE


async def _row(client: Client | str, target: Target, game_date: date, limit: asyncio.Semaphore) -> tuple[DayRow, str]:
    """The line of a date, and why what the warehouse knows of it cannot be read."""
    async with limit:
        described = None if isinstance(client, str) else await describe_run(client, game_date)
        exported = await asyncio.to_thread(read_exported_day, target, game_date)
    server_answers = not isinstance(client, str)
    return day_row(game_date, described, exported, server_answers=server_answers), exported.problem


def read_exported_day(target: Target, game_date: date) -> ExportedDay:
    """What was exported of a date. Raises ConfigurationError."""
    status, _ = read_exported_status(target, game_date)
    try:
        return ExportedDay(read_ended_day(target.exports, game_date), status)
    except (BadInputError, StorageError) as error:
        return ExportedDay(None, status, str(error))


def day_row(
    game_date: date, described: DescribedRun | None, exported: ExportedDay, *, server_answers: bool = True
) -> DayRow:
    """The line of a date: what the server knows comes first; the warehouse has the counts once the day has ended."""
    is_open = described is not None and described.is_open
    row = _exported_row(game_date, exported, is_open=is_open)
    if described is None:
        has_no_end = server_answers and row.state not in {*ENDED_STATES, NO_RUN}
        return row.model_copy(update={"state": NO_END}) if has_no_end else row
    attributes = described.attributes
    is_self_reported = described.execution in SELF_REPORTED_EXECUTIONS
    return row.model_copy(
        update={
            "state": attributes.get(RUN_STATE, described.execution) if is_self_reported else described.execution,
            "data_quality": attributes.get(DATA_QUALITY, row.data_quality),
            "waits_for": tuple(attributes.get(WAITS_FOR, ())) if described.is_open else (),
            "attention": tuple(attributes.get(ATTENTION_STEPS, ())),
            "sentence": str(described.memo.get("status", row.sentence)),
        }
    )


def _exported_row(game_date: date, exported: ExportedDay, *, is_open: bool) -> DayRow:
    """The line of a date by its exports: the status is that of the last run, which may not have ended."""
    ended, status, _ = exported
    if ended is not None and not is_open and (status is None or _is_logged(status, ended)):
        return DayRow(state=ended.status, **ended.model_dump(exclude={"status", "ended_at"}))
    return DayRow(game_date=game_date, state=NO_RUN) if status is None else _status_row(status)


def _is_logged(status: DayStatus, ended: EndedDay) -> bool:
    """Whether the warehouse has the run that the status is of, whose last status may not have been exported."""
    return status.now <= ended.ended_at and (status.state in ENDED_STATES or not status.virtual)


def _status_row(status: DayStatus) -> DayRow:
    # A re-run that published nothing again has graded what was published before.
    published = [step.rows for step in status.steps if step.name == step_names.PUBLISH_PREDICTIONS]
    return DayRow(
        game_date=status.game_date,
        state=status.state,
        data_quality=status.data_quality,
        backfilled=status.backfilled,
        games=len(status.games),
        predictions=status.counts.get("predictions", sum(published)),
        graded=sum(count for name, count in status.counts.items() if name.startswith("graded:")),
        waits_for=status.late_steps,
        attention=tuple(item.step for item in status.attention),
        sentence=status.sentence,
    )


def _server_note(client: Client | str) -> list[str]:
    return [f"from the last exports, because {client}"] if isinstance(client, str) else []


def _export_note(problems: Sequence[str]) -> list[str]:
    if not problems:
        return []
    return [f"how {counted(len(problems), 'date')} ended cannot be read, so statuses are shown instead: {problems[0]}"]


def _print(rows: Sequence[DayRow], notes: Sequence[str]) -> None:
    columns = ("date", "state", "data", "games", "predictions", "graded", "out after", "succeeded", "waits for")
    table = table_of("Days", columns, [_cells(row) for row in rows])
    console().print(Group(table, *(Text(note, style="yellow") for note in notes)))


def _cells(row: DayRow) -> tuple[str, ...]:
    counts = ("" if count is None else f"{count:,}" for count in (row.games, row.predictions, row.graded))
    data = f"{row.data_quality.lower()}{', backfilled' if row.backfilled else ''}"
    rate = "" if row.success_rate is None else f"{row.success_rate:.0%}"
    return str(row.game_date), row.state, data, *counts, _hours(row.publication_minutes), rate, _waits_text(row)


def _hours(minutes: float | None) -> str:
    """Minutes as hours and minutes, such as 10:15."""
    return "" if minutes is None else f"{int(minutes) // 60}:{int(minutes) % 60:02}"


def _waits_text(row: DayRow) -> str:
    if row.attention:
        return f"an operator: {', '.join(row.attention)}"
    return ", ".join(row.waits_for)
