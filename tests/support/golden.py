"""Cases of transforms worked out by hand: `tipoff/sql/<layer>/cases/<table>/<case>/`.

A case is a folder with `case.toml` (why these rows, and the parameters), a CSV file per input table, and
`expected.csv`. A column that a file leaves out has a default in an input and is not compared in the expected rows; an
empty cell is NULL.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from tests.support.rows import rows_of
from tipoff.vocabulary import season_of
from tipoff.warehouse.schema import table_named
from tipoff.warehouse.sql_files import SQL
from tipoff.warehouse.tables import TABLES, Layer

_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "STRING": str,
    "INT64": int,
    "FLOAT64": float,
    "BOOL": {"true": True, "false": False}.__getitem__,
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
}

Rows = list[dict[str, Any]]


class GoldenCase(NamedTuple):
    """One case of a transform."""

    table: str
    name: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, pl.DataFrame]
    """Complete rows of each input table."""
    expected: Rows
    """The expected columns of each row, in the order of the file."""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.expected[0])

    def selected(self, rows: Rows) -> Rows:
        """The expected columns of the rows of the dates, in the order of their natural key."""
        dates = (self.parameters["first_date"], self.parameters["last_date"])
        mine = [row for row in rows if dates[0] <= row["game_date"] <= dates[1]]
        mine.sort(key=lambda row: [row[name] for name in table_named(self.table).natural_key])
        return [{name: row[name] for name in self.columns} for row in mine]


def case_folders() -> list[Path]:
    """Every case of every transform."""
    return sorted(path.parent for path in SQL.glob("*/cases/*/*/case.toml"))


def case_id(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def read_case(folder: Path) -> GoldenCase:
    """Read a case. Raises ValueError for a column that its table does not have."""
    table = folder.parent.name
    inputs = {path.stem: _input(path) for path in sorted(folder.glob("*.csv")) if path.stem != "expected"}
    views = [name for name in inputs if TABLES[name].layer is Layer.VIEW]
    if views:
        raise ValueError(f"{folder}: {', '.join(views)} is a view, so it cannot be an input")
    expected = _rows(folder / "expected.csv", table)
    return GoldenCase(table, folder.name, _parameters(folder), inputs, expected)


def _parameters(folder: Path) -> dict[str, Any]:
    given = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    if not given.pop("why"):
        raise ValueError(f"{folder}/case.toml does not say why these rows")
    defaults = {"first_date": given["last_date"], "game_ids": [], "training": False}
    return {**defaults, "season": season_of(given["last_date"]), **given}


def _input(path: Path) -> pl.DataFrame:
    return rows_of(path.stem, _rows(path, path.stem))


def _rows(path: Path, table: str) -> Rows:
    types = {column.name: column.type for column in table_named(table).columns}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if unknown := set(reader.fieldnames or ()) - types.keys():
            raise ValueError(f"{path}: {table} has no column {', '.join(sorted(unknown))}")
        return [{name: _value(types[name], cell) for name, cell in row.items()} for row in reader]


def _value(type_: str, cell: str) -> Any:
    return _PARSERS[type_](cell) if cell else None
