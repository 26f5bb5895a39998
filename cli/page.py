"""`page`: prints where the report page of a date is."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import CommandError, ExitCode
from cli.target import Target


async def run(options: Namespace) -> ExitCode:
    """Print the page's path. Raises CommandError UNKNOWN if there is no page yet."""
    target, name = Target(options.replay), f"pages/{options.date}.html"
    store = target.exports
    page = store.location(name)
    if store.read(name) is None:
        raise CommandError(
            ExitCode.UNKNOWN,
            f"{options.date} has no page at {page} yet: the day writes it when it publishes predictions; "
            f"see {target.command_line(f'status --date {options.date}')}",
        )
    print(json.dumps({"game_date": options.date.isoformat(), "page": page}) if options.json else page)
    return ExitCode.DONE
