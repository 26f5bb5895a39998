"""Cases of transforms, views and queries worked out by hand: `tipoff/sql/<layer>/cases/<name>/<case>/`.

A case is a folder with `case.toml` (why these rows, the arithmetic, the parameters), a CSV file per input table, and
`expected.csv`. A column that a file leaves out has a default in an input and is not compared in the expected rows. An
empty cell is NULL, `(empty)` the empty text or array; semicolons separate the elements of an array.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
import sqlglot

from devtools.sql_check.google_sql import GoogleSql
from tests.support.rows import rows_of
from tipoff.vocabulary import season_of
from tipoff.warehouse.base import DateRange, Warehouse
from tipoff.warehouse.generated_sql import rows_of_slice
from tipoff.warehouse.schema import element_type, table_named
from tipoff.warehouse.sql_files import SQL, sql_text
from tipoff.warehouse.tables import TABLES, Layer

_EMPTY: Final = "(empty)"
_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "STRING": lambda cell: "" if cell == _EMPTY else cell,
    "INT64": int,
    "FLOAT64": float,
    "BOOL": {"true": True, "false": False}.__getitem__,
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
}

Rows = list[dict[str, Any]]

VIEWS: Final = tuple(name for name, table in TABLES.items() if table.layer is Layer.VIEW)


class GoldenCase(NamedTuple):
    """One case of a SQL file."""

    name: str
    """The transform, view or query."""
    parameters: Mapping[str, Any]
    inputs: Mapping[str, pl.DataFrame]
    """Complete rows of each input table."""
    expected: Rows
    """The expected columns of each row."""

    def selected(self, rows: Rows) -> Rows:
        """The expected columns of the computed rows, in the order of the expected rows if the file has none."""
        selected = [{name: row[name] for name in self.expected[0]} for row in rows]
        return selected if _is_ordered(self.name) else sorted(selected, key=_sort_key)


def warehouse_rows(warehouse: Warehouse, case: GoldenCase) -> Rows:
    """Compute a case in an empty warehouse of any engine."""
    for table, frame in case.inputs.items():
        if TABLES[table].append_only:
            warehouse.append(table, frame)
        else:
            warehouse.replace(table, frame, {})
    if case.name not in TABLES:
        return warehouse.query(sql_text(case.name), case.parameters).to_dicts()
    dates = DateRange(first=case.parameters["first_date"], last=case.parameters["last_date"])
    if TABLES[case.name].layer is not Layer.VIEW:
        warehouse.transform(case.name, case.parameters, {"game_date": dates})
    return warehouse.query(*rows_of_slice(TABLES[case.name], {"game_date": dates})).to_dicts()


def written_tables(case: GoldenCase) -> list[str]:
    """The tables that `warehouse_rows` writes."""
    computed = case.name in TABLES and TABLES[case.name].layer is not Layer.VIEW
    return [*case.inputs, *([case.name] if computed else [])]


def evaluator_rows(google: GoogleSql, case: GoldenCase) -> Rows:
    """Compute a case with Google's reference evaluator."""
    rows = {table: frame.to_dicts() for table, frame in case.inputs.items()}
    for view in views_of(case.name):
        rows[view] = google.evaluate(sql_text(view), rows, {})
    return google.evaluate(sql_text(case.name), rows, case.parameters)


def views_of(name: str) -> list[str]:
    """The views that a SQL file reads, directly or through another view, in the order of their declaration."""
    words = set(re.findall(r"\w+", sql_text(name))) - {name}
    read = {view for view in VIEWS if view in words}
    read |= {inner for view in read for inner in views_of(view)}
    return [view for view in VIEWS if view in read]


def case_folders() -> list[Path]:
    """Every case of every SQL file."""
    return sorted(path.parent for path in SQL.glob("*/cases/*/*/case.toml"))


def case_id(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def read_case(folder: Path, google: GoogleSql) -> GoldenCase:
    """Read a case. Raises ValueError for a column that its table or query does not have."""
    name = folder.parent.name
    inputs = {path.stem: _input(path) for path in sorted(folder.glob("*.csv")) if path.stem != "expected"}
    views = [table for table in inputs if TABLES[table].layer is Layer.VIEW]
    if views:
        raise ValueError(f"{folder}: {', '.join(views)} is a view, so it cannot be an input")
    expected = _rows(folder / "expected.csv", google.output_types(sql_text(name)))
    if not _is_ordered(name):
        expected.sort(key=_sort_key)
    return GoldenCase(name, _parameters(folder), inputs, expected)


def _is_ordered(name: str) -> bool:
    """Whether a query defines the order of its rows; tables and views have none."""
    return name not in TABLES and sqlglot.parse_one(sql_text(name), read="bigquery").args.get("order") is not None


def _sort_key(row: Mapping[str, Any]) -> list[str]:
    return [str(value) for value in row.values() if not isinstance(value, float)]


def _parameters(folder: Path) -> dict[str, Any]:
    given = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    if not given.pop("why"):
        raise ValueError(f"{folder}/case.toml does not say why these rows")
    if "last_date" not in given:
        return given
    defaults = {"first_date": given["last_date"], "game_ids": [], "training": False, "reports_until_minutes": 0}
    return {**defaults, "season": season_of(given["last_date"]), **given}


def _input(path: Path) -> pl.DataFrame:
    types = {column.name: column.type for column in table_named(path.stem).columns}
    return rows_of(path.stem, _rows(path, types))


def _rows(path: Path, types: Mapping[str, str]) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if unknown := set(reader.fieldnames or ()) - types.keys():
            raise ValueError(f"{path}: there is no column {', '.join(sorted(unknown))}")
        return [{name: _value(types[name], cell) for name, cell in row.items()} for row in reader]


def _value(type_: str, cell: str) -> Any:
    if element := element_type(type_):
        return [] if cell == _EMPTY else [_PARSERS[element](part) for part in cell.split(";")]
    return _PARSERS[type_](cell) if cell else None
