"""`watch` and `--wait`: follow a day until it ends."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import AsyncIterator
from datetime import date

from rich.live import Live

from cli.exit_codes import CommandError, Exit
from cli.render import console, day_page
from cli.target import Target
from cli.view import DayView, StatusSource, view_day
from tipoff.vocabulary import clock_time

LOOK_EVERY_SECONDS = 1.0
LOOKS_WITHOUT_SERVER = 60
"""A server that restarts is waited for."""


async def run(options: Namespace) -> Exit:
    """Exit code DONE only when the day ended complete."""
    return await follow(Target(options.replay), options.date, as_json=options.json)


async def follow(target: Target, game_date: date, *, as_json: bool) -> Exit:
    """Show the day until it ends: a live page in a terminal, else a line for each change. Raises CommandError."""
    render = console()
    live = render.is_terminal and not as_json
    with Live(console=render, auto_refresh=False, screen=False) if live else _Nothing() as page:
        async for view in changes(target, game_date):
            if isinstance(page, Live):
                page.update(day_page(view), refresh=True)
            else:
                print(json.dumps(view.as_json(), ensure_ascii=False) if as_json else _line(view), flush=True)
    if not live and not as_json:
        render.print(day_page(view))
    return Exit.DONE if view.is_complete else Exit.NOT_WELL


class _Nothing:
    """Stands where the live page would, when the output is no terminal."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


async def changes(target: Target, game_date: date) -> AsyncIterator[DayView]:
    """Each view that says something new; the last one is of the ended day. Raises CommandError."""
    said: object = None
    silent = 0
    while True:
        view = await _look(target, game_date, patient=said is not None)
        silent = 0 if view and view.teller is not StatusSource.EXPORT else silent + 1
        if silent > LOOKS_WITHOUT_SERVER:
            raise CommandError(Exit.UNREACHABLE, f"gave up following {game_date}: the server does not come back")
        if view and (says := _says(view)) != said:
            said = says
            yield view
        if view and view.has_ended:
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _look(target: Target, game_date: date, *, patient: bool) -> DayView | None:
    """What is known now; None when nothing is, where that is borne."""
    try:
        return await view_day(target, game_date)
    except CommandError as error:
        if patient and error.exit_code is Exit.UNREACHABLE:
            return None
        raise


def _says(view: DayView) -> object:
    """What makes a view new to a person: not that time has passed."""
    steps = [(step.name, step.state, step.rows, step.next_poll) for step in view.status.steps] if view.status else []
    audit = len(view.status.audit) if view.status else 0
    return view.teller, view.headline, view.has_ended, steps, audit


def _line(view: DayView) -> str:
    at = (
        clock_time(view.status.now, view.game_date)
        if view.status and view.teller is StatusSource.WORKER
        else "--:-- ET"
    )
    by = "" if view.teller is StatusSource.WORKER else f" [{view.teller}: {view.why}]"
    return f"{at}  {view.headline['state']:<15}  {view.headline['sentence']}{by}"
