"""Reads the file of predictions that a backtest writes, and names what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from tipoff.errors import BadInputError
from tipoff.grading.outcomes import SIDES
from tipoff.vocabulary import Frozen, Recommendation, View, counted, reason_of

KEY: Final = ("game_date", "game_id", "player_id", "system_id", "view")
_TEXTS: Final = ("game_id", "player_id", "system_id", "view", "recommendation")
_NUMBERS: Final = (
    *("line", "predicted_points", "p_over", "interval_low", "interval_high"),
    *("best_price", "edge", "feature_quality_score"),
)
COLUMNS: Final = (
    *KEY,
    *("line", "predicted_points", "p_over", "interval_low", "interval_high"),
    *("recommendation", "best_price", "edge", "feature_quality_score"),
)

_EXAMPLES: Final = 3


class LeftOut(Frozen):
    """Rows that do not count, and why."""

    reason: str
    rows: int
    examples: tuple[str, ...]
    """The first of them: date, game, player, system and view."""

    @property
    def text(self) -> str:
        more = ", …" if self.rows > len(self.examples) else ""
        return f"{counted(self.rows, 'row')} left out: {self.reason} ({'; '.join(self.examples)}{more})"


class Rows(NamedTuple):
    """The rows that count, and those that do not."""

    kept: pl.DataFrame
    left_out: tuple[LeftOut, ...]


def read_predictions(path: Path) -> Rows:
    """Read a Parquet file with COLUMNS; others, such as results, are not read.

    Raises BadInputError for a file that is no Parquet, lacks a column, has one of another type, has no row, or has two
    rows of one key. Rows with an impossible value are left out.
    """
    frame = _typed(path)
    if frame.is_empty():
        raise BadInputError(f"{path} has no rows; run the backtest again")
    _require_keys(path, frame)
    return without(frame, _PROBLEMS)


def without(frame: pl.DataFrame, problems: dict[str, pl.Expr]) -> Rows:
    """Remove the rows with a problem, each counted under its first one."""
    cases = pl.coalesce(
        pl.when(has_problem.fill_null(value=True)).then(pl.lit(name)) for name, has_problem in problems.items()
    )
    marked = frame.with_columns(problem=cases)
    left_out = marked.filter(pl.col("problem").is_not_null()).sort(KEY)
    reasons = (
        LeftOut(reason=name, rows=rows.height, examples=_examples(rows))
        for (name,), rows in left_out.partition_by("problem", as_dict=True, maintain_order=True).items()
    )
    return Rows(marked.filter(pl.col("problem").is_null()).drop("problem"), tuple(sorted(reasons, key=_reason)))


def _reason(left_out: LeftOut) -> str:
    return left_out.reason


def _examples(rows: pl.DataFrame) -> tuple[str, ...]:
    return tuple(" ".join(map(str, row)) for row in rows.select(KEY).head(_EXAMPLES).iter_rows())


def _typed(path: Path) -> pl.DataFrame:
    try:
        schema = pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInputError(f"{path} cannot be read as a Parquet file ({reason_of(error)})") from error
    missing = [name for name in COLUMNS if name not in schema]
    if missing:
        raise BadInputError(f"{path} lacks {', '.join(missing)}; {_NEEDED}")
    wrong = [
        f"{name} is {schema[name]}, not {wanted}" for name in COLUMNS if (wanted := _wrong_type(name, schema[name]))
    ]
    if wrong:
        raise BadInputError(f"{path} has another type in some columns: {'; '.join(wrong)}; {_NEEDED}")
    frame = pl.read_parquet(path, columns=list(COLUMNS))
    texts = [pl.col(name).cast(pl.String) for name in _TEXTS]
    return frame.with_columns(*texts, *(pl.col(name).cast(pl.Float64) for name in _NUMBERS)).select(COLUMNS)


_NEEDED: Final = f"the columns of a backtest are {', '.join(COLUMNS)}"


def _wrong_type(name: str, given: pl.DataType) -> str:
    """The type that a column should have; empty if it has it. A column without any value has no type."""
    is_text = given in (pl.String, pl.Categorical, pl.Enum)
    if name == "game_date":
        return "" if given == pl.Date else "a date"
    if name == "player_id":
        return "" if is_text or given.is_integer() else "a text or a whole number"
    if name in _TEXTS:
        return "" if is_text else "a text"
    return "" if given.is_numeric() or given == pl.Null else "a number"


def _require_keys(path: Path, frame: pl.DataFrame) -> None:
    """Raise BadInputError for two rows of one key, since either could be the prediction."""
    repeated = frame.filter(frame.select(KEY).is_duplicated()).select(KEY).unique().sort(KEY)
    if not repeated.is_empty():
        first = "; ".join(" ".join(map(str, row)) for row in repeated.head(_EXAMPLES).iter_rows())
        raise BadInputError(f"{path} has several rows of {counted(repeated.height, 'prediction')}: {first}")


def _is_number(name: str) -> pl.Expr:
    return pl.col(name).is_finite().fill_null(value=False)


def _is_share(name: str) -> pl.Expr:
    return pl.col(name).is_between(0, 1).fill_null(value=False)


_HAS_LINE: Final = pl.col("line").is_not_null()
_IS_PICK: Final = pl.col("recommendation").is_in(SIDES)

_PROBLEMS: Final = {
    "key without a value": pl.any_horizontal(pl.col(KEY).is_null()),
    f"view is not {' or '.join(View)}": ~pl.col("view").is_in([*View]),
    f"recommendation is not one of {', '.join(Recommendation)}": ~pl.col("recommendation").is_in([*Recommendation]),
    "predicted_points is no number of 0 or more": ~(_is_number("predicted_points") & (pl.col("predicted_points") >= 0)),
    "line is no number": _HAS_LINE & ~_is_number("line"),
    "p_over is not between 0 and 1": (_HAS_LINE | pl.col("p_over").is_not_null()) & ~_is_share("p_over"),
    "interval_low and interval_high are no interval": ~(
        _is_number("interval_low") & _is_number("interval_high") & (pl.col("interval_low") <= pl.col("interval_high"))
    ),
    "pick without a line": _IS_PICK & ~_HAS_LINE,
    "best_price of a pick is no American price": _IS_PICK
    & ~(_is_number("best_price") & (pl.col("best_price").abs() >= 100)),
}
"""What is wrong with a row -> whether it is."""
