"""Compiles the checks of a table to one GoogleSQL SELECT over incoming rows, and judges its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from tipoff.errors import ChecksFailedError
from tipoff.vocabulary import counted
from tipoff.warehouse.base import CheckWarning
from tipoff.warehouse.checks import Check, CheckSeverity
from tipoff.warehouse.tables import TABLES, Table

EXAMPLES: Final = 3
"""Failing rows or groups that are named for each check."""


def checks_sql(table_name: str, incoming: str) -> str:
    """Return a SELECT of the rows of `incoming` that violate a check of a table; empty for a table without checks.

    Columns: natural key and groups, then `measure_0`, `measure_1`, ... in the order of `Table.checks`.
    """
    checks = TABLES[table_name].checks
    if not checks:
        return ""
    measures = [_measure(check) for check in checks]
    columns = [*_key_columns(table_name), *(f"{measure} AS measure_{i}" for i, measure in enumerate(measures))]
    violated = " OR ".join(_violation(check, measure) for check, measure in zip(checks, measures, strict=True))
    condition = f"WHERE TRUE QUALIFY {violated}" if any(check.per for check in checks) else f"WHERE {violated}"
    return f"SELECT {', '.join(columns)} FROM {incoming} {condition}"  # noqa: S608 - declared names and expressions


def _key_columns(table_name: str) -> tuple[str, ...]:
    """The natural key, and the columns of groups that are not in it."""
    table = TABLES[table_name]
    return tuple(dict.fromkeys((*table.natural_key, *(name for check in table.checks for name in check.per))))


def _measure(check: Check) -> str:
    over = f"OVER (PARTITION BY {', '.join(check.per)})" if check.per else ""
    measure = check.measure.format(over=over)
    return measure if check.applies_to == "TRUE" else f"IF({check.applies_to}, {measure}, NULL)"


def _violation(check: Check, measure: str) -> str:
    bounds = ((check.minimum, "<"), (check.maximum, ">"))
    return " OR ".join(f"{measure} {operator} {bound:g}" for bound, operator in bounds if bound is not None)


def judge(table: Table, suspects: pl.DataFrame, incoming: int) -> tuple[CheckWarning, ...]:
    """Return what the violated checks of severity "warn" say; `suspects` is the result of `checks_sql`.

    Raises ChecksFailedError for a violated check of severity "error".
    """
    violated = [
        (check, CheckWarning(text=_text(check, table, rows, incoming), rows=rows.height))
        for check, rows in violations(table, suspects)
    ]
    errors = [warning.text for check, warning in violated if check.severity is CheckSeverity.ERROR]
    if errors:
        others = f" ({counted(len(errors) - 1, 'more check')} failed)" if len(errors) > 1 else ""
        raise ChecksFailedError(
            f"{table.name}: {errors[0]}{others}; nothing was written. Correct the input, or the limit in"
            " tipoff/warehouse/tables.py, then retry the step"
        )
    return tuple(warning for _, warning in violated)


def violations(table: Table, suspects: pl.DataFrame) -> Iterator[tuple[Check, pl.DataFrame]]:
    """Yield each violated check with its rows; `suspects` is the result of `checks_sql`."""
    for number, check in enumerate(table.checks):
        measure = pl.col(f"measure_{number}")
        low = pl.lit(value=False) if check.minimum is None else measure < check.minimum
        high = pl.lit(value=False) if check.maximum is None else measure > check.maximum
        rows = suspects.filter(low | high)
        if not rows.is_empty():
            yield check, rows


def _text(check: Check, table: Table, rows: pl.DataFrame, incoming: int) -> str:
    number = table.checks.index(check)
    key = [name for name in (check.per or table.natural_key) if name != "game_date"] or ["game_date"]
    named = rows.unique(key, keep="first").sort(key)
    examples = "; ".join(_example(row, key) for row in named.head(EXAMPLES).iter_rows(named=True))
    return (
        f"{check.name} is {named[f'measure_{number}'][0]:.6g}, allowed: {check.bounds},"
        f" in {rows.height} of {counted(incoming, 'row')}, the first: {examples}"
    )


def _example(row: Mapping[str, Any], key: Sequence[str]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in key)


def warning_alerts(table: str, warnings: Sequence[CheckWarning]) -> dict[str, str]:
    """Return the alert of a step about rows of a table; empty without warnings."""
    return {f"checks:{table}": f"{table}: {'; '.join(warning.text for warning in warnings)}"} if warnings else {}


def warning_counts(table: str, warnings: Sequence[CheckWarning]) -> dict[str, int]:
    """Return how many rows of a table were written although they violate a check; empty without warnings."""
    return {f"unusual:{table}": sum(warning.rows for warning in warnings)} if warnings else {}
