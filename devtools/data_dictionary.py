"""The data dictionary: every table with its columns, and the way of its rows from the sources to the exports.

`python -m devtools.data_dictionary > docs/data-dictionary.md`
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from devtools.lineage import (
    export_files,
    exports_of,
    files_of,
    inputs_of,
    origins_of,
    readers_of,
    sources_of,
    tables_read,
)
from tipoff.vocabulary import counted
from tipoff.warehouse.checks import CheckSeverity
from tipoff.warehouse.sql_files import sql_path
from tipoff.warehouse.tables import TABLES, Column, Layer, Table

MAX_ORIGINS: Final = 2
"""A column that is computed from more columns names none."""

_LAYER_TITLES: Final = {
    Layer.RAW: "Raw: rows read from the responses of providers",
    Layer.VIEW: "Views: computed when queried",
    Layer.ANALYTICS: "Analytics",
    Layer.PRECOMPUTE: "Precompute",
    Layer.FEATURES: "Features",
    Layer.PREDICTIONS: "Predictions",
    Layer.GRADING: "Grading",
    Layer.OPERATIONS: "Operations",
}


def data_dictionary() -> str:
    """Return the data dictionary of all tables as Markdown."""
    head = (
        "# Data dictionary\n\n"
        "Generated from `tipoff/warehouse/tables.py`, the sources and `tipoff/sql` by `python -m"
        " devtools.data_dictionary`; do not edit by hand.\n\n"
        "Times are UTC. `game_date` is the Eastern date of tip-off. Ids are text. A write with a value outside its"
        " range is refused: the earlier rows stay, and the step is parked. “From” names the columns that a column is"
        " computed from, if there are one or two; those of conditions are left out."
    )
    layers = groupby(TABLES.values(), key=lambda table: table.layer)
    sections = ("\n\n".join([f"## {_LAYER_TITLES[layer]}", *map(_table_section, tables)]) for layer, tables in layers)
    return "\n\n".join([head, _exports_section(), *sections]) + "\n"


def _exports_section() -> str:
    """Each export with the tables that it reads, and the sources of these."""
    rows = []
    for name, files in export_files().items():
        tables = tables_read(files)
        sources = dict.fromkeys(source for table in _all_inputs(tables) for source in sources_of(table))
        rows.append(f"| `{name}` | {_listed(tables)} | {_listed(sources)} |")
    head = "[exports.md](exports.md) says what each export is."
    return "\n".join(
        ["## Exports", "", head, "", "| export | tables | sources of these tables |", "|---|---|---|", *rows]
    )


def _all_inputs(tables: Iterable[str]) -> list[str]:
    """These tables and all that they are computed from, in the order of their declaration."""
    known: set[str] = set()
    following = list(tables)
    while following:
        table = following.pop()
        if table not in known:
            known.add(table)
            following.extend(inputs_of(table))
    return [name for name in TABLES if name in known]


def _lineage(table: str) -> str:
    """Where the rows of a table come from, and what reads it."""
    files = [f"tipoff/sql/{sql_path(file).parent.name}/{file}.sql" for file in files_of(table)]
    facts = {
        "Sources": sources_of(table),
        "Computed by": files,
        "From": inputs_of(table),
        "Read by": readers_of(table),
        "Exported in": exports_of(table),
    }
    lines = [f"- {what}: {_listed(names)}\n" for what, names in facts.items() if names]
    return "".join([*lines, "\n"]) if lines else ""


def _origins(table: Table) -> dict[str, str]:
    """Column -> the columns that it is computed from, if there are one or two."""
    origins = origins_of(table.name) if files_of(table.name) == (table.name,) else {}
    few = {column: sorted(".".join(origin) for origin in of) for column, of in origins.items()}
    return {column: _listed(names) for column, names in few.items() if len(names) <= MAX_ORIGINS}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _expiry_rule(table: Table) -> str:
    days = table.expires_after_days
    return f" BigQuery removes the rows of a date after {counted(days, 'day')}." if days else ""


def _write_rule(table: Table) -> str:
    if table.layer is Layer.VIEW:
        return "It is never written."
    if not table.append_only:
        return "A write replaces a slice."
    filled = ", ".join(f"`{name}`" for name in table.filled_later)
    return "It is append-only" + (f"; a NULL in {filled} may be filled later." if filled else ".")


def _table_section(table: Table) -> str:
    rule, lineage, origins = _write_rule(table), _lineage(table.name), _origins(table)
    head = (
        f"### {table.name}\n\n{table.description} {rule}{_expiry_rule(table)}\n\n"
        f"One row per {_listed(table.natural_key)}.\n\n{lineage}"
        "| column | type | may be NULL | range | meaning | from |\n|---|---|---|---|---|---|"
    )
    rows = (
        f"| `{column.name}` | {column.type} | {'yes' if column.nullable else 'no'} | {_range(column)} |"
        f" {column.description} | {origins.get(column.name, '')} |"
        for column in table.columns
    )
    return "\n".join([head, *rows, *_rules(table)])


def _range(column: Column) -> str:
    return ", ".join(check.bounds for check in column.checks)


def _rules(table: Table) -> tuple[str, ...]:
    """The checks of more than one column, after the table of the columns; none for a view."""
    if not (table.rules and table.checks):
        return ()
    effects = {CheckSeverity.ERROR: "other rows are refused", CheckSeverity.WARN: "other rows are reported"}
    lines = (f"- {check.name}: {check.bounds}; {effects[check.severity]}" for check in table.rules)
    return ("", "Checks of a write:", "", *lines)


if __name__ == "__main__":
    sys.stdout.write(data_dictionary())
