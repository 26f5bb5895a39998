"""`doctor`: checks that everything a day needs is present."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from collections.abc import Mapping
from contextlib import AsyncExitStack

from rich.table import Table
from rich.text import Text
from temporalio.service import RPCError

from cli.doctor_checks import ALL
from cli.doctor_checks.base import CheckResult, DoctorCheck, Installation
from cli.exit_codes import ExitCode
from cli.render import console
from cli.server import connected
from cli.target import Target
from cli.worker_settings import ask_worker
from tipoff.errors import TipoffError
from tipoff.settings import Settings
from tipoff.vocabulary import reason_of


async def run(options: Namespace) -> ExitCode:
    """Run all checks; exit code DONE if all succeed."""
    async with AsyncExitStack() as stack:
        installation = await _installation(Target(options.replay), stack)
        outcomes = await asyncio.gather(*(_result(check, installation) for check in ALL))
    results = dict(zip(ALL, outcomes, strict=True))
    if options.json:
        print(json.dumps([{"check": check.name, **result.model_dump()} for check, result in results.items()]))
    else:
        _print(results)
    return ExitCode.DONE if all(result.ok for result in results.values()) else ExitCode.FAILED


async def _installation(target: Target, stack: AsyncExitStack) -> Installation:
    try:
        client = await stack.enter_async_context(connected(target))
    except TipoffError as error:
        return Installation(_settings(target), str(error), "no server answers")
    return Installation(_settings(target), client, await ask_worker(client))


def _settings(target: Target) -> Settings | str:
    try:
        return target.settings
    except TipoffError as error:
        return str(error)


async def _result(check: DoctorCheck, installation: Installation) -> CheckResult:
    try:
        return await check.check(installation)
    except RPCError as error:
        return CheckResult(ok=False, summary=f"the server refused a request: {error.message}")
    except TipoffError as error:
        return CheckResult(ok=False, summary=str(error))
    except OSError as error:
        return CheckResult(ok=False, summary=f"could not be checked: {reason_of(error)}")


def _print(results: Mapping[DoctorCheck, CheckResult]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for column in range(3):
        table.add_column(overflow="fold", no_wrap=column < 2)
    for check, result in results.items():
        table.add_row(_mark(result), check.name, result.summary, style="" if result.ok else "bold")
        for detail in result.details:
            table.add_row("", "", Text(detail, style="dim"))
        if result.fix:
            table.add_row("", "", f"→ {result.fix}")
    console().print(table)


def _mark(result: CheckResult) -> Text:
    if not result.ok:
        return Text("FAILED", style="bold red")
    return Text("warning", style="yellow") if result.warning else Text("ok", style="green")
