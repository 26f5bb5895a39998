"""Checks each statement: Google's analyzer accepts it, it returns the declared columns, and DuckDB gives its values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from devtools.sql_check.google_sql import GoogleSql, GoogleSqlError
from devtools.sql_check.statements import SentStatement
from runtime import PROJECT
from tipoff.warehouse.dialect import incompatibilities
from tipoff.warehouse.schema import catalogue

_POSITION = re.compile(r" \[at (\d+):(\d+)\]$")
_QUERY = re.compile(r"\s*(--.*\s*)*(SELECT|WITH)\b")


def errors_of(statements: Iterable[SentStatement]) -> Iterator[str]:
    """Yield the errors of all statements, each with file and line."""
    google = GoogleSql(catalogue(), {})
    for statement in statements:
        yield from statement_errors(google, statement)


def statement_errors(google: GoogleSql, statement: SentStatement) -> Iterator[str]:
    """Yield the errors of one statement."""
    try:
        columns = google.output_types(statement.sql, statement.parameters)
    except GoogleSqlError as error:
        yield _located_error(statement, str(error))
        return
    reasons = list(column_differences(columns, statement.columns)) if statement.columns is not None else []
    if statement.runs_on_duckdb and _QUERY.match(statement.sql):
        reasons.extend(incompatibilities(statement.sql))
    yield from (_at(statement, 1, reason) for reason in reasons)


def column_differences(returned: Mapping[str, str], declared: Mapping[str, str]) -> Iterator[str]:
    """Yield how the returned columns differ from the declared ones, in name, type or order."""
    for name, type_ in declared.items():
        if name not in returned:
            yield f"column {name} {type_} is declared but not returned"
        elif returned[name] != type_:
            yield f"column {name} is {returned[name]} but declared as {type_}"
    yield from (f"column {name} is returned but not declared" for name in returned if name not in declared)
    if set(returned) == set(declared) and list(returned) != list(declared):
        yield f"the columns are not in their declared order: {', '.join(declared)}"


def _located_error(statement: SentStatement, message: str) -> str:
    position = _POSITION.search(message)
    if position is None:
        return _at(statement, 1, message)
    return _at(statement, int(position[1]), f"{message[: position.start()]} (column {position[2]})")


def _at(statement: SentStatement, line: int, message: str) -> str:
    file = statement.file.relative_to(PROJECT) if statement.file.is_relative_to(PROJECT) else statement.file
    if not statement.title:
        return f"{file}:{line}: {message}"
    return f"{file}:{statement.line}: {statement.title}, line {line} of its SQL: {message}"
