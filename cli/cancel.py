"""`cancel`: ends a day for good."""

from __future__ import annotations

import json
from argparse import Namespace

from cli.exit_codes import Exit
from cli.operator_commands import running
from cli.server import PATIENCE, has_day_worker, reached
from cli.target import Target


async def run(options: Namespace) -> Exit:
    """Ask the run to end; who and why stand in its history. Raises CommandError UNKNOWN or ENDED."""
    reason = f"{options.who}: {options.why}" if options.why else options.who
    target = Target(options.replay)
    async with reached(target) as client:
        handle = await running(client, target, options.date)
        await handle.cancel(reason=reason, rpc_timeout=PATIENCE)
        served = await has_day_worker(client)
    answer = f"{options.date} is being cancelled; what it published stands"
    if not served:
        answer = f"{options.date} is cancelled as soon as a worker is there (python worker.py)"
    print(json.dumps({"accepted": True, "answer": answer}) if options.json else answer)
    return Exit.DONE
