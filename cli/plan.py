"""`plan`: the steps of a day."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import CommandError, Exit
from cli.render import console, plan_table
from cli.target import Target
from cli.view import view_day


async def run(options: Namespace) -> Exit:
    """The plan that the run of this date walks, or walked. Raises CommandError UNKNOWN when there is none to read."""
    view = await view_day(Target(options.replay), options.date)
    if view.status is None:
        raise CommandError(
            Exit.UNKNOWN,
            f"no worker tells the plan of {options.date} ({view.why}), which stands in its run: start python worker.py",
        )
    if options.json:
        told = view.as_json()
        print(json.dumps({key: told[key] for key in ("game_date", "from", "games", "steps")}, ensure_ascii=False))
    else:
        console().print(plan_table(view.status))
    return Exit.DONE
