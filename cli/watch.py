"""`watch` and `start --wait`: follow a day until it ends."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import date

from rich.live import Live

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, day_page
from cli.target import Target
from cli.view import DayView, StatusSource, view_day
from tipoff.vocabulary import clock_time

POLL_SECONDS = 1.0
MAX_POLLS_WITHOUT_SERVER = 60
"""A server may restart meanwhile."""


async def run(options: Namespace) -> ExitCode:
    """Exit code DONE only if the day ended complete."""
    return await follow(Target(options.replay), options.date, as_json=options.json)


async def follow(target: Target, game_date: date, *, as_json: bool) -> ExitCode:
    """Show the day until it ends: a live page in a terminal, else one line per change. Raises CommandError."""
    output = console()
    live = output.is_terminal and not as_json
    with Live(console=output, auto_refresh=False, screen=False) if live else nullcontext() as page:
        async for view in changes(target, game_date):
            if isinstance(page, Live):
                page.update(day_page(view), refresh=True)
            else:
                print(json.dumps(view.as_json(), ensure_ascii=False) if as_json else _format_line(view), flush=True)
    if not live and not as_json:
        output.print(day_page(view))
    return ExitCode.DONE if view.is_complete else ExitCode.FAILED


async def changes(target: Target, game_date: date) -> AsyncIterator[DayView]:
    """Each view that differs from the one before; the last is of the ended day. Raises CommandError."""
    shown: object = None
    polls_without_server = 0
    while True:
        view = await _poll(target, game_date, has_shown=shown is not None)
        polls_without_server = 0 if view and view.source is not StatusSource.EXPORT else polls_without_server + 1
        if polls_without_server > MAX_POLLS_WITHOUT_SERVER:
            raise CommandError(
                ExitCode.UNREACHABLE,
                f"stopped following {game_date}: no server answered {MAX_POLLS_WITHOUT_SERVER} times in a row",
            )
        if view and (facts := _facts_shown(view)) != shown:
            shown = facts
            yield view
        if view and view.has_ended:
            return
        await asyncio.sleep(POLL_SECONDS)


async def _poll(target: Target, game_date: date, *, has_shown: bool) -> DayView | None:
    """The day's present view; None if the server is unreachable after a first view was shown."""
    try:
        return await view_day(target, game_date)
    except CommandError as error:
        if has_shown and error.exit_code is ExitCode.UNREACHABLE:
            return None
        raise


def _facts_shown(view: DayView) -> object:
    """What makes a view worth showing again; the mere passing of time does not."""
    steps = [(step.name, step.state, step.rows, step.next_poll) for step in view.status.steps] if view.status else []
    commands = len(view.status.audit) if view.status else 0
    return view.source, view.headline, view.has_ended, steps, commands


def _format_line(view: DayView) -> str:
    from_worker = view.source is StatusSource.WORKER
    at = clock_time(view.status.now, view.game_date) if view.status and from_worker else "--:-- ET"
    source = "" if from_worker else f" [{view.source}: {view.why}]"
    return f"{at}  {view.headline['state']:<15}  {view.headline['sentence']}{source}"
