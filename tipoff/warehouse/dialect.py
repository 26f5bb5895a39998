"""Translates GoogleSQL to DuckDB SQL with sqlglot, and corrects translations that would return other values.

A construct that cannot be translated safely is rejected, so that no statement means one thing in DuckDB and another
in BigQuery. Both engines sum the numbers of a mean or deviation as decimals: the sum of floats depends on the order in
which threads or workers add them, so equal rows would not always give equal rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar, Final, NamedTuple

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.generators.duckdb import DuckDBGenerator

from tipoff.errors import BadInputError
from tipoff.vocabulary import reason_of
from tipoff.warehouse.schema import duckdb_type

_FORBIDDEN: Final[dict[type[exp.Expr], str]] = {
    exp.TimestampDiff: "TIMESTAMP_DIFF counts boundaries in DuckDB; compare timestamps or use DATE_DIFF",
    exp.DatetimeDiff: "DATETIME_DIFF counts boundaries in DuckDB; use DATE_DIFF",
    exp.TimeToStr: "FORMAT_TIMESTAMP and FORMAT_DATE return other text in DuckDB; format in Python",
    exp.Format: "FORMAT returns other text in DuckDB; format in Python",
    exp.JSONFormat: "TO_JSON_STRING formats numbers differently in DuckDB",
    exp.JSONExtractScalar: "JSON_VALUE formats numbers differently in DuckDB",
    exp.DPipe: "'||' treats NULL differently in DuckDB; use CONCAT on values that are never NULL",
    exp.ApproxQuantiles: "APPROX_QUANTILES is not deterministic; use PERCENTILE_DISC",
    exp.Substring: "SUBSTR treats position 0 differently in DuckDB; use LEFT, RIGHT or Python",
    exp.IntDiv: "DIV loses its parentheses in DuckDB; use FLOOR",
    exp.Int64: "INT64 rounds a half differently in DuckDB; cast ROUND(…), FLOOR(…) or CEIL(…)",
    exp.DateTrunc: "DATE_TRUNC and TIMESTAMP_TRUNC return other types in DuckDB; use EXTRACT or DATE_SUB",
    exp.TimestampTrunc: "DATE_TRUNC and TIMESTAMP_TRUNC return other types in DuckDB; use EXTRACT or DATE_SUB",
    exp.String: "STRING returns other text in DuckDB; format in Python",
    exp.FarmFingerprint: "FARM_FINGERPRINT does not exist in DuckDB",
}

_EXACT: Final = "DECIMAL(18, 9)"
_EXACT_SQUARE: Final = "DECIMAL(38, 9)"
"""They have the decimals of BigQuery's NUMERIC."""

_EXACT_IN_BIGQUERY: Final = {
    "AVG": "SAFE_DIVIDE(CAST(SUM(CAST({x} AS NUMERIC)) AS FLOAT64), COUNT({x}))",
    "STDDEV_SAMP": (
        "SQRT(GREATEST(0, SAFE_DIVIDE("
        "CAST(SUM(CAST(CAST({x} AS NUMERIC) * CAST({x} AS NUMERIC) AS NUMERIC)) AS FLOAT64)"
        " - SAFE_DIVIDE(POW(CAST(SUM(CAST({x} AS NUMERIC)) AS FLOAT64), 2), COUNT({x})), NULLIF(COUNT({x}), 1) - 1)))"
    ),
}

_WHOLE_BY_CONSTRUCTION: Final = (
    exp.Boolean,
    exp.Ceil,
    exp.Connector,
    exp.Count,
    exp.CountIf,
    exp.Floor,
    exp.Not,
    exp.Null,
    exp.Predicate,
)

_FORBIDDEN_DATE_PARTS: Final = frozenset({"DAYOFWEEK", "WEEK", "ISOWEEK", "MILLISECOND", "MICROSECOND"})


def _literal(generator: DuckDBGenerator, node: exp.Literal) -> str:
    text = generator.literal_sql(node)
    return text if node.is_string or "." not in text or "e" in text.lower() else f"{text}e0"


def _as_date(generator: DuckDBGenerator, node: exp.DateAdd | exp.DateSub) -> str:
    return f"CAST({DuckDBGenerator.TRANSFORMS[type(node)](generator, node)} AS DATE)"


def _whole_seconds(generator: DuckDBGenerator, node: exp.UnixSeconds) -> str:
    return f"CAST(FLOOR(EPOCH({generator.sql(node, 'this')})) AS BIGINT)"


def _count_if(generator: DuckDBGenerator, node: exp.CountIf) -> str:
    return f"COUNT(CASE WHEN {generator.sql(node, 'this')} THEN 1 END)"


def _exact_mean(generator: DuckDBGenerator, node: exp.Avg) -> str:
    if isinstance(node.parent, exp.Window):
        return generator.function_fallback_sql(node)
    return f"AVG({_exact(generator, node)})"


def _exact_deviation(generator: DuckDBGenerator, node: exp.StddevSamp) -> str:
    x = _exact(generator, node)
    squares = f"CAST(SUM(CAST({x} * {x} AS {_EXACT_SQUARE})) AS DOUBLE) - CAST(SUM({x}) AS DOUBLE) ** 2 / COUNT({x})"
    return f"CASE WHEN COUNT({x}) > 1 THEN SQRT(GREATEST(0, ({squares}) / (COUNT({x}) - 1))) END"


def _exact(generator: DuckDBGenerator, node: exp.Avg | exp.StddevSamp) -> str:
    return f"CAST({generator.sql(node, 'this')} AS {_EXACT})"


class _Generator(DuckDBGenerator):
    TRANSFORMS: ClassVar = {
        **DuckDBGenerator.TRANSFORMS,
        exp.Literal: _literal,  # 0.44 is FLOAT64 in GoogleSQL, DECIMAL in DuckDB
        exp.DateAdd: _as_date,  # returns a DATE in GoogleSQL, a TIMESTAMP in DuckDB
        exp.DateSub: _as_date,
        exp.UnixSeconds: _whole_seconds,  # rounded down in GoogleSQL, to the nearest in DuckDB
        exp.CountIf: _count_if,  # if the condition is always NULL: 0 in GoogleSQL, NULL in DuckDB
        exp.Avg: _exact_mean,
        exp.StddevSamp: _exact_deviation,
    }


class GoogleSqlOnDuckDb(DuckDB):
    """DuckDB SQL that keeps the meaning GoogleSQL has."""

    Generator = _Generator


class Statement(NamedTuple):
    """A SELECT in DuckDB SQL and the names of its parameters, written `$name`."""

    sql: str
    parameters: frozenset[str]


def to_duckdb(sql: str, parameter_types: Mapping[str, str]) -> Statement:
    """Translate one GoogleSQL SELECT; `parameter_types` maps each `@name` to its BigQuery type.

    Raises BadInputError for anything but one SELECT, for unknown parameters, and for any of `incompatibilities`.
    """
    return _transpile(sql, tuple(sorted(parameter_types.items())))


@lru_cache(maxsize=256)
def to_bigquery(sql: str) -> str:
    """Return a SELECT with means and deviations that BigQuery computes as DuckDB does; other text stays as it is."""
    tokens = sqlglot.tokenize(sql, read="bigquery")
    for index, (token, opening) in enumerate(pairwise(tokens)):
        exact = _EXACT_IN_BIGQUERY.get(token.text.upper())
        if exact is None or opening.token_type is not TokenType.L_PAREN:
            continue
        closing, *after = _from_closing(tokens[index + 1 :])
        if not (after and after[0].token_type is TokenType.OVER):
            argument = to_bigquery(sql[opening.end + 1 : closing.start])
            return f"{sql[: token.start]}{exact.format(x=argument)}{to_bigquery(sql[closing.end + 1 :])}"
    return sql


def _from_closing(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the tokens from the parenthesis that closes the first one."""
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        if depth == 0:
            return tokens[index:]
    raise BadInputError("this is not valid GoogleSQL: a parenthesis is not closed")


def parameters_of(sql: str, given: Collection[str]) -> frozenset[str]:
    """Return the names of the parameters that one GoogleSQL SELECT uses. Raises BadInputError as `to_duckdb` does."""
    return _parameters(_parse(sql), given)


def incompatibilities(sql: str) -> list[str]:
    """Return the reasons why a statement may give other results on the other engine; empty if there are none."""
    return list(_incompatibilities(_parse(sql)))


@lru_cache(maxsize=256)
def _transpile(sql: str, parameter_types: tuple[tuple[str, str], ...]) -> Statement:
    tree, types = _parse(sql), dict(parameter_types)
    names = _parameters(tree, types.keys())
    return Statement(tree.transform(_typed_parameter, types).sql(dialect=GoogleSqlOnDuckDb), names)


def _parameters(tree: exp.Expr, given: Collection[str]) -> frozenset[str]:
    if reasons := list(_incompatibilities(tree)):
        raise BadInputError(f"this SELECT may return other values in BigQuery: {'; '.join(reasons)}")
    names = frozenset(node.name for node in tree.find_all(exp.Parameter))
    if unknown := sorted(names - set(given)):
        raise BadInputError(f"this SELECT uses parameters that were not given: {', '.join(unknown)}")
    return names


def _parse(sql: str) -> exp.Expr:
    try:
        statements = sqlglot.parse(sql, read="bigquery")
    except sqlglot.errors.SqlglotError as error:
        raise BadInputError(f"this is not valid GoogleSQL: {reason_of(error)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise BadInputError("a query must be exactly one SELECT")
    return statements[0]


def _typed_parameter(node: exp.Expr, types: dict[str, str]) -> exp.Expr:
    """Cast a parameter to its declared type, as an empty list has no element type."""
    if not isinstance(node, exp.Parameter):
        return node
    return exp.cast(node.copy(), exp.DataType.build(duckdb_type(types[node.name]), dialect="duckdb"))


def _incompatibilities(tree: exp.Expr) -> Iterator[str]:
    yield from (_FORBIDDEN[type(node)] for node in tree.walk() if type(node) in _FORBIDDEN)
    for extract in tree.find_all(exp.Extract):
        if extract.name.upper() in _FORBIDDEN_DATE_PARTS:
            yield f"EXTRACT({extract.name.upper()}) counts differently in DuckDB"
    for like in tree.find_all(exp.Like):
        if "\\" in like.expression.name:
            yield "LIKE has no escape character in DuckDB; use STARTS_WITH, ENDS_WITH or STRPOS"
    for cast in tree.find_all(exp.Cast):
        if problem := _problem_of_cast(cast):
            yield f"{cast.sql('bigquery')} {problem}"
    for division in tree.find_all(exp.Div):
        if not _never_zero(division.expression.unnest()):
            yield f"{division.sql('bigquery')} fails in BigQuery if the divisor is 0; use SAFE_DIVIDE"


def _problem_of_cast(cast: exp.Cast) -> str:
    """Why a cast may give other results on the other engine; empty when it does not."""
    if cast.to.args.get("nested") and not _of_whole_literals(cast.this):
        return "casts its elements, which may round or format differently in DuckDB; cast each one"
    if cast.is_type(exp.DType.TEXT) and not (isinstance(cast.this, exp.Null) or _is_text_or_whole(cast.this)):
        return "formats numbers differently in DuckDB; ids are text already"
    if cast.is_type(*exp.DataType.INTEGER_TYPES) and not _whole(cast.this.unnest()):
        return "rounds a half differently in DuckDB; cast ROUND(…), FLOOR(…) or CEIL(…)"
    if cast.is_type(exp.DType.DECIMAL, exp.DType.BIGDECIMAL) and not cast.to.expressions:
        return "keeps 3 decimals in DuckDB and 9 or more in BigQuery; name the precision"
    return ""


def _is_text_or_whole(value: exp.Expr) -> bool:
    return isinstance(value, exp.Literal) and (value.is_string or _whole(value))


def _never_zero(divisor: exp.Expr) -> bool:
    return isinstance(divisor, exp.Nullif) or (divisor.is_number and float(divisor.name) != 0)


def _of_whole_literals(value: exp.Expr) -> bool:
    """Whether an array, such as `ARRAY<INT64>[1, 2]`, consists of literals without fractions; NULL does, too."""
    elements = value.expressions if isinstance(value, exp.Array) else [value]
    return all(isinstance(element, exp.Null | exp.Literal) and _whole(element) for element in elements)


def _whole(value: exp.Expr) -> bool:
    """Whether a value has no fraction whatever its input: a cast to INT64 then rounds nothing."""
    if isinstance(value, exp.Neg):
        return _whole(value.this.unnest())
    if isinstance(value, exp.Round | exp.Trunc):
        return value.args.get("decimals") is None
    if isinstance(value, exp.Literal):
        return value.name.strip().lstrip("+-").isdigit()
    return isinstance(value, _WHOLE_BY_CONSTRUCTION)
