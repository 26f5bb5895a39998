"""`status`: the state of a day, and the reason for it."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import ExitCode
from cli.render import console, day_page
from cli.target import Target
from cli.view import view_day


async def run(options: Namespace) -> ExitCode:
    """Print the day's status from its worker, else from the server, else from the last export."""
    view = await view_day(Target(options.replay), options.date)
    if options.json:
        print(json.dumps(view.as_json(), ensure_ascii=False))
    else:
        console().print(day_page(view))
    return ExitCode.DONE
