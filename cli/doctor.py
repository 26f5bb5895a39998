"""`doctor`: is everything there that a day needs?"""

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
from cli.doctor_checks.base import Check, Finding, Site
from cli.exit_codes import Exit
from cli.render import console
from cli.server import reached
from cli.target import Target
from tipoff.errors import TipoffError
from tipoff.settings import Settings


async def run(options: Namespace) -> Exit:
    """Look at everything; exit code DONE when all is well."""
    async with AsyncExitStack() as stack:
        site = await _site(Target(options.replay), stack)
        findings = dict(zip(ALL, await asyncio.gather(*(_found(check, site) for check in ALL)), strict=True))
    if options.json:
        print(json.dumps([{"check": check.title, **found.model_dump()} for check, found in findings.items()]))
    else:
        _print(findings)
    return Exit.DONE if all(found.ok for found in findings.values()) else Exit.NOT_WELL


async def _site(target: Target, stack: AsyncExitStack) -> Site:
    try:
        client = await stack.enter_async_context(reached(target))
    except TipoffError as error:
        return Site(_settings(target), str(error))
    return Site(_settings(target), client)


def _settings(target: Target) -> Settings | str:
    try:
        return target.settings
    except TipoffError as error:
        return str(error)


async def _found(check: Check, site: Site) -> Finding:
    try:
        return await check.poll(site)
    except RPCError as error:
        return Finding(ok=False, says=f"the server refuses to tell: {error.message}")
    except OSError as error:
        return Finding(ok=False, says=f"cannot be looked at: {error}")


def _print(findings: Mapping[Check, Finding]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for column in range(3):
        table.add_column(overflow="fold", no_wrap=column < 2)
    for check, found in findings.items():
        mark = Text("ok", style="green") if found.ok else Text("NOT WELL", style="bold red")
        table.add_row(mark, check.title, found.says, style="" if found.ok else "bold")
        for detail in found.details:
            table.add_row("", "", Text(detail, style="dim"))
        if found.fix:
            table.add_row("", "", f"→ {found.fix}")
    console().print(table)
