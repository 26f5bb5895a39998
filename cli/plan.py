"""`plan`: the steps of a day, with their deadlines and the events that they add to its history."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, event_tables, plan_table
from cli.target import Target
from cli.view import view_day
from workflows.event_count import count_events


async def run(options: Namespace) -> ExitCode:
    """Print the plan of the date's run and the arithmetic of its events.

    Raises CommandError UNKNOWN if there is no plan to read.
    """
    view = await view_day(Target(options.replay), options.date)
    if view.status is None:
        raise CommandError(
            ExitCode.UNKNOWN,
            f"the plan of {options.date} is unknown: only a worker can read it from the run, and {view.why}; "
            "start one: python worker.py",
        )
    if options.json:
        fields = view.as_json()
        print(json.dumps({key: fields[key] for key in ("game_date", "from", "games", "steps")}, ensure_ascii=False))
    else:
        console().print(plan_table(view.status))
        if view.status.games:
            from tipoff.plan import plan_day  # slow libraries
            from tipoff.sources.registry import SOURCES

            plan = plan_day(options.date, view.status.games, SOURCES)
            console().print(*event_tables(count_events(plan)), sep="\n")
    return ExitCode.DONE
