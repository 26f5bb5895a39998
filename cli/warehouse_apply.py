"""`warehouse apply`: creates and migrates the tables of a BigQuery warehouse."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.exit_codes import CommandError, ExitCode
from cli.target import Target
from tipoff.vocabulary import counted

if TYPE_CHECKING:
    from tipoff.warehouse.migrations import SchemaChange


def apply(options: Namespace) -> ExitCode:
    """Print the differences from the declared tables and, without `--dry-run`, remove them.

    REFUSED, and nothing is changed, if one of them needs a statement of the operator. Raises CommandError USAGE for a
    warehouse in a file, which every worker migrates.
    """
    from tipoff.warehouse.bigquery_adapter import BigQueryWarehouse  # slow libraries
    from tipoff.warehouse.open import open_warehouse

    settings = Target(options.replay).settings
    if not settings.warehouse.startswith("bigquery://"):
        text = f"{settings.warehouse} is a file, which the worker creates and migrates when it starts"
        raise CommandError(ExitCode.USAGE, text)
    warehouse = open_warehouse(settings.warehouse, settings)
    assert isinstance(warehouse, BigQueryWarehouse)  # noqa: S101 - by its URL
    try:
        changes = warehouse.schema_changes()
        refused = [change for change in changes if not change.automatic]
        if not refused and not options.dry_run:  # without changes, too: the dataset of loaded rows may be missing
            warehouse.migrate()
    finally:
        warehouse.close()
    if options.json:
        print(json.dumps([change.model_dump() for change in changes]))
    else:
        _print(settings.warehouse, changes, applied=not options.dry_run and not refused)
    return ExitCode.REFUSED if refused else ExitCode.DONE


def _print(url: str, changes: Sequence[SchemaChange], *, applied: bool) -> None:
    for change in changes:
        print(f"{change.table} {change.summary}")
        if not change.automatic:
            print(f"  run this, or correct the declaration:\n  {change.statement}")
    done = "made" if applied else "to make"
    print(
        f"{url}: {counted(len(changes), 'change')} {done}" if changes else f"{url} has all declared tables and columns"
    )
