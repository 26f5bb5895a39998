"""The actions of `warehouse`, and `warehouse backup TO`: a copy of its file, also while a worker has it open."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Final

from cli.exit_codes import ExitCode
from cli.target import Target
from cli.warehouse_apply import apply
from cli.warehouse_copy import copy
from cli.warehouse_file import existing_warehouse
from cli.warehouse_import import import_seasons
from tipoff.vocabulary import counted


async def run(options: Namespace) -> ExitCode:
    """Run the action. Raises CommandError USAGE for another kind of warehouse, UNKNOWN if there is no file to copy."""
    return await import_seasons(options) if options.action == "import" else _ACTIONS[options.action](options)


def _back_up(options: Namespace) -> ExitCode:
    """Write the copy and print what it holds."""
    from tipoff.warehouse.backup import back_up  # slow libraries

    target = Target(options.replay)
    file = existing_warehouse(target.settings.warehouse)
    to: Path = options.to / file.name if options.to.is_dir() else options.to
    rows = back_up(file, to)
    if options.json:
        print(json.dumps({"file": str(to), "rows": rows}))
    else:
        filled = sum(1 for count in rows.values() if count)
        print(f"{to}: {counted(sum(rows.values()), 'row')} in {counted(filled, 'table')}")
        print(f"To restore it, stop the worker, move {file} and its log away, and copy {to} to {file}.")
    return ExitCode.DONE


_ACTIONS: Final = {"apply": apply, "backup": _back_up, "copy": copy}
