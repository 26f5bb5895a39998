"""`cancel`: ends a day for good."""

from __future__ import annotations

import json
from argparse import Namespace

from activities.server_state import SERVER_TIMEOUT
from cli.exit_codes import ExitCode
from cli.operator_commands import running_day
from cli.server import connected, has_day_worker
from cli.target import Target


async def run(options: Namespace) -> ExitCode:
    """Request the run's cancellation; its history records who and why. Raises CommandError UNKNOWN or ENDED."""
    reason = f"{options.who}: {options.why}" if options.why else options.who
    target = Target(options.replay)
    async with connected(target) as client:
        handle = await running_day(client, target, options.date)
        await handle.cancel(reason=reason, rpc_timeout=SERVER_TIMEOUT)
        has_worker = await has_day_worker(client)
    again = target.command_line(f"--date {options.date} --again")
    text = f"{options.date} is being cancelled; what it published stays. To start it again: {again}"
    if not has_worker:
        text = f"{options.date} will be cancelled when a worker runs (python worker.py)"
    print(json.dumps({"accepted": True, "text": text}) if options.json else text)
    return ExitCode.DONE
