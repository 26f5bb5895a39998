"""The game dates that a statement reads: BigQuery refuses to read a table without a filter on its partitions.

A filter counts only where a table is read. BigQuery does not move a filter on a view below the view's joins and
windows, so a statement reads a view as a subquery of its text whose tables have the filter.
"""

# ruff: noqa: S608 (statements contain only names of declared tables and dates of the statements themselves)

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple, TypeGuard

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from tipoff.warehouse.sql_files import sql_text
from tipoff.warehouse.tables import TABLES, Layer

PARTITION: Final = "game_date"
_FIRST: Final = "DATE '0001-01-01'"
_LAST: Final = "DATE '9999-12-31'"


class TableRead(NamedTuple):
    """A declared table or view that a statement reads, and the first and last date it filters on."""

    name: str
    alias: str
    start: int
    end: int
    dates: tuple[str, str] | None


def unfiltered_tables(sql: str) -> list[str]:
    """Return the declared tables and views that a statement reads without a filter on their game dates."""
    return sorted({read.name for read in table_reads(sql) if read.dates is None})


@lru_cache(maxsize=256)
def with_views(sql: str) -> str:
    """Return the statement with each view replaced by its text, filtered to the dates that are read of it."""
    return _replaced(
        sql,
        (
            (read, _view(read.name, *(read.dates or (_FIRST, _LAST))))
            for read in table_reads(sql)
            if TABLES[read.name].layer is Layer.VIEW
        ),
    )


def _view(name: str, first: str, last: str) -> str:
    """Return the text of a view whose tables are filtered: a row of a view depends on rows of its own date only."""
    text = re.sub(r"--.*", "", sql_text(name))
    return _replaced(text, ((read, _source(read.name, first, last)) for read in table_reads(text)))


def _source(name: str, first: str, last: str) -> str:
    if TABLES[name].layer is Layer.VIEW:
        return _view(name, first, last)
    return f"SELECT * FROM {name} WHERE {PARTITION} BETWEEN {first} AND {last}"


def _replaced(sql: str, replacements: Iterable[tuple[TableRead, str]]) -> str:
    """Replace names of tables by subqueries; all other text stays as it is written."""
    for read, text in sorted(replacements, key=lambda replacement: -replacement[0].start):
        alias = f" AS {read.name}" if read.alias == read.name and not _has_alias(sql, read) else ""
        sql = f"{sql[: read.start]}({text}){alias}{sql[read.end + 1 :]}"
    return sql


def _has_alias(sql: str, read: TableRead) -> bool:
    return bool(re.match(r"\s+AS\s", sql[read.end + 1 :], re.IGNORECASE))


def table_reads(sql: str) -> Iterator[TableRead]:
    """Yield the reads of declared tables and views."""
    for scope in traverse_scope(sqlglot.parse_one(sql, read="bigquery")):
        select = scope.expression
        if not isinstance(select, exp.Select):
            continue
        filters = _filters(select)
        for table in scope.tables:
            if table.name in TABLES and scope.sources.get(table.alias_or_name) is table:
                position = table.this.meta
                dates = filters.get(table.alias_or_name)
                yield TableRead(table.name, table.alias_or_name, position["start"], position["end"], dates)


def _filters(select: exp.Select) -> dict[str, tuple[str, str]]:
    """Return the first and last date by the alias of each table with a filter in WHERE, or in ON of its own join."""
    filters: dict[str, tuple[str, str]] = {}
    for of_join, term in _conditions(select):
        for column, first, last in _dates(term):
            alias = column.table or select.args["from_"].this.alias_or_name
            if of_join in (None, alias):
                known = filters.get(alias, (_FIRST, _LAST))
                filters[alias] = (first or known[0], last or known[1])
    return filters


def _conditions(select: exp.Select) -> Iterator[tuple[str | None, exp.Expr]]:
    """Yield the terms of WHERE, and those of each join with the alias of the joined table."""
    if where := select.args.get("where"):
        yield from ((None, term) for term in _terms(where.this))
    for join in select.args.get("joins") or ():
        if on := join.args.get("on"):
            yield from ((join.this.alias_or_name, term) for term in _terms(on))


def _terms(condition: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the parts of a condition that all have to be true."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _terms(condition.left)
        yield from _terms(condition.right)
    else:
        yield condition


def _dates(term: exp.Expr) -> Iterator[tuple[exp.Column, str, str]]:
    """Yield the partition column of a comparison with constants, and its first and last date as far as they are set."""
    if isinstance(term, exp.Between):
        low, high = term.args["low"], term.args["high"]
        if _is_partition(term.this) and _is_constant(low) and _is_constant(high):
            yield term.this, low.sql("bigquery"), high.sql("bigquery")
        return
    if not isinstance(term, exp.EQ | exp.LT | exp.LTE | exp.GT | exp.GTE):
        return
    if _is_partition(term.left) and _is_constant(term.right):
        date = term.right.sql("bigquery")
        first = "" if isinstance(term, exp.LT | exp.LTE) else date
        yield term.left, first, "" if isinstance(term, exp.GT | exp.GTE) else date


def _is_partition(node: exp.Expr) -> TypeGuard[exp.Column]:
    return isinstance(node, exp.Column) and node.name == PARTITION


def _is_constant(node: exp.Expr) -> bool:
    """Whether a value is known before any row is read, as BigQuery needs it to leave out partitions."""
    return not any(node.find_all(exp.Column, exp.Query))
