"""`plan`: the steps of a day, with their deadlines, the events of its history and the requests while games run."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, event_tables, live_table, plan_table
from cli.target import Target
from cli.view import view_day
from tipoff.vocabulary import Role
from workflows.event_count import count_events


async def run(options: Namespace) -> ExitCode:
    """Print the plan of the date's run, and the arithmetic of its events and of the requests while games run.

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
            from tipoff.live_games import live_requests  # slow libraries
            from tipoff.plan import plan_day
            from tipoff.sources.registry import SOURCES

            plan = plan_day(options.date, view.status.games, SOURCES)
            console().print(*event_tables(count_events(plan)), sep="\n")
            if live := next((step for step in plan.steps if step.role is Role.LIVE), None):
                console().print(live_table(live, live_requests(live, plan.games)))
    return ExitCode.DONE
