"""Where the rows of each table come from: sources, SQL files and the tables that these read, and the exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from tipoff.publishing.registry import EXPORTS
from tipoff.sources.registry import SOURCES
from tipoff.warehouse.schema import catalogue
from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer

GRADING: Final = (
    "active_predictions",
    "box_score_results",
    "first_grades",
    "gamebook_absences",
    "last_injury_reports",
    "slate_games",
    "unresolved_in_box_scores",
)
COMPUTED_IN_PYTHON: Final[Mapping[str, tuple[str, ...]]] = {
    "ml_feature_store": ("feature_inputs",),
    "prediction_accuracy": GRADING,
    "predictions": ("stored_features",),
    "withheld_picks": ("active_predictions",),
}
"""Tables that Python computes from the results of SQL files."""

PAGES: Final = ("predictions", "results", "systems-performance")
"""The exports whose content the report page shows."""
PARQUET: Final = ("active_predictions", "slate_games", "graded_predictions", "stored_features")
EXPORTED_ROWS: Final[Mapping[str, tuple[str, ...]]] = {"parquet": ("consensus_lines", "upcoming_player_game_context")}
"""Name of an export -> tables whose rows it has as they are."""


def export_files() -> dict[str, tuple[str, ...]]:
    """Name of an export -> SQL files that it reads."""
    files = {export.name: export.reads for export in EXPORTS if export.reads}
    page = tuple(dict.fromkeys(file for name in PAGES for file in files[name]))
    return {**files, "parquet": PARQUET, "pages": page}


Origin = tuple[str, str]
"""Table and column."""
ColumnOrigins = dict[str, frozenset[Origin]]


def sources_of(table: str) -> list[str]:
    """The sources whose responses are read into a table."""
    if table == "unresolved_players":
        return [source.name for source in SOURCES.values() if source.needs_players]
    return [source.name for source in SOURCES.values() if source.table == table]


def files_of(table: str) -> tuple[str, ...]:
    """The SQL files that a table is computed from; none for a table with rows of sources."""
    is_select = TABLES[table].layer in {Layer.VIEW, Layer.ANALYTICS, Layer.PRECOMPUTE}
    return (table,) if is_select else COMPUTED_IN_PYTHON.get(table, ())


def tables_read(files: Iterable[str]) -> list[str]:
    """The declared tables that SQL files read, in the order of their declaration."""
    names = {table.name for file in files for table in _parsed(file).find_all(exp.Table)}
    return [name for name in TABLES if name in names]


def inputs_of(table: str) -> list[str]:
    """The tables that a table is computed from."""
    return [name for name in tables_read(files_of(table)) if name != table]


def readers_of(table: str) -> list[str]:
    """The tables that are computed from a table."""
    return [name for name in TABLES if table in inputs_of(name)]


def exports_of(table: str) -> list[str]:
    """The exports that read a table."""
    files = export_files().items()
    return [name for name, of in files if table in (*tables_read(of), *EXPORTED_ROWS.get(name, ()))]


def origins_of(table: str) -> ColumnOrigins:
    """The columns that each column of a transform or view is computed from, without those of conditions."""
    schema: dict[str, object] = {**catalogue()}
    query = qualify(_parsed(table).copy(), schema=schema, dialect="bigquery", validate_qualify_columns=False)
    origins: dict[int, ColumnOrigins] = {}
    last: ColumnOrigins = {}
    for scope in traverse_scope(query):
        last = origins[id(scope)] = _scope_origins(scope, origins)
    return last


def _scope_origins(scope: Scope, known: Mapping[int, ColumnOrigins]) -> ColumnOrigins:
    if isinstance(scope.expression, exp.SetOperation):
        left, right = (known[id(part)] for part in scope.set_operation_scopes)
        return {name: left[name] | other for name, other in zip(left, right.values(), strict=True)}
    selects = scope.expression.selects if isinstance(scope.expression, exp.Query) else ()
    return {select.alias_or_name: _select_origins(select, scope, known) for select in selects}


def _select_origins(select: exp.Expr, scope: Scope, known: Mapping[int, ColumnOrigins]) -> frozenset[Origin]:
    columns = select.find_all(exp.Column)
    return frozenset[Origin]().union(*(_column_origins(column, scope, known) for column in columns))


def _column_origins(column: exp.Column, scope: Scope, known: Mapping[int, ColumnOrigins]) -> frozenset[Origin]:
    source = scope.sources.get(column.table)
    if isinstance(source, Scope):
        return known[id(source)].get(column.name, frozenset())
    return frozenset({(source.name, column.name)}) if isinstance(source, exp.Table) else frozenset()


@cache
def _parsed(file: str) -> exp.Expr:
    return sqlglot.parse_one(sql_text(file), read="bigquery")
