"""`plan`: the steps of a day, with their deadlines."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import CommandError, ExitCode
from cli.render import console, plan_table
from cli.target import Target
from cli.view import view_day


async def run(options: Namespace) -> ExitCode:
    """Print the plan of the date's run. Raises CommandError UNKNOWN if there is none to read."""
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
    return ExitCode.DONE
