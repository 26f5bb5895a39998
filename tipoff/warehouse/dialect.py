"""GoogleSQL as DuckDB understands it: transpiled by sqlglot, mended where that gives other values.

What can be neither trusted nor mended is refused by name: no statement silently means something else here than in
BigQuery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from tipoff.errors import BadInputError
from tipoff.warehouse.schema import duckdb_type

_FORBIDDEN: Final[dict[type[exp.Expr], str]] = {
    exp.TimestampDiff: "TIMESTAMP_DIFF counts boundaries in DuckDB; compare moments or use DATE_DIFF",
    exp.DatetimeDiff: "DATETIME_DIFF counts boundaries in DuckDB; use DATE_DIFF",
    exp.TimeToStr: "FORMAT_TIMESTAMP and FORMAT_DATE write differently in DuckDB; format in Python",
    exp.Format: "FORMAT writes differently in DuckDB; format in Python",
    exp.JSONFormat: "TO_JSON_STRING writes numbers differently in DuckDB",
    exp.JSONExtractScalar: "JSON_VALUE writes numbers differently in DuckDB",
    exp.DPipe: "'||' with NULL differs in DuckDB; use CONCAT on values that are never NULL",
    exp.ApproxQuantiles: "APPROX_QUANTILES is not deterministic; use PERCENTILE_DISC",
    exp.Substring: "SUBSTR counts from 0 otherwise in DuckDB; use LEFT, RIGHT or Python",
    exp.IntDiv: "DIV loses its parentheses in DuckDB; use FLOOR",
    exp.FarmFingerprint: "FARM_FINGERPRINT does not exist in DuckDB",
}

_EXACT: Final = "DECIMAL(18, 9)"

_FORBIDDEN_PARTS: Final = frozenset({"DAYOFWEEK", "WEEK", "ISOWEEK"})


def _literal(generator: DuckDBGenerator, node: exp.Literal) -> str:
    text = generator.literal_sql(node)
    return text if node.is_string or "." not in text or "e" in text.lower() else f"{text}e0"


def _as_date(generator: DuckDBGenerator, node: exp.DateAdd | exp.DateSub) -> str:
    return f"CAST({DuckDBGenerator.TRANSFORMS[type(node)](generator, node)} AS DATE)"


def _count_if(generator: DuckDBGenerator, node: exp.CountIf) -> str:
    return f"COUNT(CASE WHEN {generator.sql(node, 'this')} THEN 1 END)"


def _exact_mean(generator: DuckDBGenerator, node: exp.Avg) -> str:
    if isinstance(node.parent, exp.Window):
        return generator.function_fallback_sql(node)
    return f"AVG({_exact(generator, node)})"


def _exact_deviation(generator: DuckDBGenerator, node: exp.StddevSamp) -> str:
    x = _exact(generator, node)
    squares = f"CAST(SUM({x} * {x}) AS DOUBLE) - CAST(SUM({x}) AS DOUBLE) ** 2 / COUNT({x})"
    return f"CASE WHEN COUNT({x}) > 1 THEN SQRT(GREATEST(0, ({squares}) / (COUNT({x}) - 1))) END"


def _exact(generator: DuckDBGenerator, node: exp.Avg | exp.StddevSamp) -> str:
    return f"CAST({generator.sql(node, 'this')} AS {_EXACT})"


class _Generator(DuckDBGenerator):
    TRANSFORMS: ClassVar = {
        **DuckDBGenerator.TRANSFORMS,
        exp.Literal: _literal,  # 0.44 is FLOAT64 in GoogleSQL, DECIMAL in DuckDB
        exp.DateAdd: _as_date,  # a DATE stays one in GoogleSQL, becomes a TIMESTAMP in DuckDB
        exp.DateSub: _as_date,
        exp.CountIf: _count_if,  # 0 in GoogleSQL, NULL in DuckDB where the condition is never anything but NULL
        exp.Avg: _exact_mean,  # floats added in another order, by another thread, make another sum
        exp.StddevSamp: _exact_deviation,
    }


class Mended(DuckDB):
    """DuckDB with GoogleSQL's meaning of what sqlglot carries over unchanged."""

    Generator = _Generator


class Statement(NamedTuple):
    """A SELECT in DuckDB's words and the parameters it asks for, as `$name`."""

    sql: str
    parameters: frozenset[str]


def to_duckdb(sql: str, parameter_types: Mapping[str, str]) -> Statement:
    """One GoogleSQL SELECT for DuckDB; each `@name` has the given BigQuery type.

    Raises BadInputError for anything but one SELECT, and for what `objections` names.
    """
    return _transpiled(sql, tuple(sorted(parameter_types.items())))


def objections(sql: str) -> list[str]:
    """Why a statement cannot be trusted to mean the same on both engines; empty when it can."""
    return list(_objections(_parsed(sql)))


@lru_cache(maxsize=256)
def _transpiled(sql: str, parameter_types: tuple[tuple[str, str], ...]) -> Statement:
    tree = _parsed(sql)
    if found := list(_objections(tree)):
        raise BadInputError(f"this SELECT may mean something else in BigQuery: {'; '.join(found)}")
    types = dict(parameter_types)
    wanted = frozenset(node.name for node in tree.find_all(exp.Parameter))
    if unknown := sorted(wanted - types.keys()):
        raise BadInputError(f"this SELECT wants parameters that were not given: {', '.join(unknown)}")
    return Statement(tree.transform(_typed_parameter, types).sql(dialect=Mended), wanted)


def _parsed(sql: str) -> exp.Expr:
    try:
        statements = sqlglot.parse(sql, read="bigquery")
    except sqlglot.errors.SqlglotError as error:
        raise BadInputError(f"this is not GoogleSQL: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise BadInputError("a query is exactly one SELECT")
    return statements[0]


def _typed_parameter(node: exp.Expr, types: dict[str, str]) -> exp.Expr:
    """An empty list has no element type of its own, so every parameter says what it is."""
    if not isinstance(node, exp.Parameter):
        return node
    return exp.cast(node.copy(), exp.DataType.build(duckdb_type(types[node.name]), dialect="duckdb"))


def _objections(tree: exp.Expr) -> Iterator[str]:
    yield from (_FORBIDDEN[type(node)] for node in tree.walk() if type(node) in _FORBIDDEN)
    for extract in tree.find_all(exp.Extract):
        if extract.name.upper() in _FORBIDDEN_PARTS:
            yield f"EXTRACT({extract.name.upper()}) counts differently in DuckDB"
    for cast in tree.find_all(exp.Cast):
        if cast.is_type(exp.DType.TEXT) and not isinstance(cast.this, exp.Null | exp.Literal):
            yield f"{cast.sql('bigquery')} writes numbers differently in DuckDB; ids are text already"
    for division in tree.find_all(exp.Div):
        if not _never_zero(division.expression.unnest()):
            yield f"{division.sql('bigquery')} fails in BigQuery where the divisor is 0; use SAFE_DIVIDE"


def _never_zero(divisor: exp.Expr) -> bool:
    return isinstance(divisor, exp.Nullif) or (divisor.is_number and float(divisor.name) != 0)
