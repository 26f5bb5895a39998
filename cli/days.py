"""`days`: one line a date: state, quality, games, predictions, grades, and what it waits for."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta

from rich.console import Group
from rich.text import Text
from temporalio.client import Client

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, table_of
from cli.runs import SELF_REPORTED_EXECUTIONS, DescribedRun, describe_run
from cli.server import connected
from cli.target import Target
from cli.view import read_exported_status
from tipoff.vocabulary import DayStatus, Frozen, step_names
from workflows.search_attributes import ATTENTION_STEPS, DATA_QUALITY, RUN_STATE, WAITS_FOR

NO_RUN = "NO RUN"
MAX_CONCURRENT_REQUESTS = 10
"""More at once would slow the server's answers beyond their timeout of a second."""


class DayRow(Frozen):
    """One date, by its run on the server and by its last exported status."""

    game_date: date
    state: str
    data_quality: str = ""
    backfilled: bool = False
    """It was predicted after its games."""
    games: int | None = None
    predictions: int | None = None
    graded: int | None = None
    waits_for: tuple[str, ...] = ()
    """The late steps."""
    attention: tuple[str, ...] = ()
    """The parked steps, about which an operator has to decide."""
    sentence: str = ""


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
        rows = await asyncio.gather(*(_row(client, target, each, limit) for each in dates))
    if options.json:
        print(json.dumps([row.model_dump(mode="json") for row in rows], ensure_ascii=False))
    else:
        _print(rows, client if isinstance(client, str) else "")
    return ExitCode.DONE


async def _row(client: Client | str, target: Target, game_date: date, limit: asyncio.Semaphore) -> DayRow:
    async with limit:
        described = None if isinstance(client, str) else await describe_run(client, game_date)
    status, _ = read_exported_status(target, game_date)
    return day_row(game_date, described, status)


def day_row(game_date: date, described: DescribedRun | None, status: DayStatus | None) -> DayRow:
    """The line of a date: what the server knows comes first, the exported status has the counts."""
    row = DayRow(game_date=game_date, state=NO_RUN) if status is None else _exported_row(status)
    if described is None:
        return row
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


def _exported_row(status: DayStatus) -> DayRow:
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


def _print(rows: Sequence[DayRow], problem: str) -> None:
    columns = ("date", "state", "data", "games", "predictions", "graded", "waits for")
    table = table_of("Days", columns, [_cells(row) for row in rows])
    note = [Text(f"from the last exports, because {problem}", style="yellow")] if problem else []
    console().print(Group(table, *note))


def _cells(row: DayRow) -> tuple[str, ...]:
    counts = ("" if count is None else f"{count:,}" for count in (row.games, row.predictions, row.graded))
    data = f"{row.data_quality.lower()}{', backfilled' if row.backfilled else ''}"
    return str(row.game_date), row.state, data, *counts, _waits_text(row)


def _waits_text(row: DayRow) -> str:
    if row.attention:
        return f"an operator: {', '.join(row.attention)}"
    return ", ".join(row.waits_for)
