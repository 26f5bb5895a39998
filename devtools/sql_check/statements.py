"""Every SQL text that the product can send to BigQuery, with its place, its parameters and its declared columns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from tipoff.processing import slice_of
from tipoff.sources.base import Row, Slate, Source
from tipoff.sources.registry import SOURCES
from tipoff.training.history import PRE_GAME
from tipoff.vocabulary import Role, step_names
from tipoff.warehouse import bigquery_sql, generated_sql
from tipoff.warehouse.base import ALL_DATES, Slice, parameter_type
from tipoff.warehouse.check_rows import checks_sql
from tipoff.warehouse.checks import Check
from tipoff.warehouse.dialect import to_bigquery
from tipoff.warehouse.partitions import with_views
from tipoff.warehouse.preflight import REQUIRED_INPUTS, lacking_sql
from tipoff.warehouse.schema import PARAMETERS, bigquery_ddl
from tipoff.warehouse.scope import TransformScope
from tipoff.warehouse.sql_files import SQL
from tipoff.warehouse.tables import TABLES, Layer, Table

_DATE: Final = date(2024, 3, 29)
_EXAMPLE_VALUES: Final[Mapping[str, Any]] = {
    "DATE": _DATE,
    "STRING": "text",
    "INT64": 1,
    "FLOAT64": 1.0,
    "BOOL": True,
    "TIMESTAMP": datetime(2024, 3, 29, 22, tzinfo=UTC),
}

FILE_PARAMETERS: Final[Mapping[str, str]] = {
    **PARAMETERS,
    "before": "DATE",
    "first_day": "DATE",
    "game_date": "DATE",
    "last_day": "DATE",
    "season_types": "ARRAY<STRING>",
    "seasons": "ARRAY<STRING>",
    "source": "STRING",
    "subject": "STRING",
    "system_id": "STRING",
    "unreadable": "STRING",
    "view": "STRING",
}
"""Parameters of the SQL files and their types: those of transforms, and of other queries."""

_SNAPSHOT_PARAMETERS: Final = {"game_date": "DATE", "as_of": "TIMESTAMP", "game_ids": "ARRAY<STRING>"}
_BETTER_ROWS_PARAMETERS: Final = {"game_date": "DATE", "not_better": "ARRAY<STRING>"}

_ROWS_OF_A_TABLE: Final = {"stored_features": "ml_feature_store", "graded_outcomes": "prediction_accuracy"}
"""Queries that return whole rows of a table."""


class SentStatement(NamedTuple):
    """One SQL text that the product can send."""

    file: Path
    line: int
    """Where the text begins; for a generated text the line of its function."""
    title: str
    """What a generated text is about; empty for a file."""
    sql: str
    parameters: Mapping[str, str]
    columns: Mapping[str, str] | None = None
    """Column -> type that it returns or creates, if that is declared."""
    runs_on_duckdb: bool = True


def sent_statements() -> Iterator[SentStatement]:
    """Yield the SQL files, as written and as BigQuery gets them, then the generated statements."""
    files = [file_statement(path) for path in sorted(SQL.glob("*/*.sql"))]
    yield from files
    for statement in files:
        sql = to_bigquery(with_views(statement.sql))
        if sql != statement.sql and statement.file.parent.name != "views":
            yield statement._replace(title=f"{statement.file.stem} as sent", sql=sql, runs_on_duckdb=False)
    yield from generated_statements()


def file_statement(path: Path) -> SentStatement:
    """Return the statement of a SQL file; a transform or view returns the columns of its table."""
    table = TABLES.get(_ROWS_OF_A_TABLE.get(path.stem, path.stem))
    columns = _types(table) if table else None
    return SentStatement(path, 1, "", path.read_text(encoding="utf-8"), FILE_PARAMETERS, columns)


def generated_statements() -> Iterator[SentStatement]:
    """Yield every statement that a function makes of declared names."""
    yield _located(generated_sql, "READY", generated_sql.READY, {}, {"one": "INT64"})
    yield from _check_statements()
    for table in TABLES.values():
        yield _of_table(generated_sql.row_count, table, {}, {"n": "INT64"})
        if table.layer is not Layer.VIEW:
            yield _of_table(generated_sql.rows_per_date, table, {}, {"game_date": "DATE", "n": "INT64"})
            yield _located(bigquery_ddl, table.name, bigquery_ddl(table, "dataset"), {}, _types(table))
            yield from _writes(table)
        for where in slices_of(table):
            sql, values = generated_sql.rows_of_slice(table, where)
            types = {name: parameter_type(value) for name, value in values.items()}
            title = f"{table.name} by {', '.join(where)}"
            yield _located(generated_sql.rows_of_slice, title, sql, types, _types(table))
    for table in _tables_of(lambda source: True):
        yield _of_table(generated_sql.dates_of_real_days, table, {"archived": "STRING"}, {"game_date": "DATE"})
    for table in _tables_of(lambda source: TABLES[source.table].append_only):
        yield _of_table(generated_sql.last_snapshots, table, _SNAPSHOT_PARAMETERS, _types(table))
    for table in _tables_of(lambda source: source.role is Role.POST and bool(source.fallback_for)):
        columns = {**{name: _types(table)[name] for name in table.natural_key}, "is_complete": "BOOL"}
        yield _of_table(generated_sql.rows_of_better_sources, table, _BETTER_ROWS_PARAMETERS, columns)
    for name in (*PRE_GAME, step_names.FEATURES):
        columns = {"game_date": "DATE", "is_built": "BOOL"}
        yield _of_table(generated_sql.dates_with_results, TABLES[name], {"before": "DATE"}, columns)


def _writes(table: Table) -> Iterator[SentStatement]:
    """Yield the statements that write a table of BigQuery; the table itself has the place of the incoming rows."""
    structs = {"rows": f"ARRAY<STRUCT<{', '.join(f'{name} {type_}' for name, type_ in _types(table).items())}>>"}
    sql = bigquery_sql.temporary_table(table, "incoming", exists=False)
    yield _located(bigquery_sql.temporary_table, table.name, sql, structs, _types(table))
    if table.append_only:
        yield _write(table, bigquery_sql.addition, bigquery_sql.addition(table, table.name, ALL_DATES))
    for where in slices_of(table):
        yield _write(table, bigquery_sql.replacement, bigquery_sql.replacement(table, table.name, where))
        yield _write(table, bigquery_sql.comparison, bigquery_sql.comparison(table, table.name, where))
        yield _write(table, bigquery_sql.deletion, bigquery_sql.deletion(table, where))


def _write(table: Table, function: Any, statement: bigquery_sql.Statement) -> SentStatement:
    types = {name: type_ for name, (type_, _) in statement.parameters.items()}
    return SentStatement(*_place(function), table.name, statement.sql, types, runs_on_duckdb=False)


def slices_of(table: Table) -> list[Slice]:
    """Return one slice of each kind that the product reads or replaces of a table."""
    slices: list[Slice] = [
        slice_of(source.replaced_rows(rows, Slate(game_date=_DATE)))
        for source in SOURCES.values()
        if source.table == table.name and not table.append_only
        for rows in ((), (_example_row(table),))
    ]
    if table.layer in {Layer.ANALYTICS, Layer.PRECOMPUTE, Layer.FEATURES}:
        scopes = [TransformScope(first_date=_DATE, last_date=_DATE, as_of=_EXAMPLE_VALUES["TIMESTAMP"])]
        if "game_id" in table.natural_key:
            scopes.append(scopes[0].model_copy(update={"game_ids": ("0022301062",)}))
        slices.extend(scope.slice for scope in scopes)
    slices.extend(_OTHER_SLICES.get(table.name, ()))
    return [slice_ for index, slice_ in enumerate(slices) if slice_ not in slices[:index]]


_OTHER_SLICES: Final[Mapping[str, list[Slice]]] = {
    "daily_pipeline_runs": [{"game_date": _DATE, "run": 1}],
    "daily_phase_status": [{"game_date": _DATE}],
    "data_versions": [{"game_date": _DATE, "subject": "player_game_summary"}],
    "prediction_accuracy": [{"game_date": _DATE, "game_id": ["0022301062"]}],
    "processor_execution_log": [{"game_date": _DATE, "run": 1}],
    "unresolved_players": [{"game_date": _DATE, "source": "nbac_play_by_play"}],
}
"""Slices that neither a source nor a transform names."""


def _example_row(table: Table) -> Row:
    return {column.name: _EXAMPLE_VALUES.get(column.type) for column in table.columns}


def _tables_of(condition: Callable[[Source], bool]) -> list[Table]:
    """The tables of the sources that meet a condition."""
    return [TABLES[name] for name in sorted({source.table for source in SOURCES.values() if condition(source)})]


def _check_statements() -> Iterator[SentStatement]:
    """Yield the checks of incoming rows, and those of what a step reads."""
    for table in (table for table in TABLES.values() if table.checks):
        yield _located(checks_sql, table.name, checks_sql(table.name, table.name), {}, _columns_of_checks(table))
    parameters = {"game_date": "DATE", "season": "STRING", "game_ids": "ARRAY<STRING>"}
    columns = {"game_id": "STRING", "team": "STRING", "row_count": "INT64"}
    for required in dict.fromkeys(each for inputs in REQUIRED_INPUTS.values() for each in inputs):
        yield _located(lacking_sql, required.table, lacking_sql(required), parameters, columns)


def _columns_of_checks(table: Table) -> dict[str, str]:
    """The key, the columns of groups, and the measures: whole numbers where only columns of them are measured."""
    types = _types(table)
    keys = dict.fromkeys((*table.natural_key, *(name for check in table.checks for name in check.per)))
    return {name: types[name] for name in keys} | {
        f"measure_{number}": _type_of_measure(check, types) for number, check in enumerate(table.checks)
    }


def _type_of_measure(check: Check, types: Mapping[str, str]) -> str:
    named = {types[name] for name in re.findall(r"[a-z]\w*", check.measure) if name in types}
    return "FLOAT64" if "FLOAT64" in named else "INT64"


def _types(table: Table) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def _of_table(
    function: Callable[[Table], str], table: Table, parameters: Mapping[str, str], columns: Mapping[str, str]
) -> SentStatement:
    return _located(function, table.name, function(table), parameters, columns)


def _located(
    maker: Any, title: str, sql: str, parameters: Mapping[str, str], columns: Mapping[str, str] | None
) -> SentStatement:
    """A statement at the place of the function or module that makes it."""
    return SentStatement(*_place(maker), title, sql, parameters, columns)


def _place(maker: Any) -> tuple[Path, int]:
    return Path(inspect.getfile(maker)), max(1, inspect.getsourcelines(maker)[1])
