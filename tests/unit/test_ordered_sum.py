"""Equal rows have equal sums, to the last digit, however many threads there are and whatever else they do."""

from __future__ import annotations

import ast
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tipoff.ordered_sum import ordered_sum, sum_of_columns

PROJECT = Path(__file__).parents[2]
NOISE = pl.DataFrame(
    {str(column): np.random.default_rng(column).normal(scale=10.0**column, size=2_000) for column in range(9)}
)


def test_columns_are_added_from_the_first_to_the_last() -> None:
    """Any other order differs: of 2,000 rows, some always end in other digits."""
    summed = sum_of_columns(NOISE).to_list()
    assert summed == [reduce(add, row) for row in NOISE.iter_rows()]
    assert summed != [reduce(add, reversed(row)) for row in NOISE.iter_rows()]


def test_a_missing_value_counts_as_nothing() -> None:
    rows = pl.DataFrame({"a": [1.5, None, None], "b": [2.0, 2.0, None]})
    assert rows.select(ordered_sum([pl.col("a"), pl.col("b")])).to_series().to_list() == [3.5, 2.0, 0.0]


@pytest.mark.parametrize("package", ["tipoff", "activities"])
def test_no_other_sum_of_columns_is_used(package: str) -> None:
    unordered = [
        (file.relative_to(PROJECT).as_posix(), node.lineno)
        for file in (PROJECT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("sum_horizontal", "mean_horizontal")
    ]
    assert unordered == []
