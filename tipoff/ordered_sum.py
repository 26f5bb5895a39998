"""Sums of columns whose last digits do not depend on threads."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add

import polars as pl


def ordered_sum(values: Iterable[pl.Expr]) -> pl.Expr:
    """Return the sum of each row, added from the first value to the last; NULL counts as 0.

    `sum_horizontal` and `mean_horizontal` of polars add in the order in which threads get to the columns: once in some
    thousand times other last digits come out.
    """
    return reduce(add, (value.fill_null(0) for value in values))


def sum_of_columns(frame: pl.DataFrame) -> pl.Series:
    """Return the `ordered_sum` of all columns."""
    return frame.select(ordered_sum(map(pl.col, frame.columns))).to_series()
