"""Puts the terms of a prediction into words: what its points are made of."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from tipoff.systems.distribution import Floats

MOST_TERMS: Final = 5
_SMALLEST: Final = 0.05
"""Smaller terms are not named."""

MEDIAN: Final = "the median is lower than the mean"
MARKET: Final = "towards the betting market"


def explain(terms: pl.DataFrame, **further: Floats) -> pl.Series:
    """Return for each row the first term, then the others with a sign, the largest first, and what remains in one."""
    columns = terms.with_columns(pl.Series(name, values) for name, values in further.items())
    names, values = columns.columns, columns.to_numpy()
    return pl.Series([_words(names, row) for row in values], dtype=pl.List(pl.String))


def _words(names: list[str], values: Floats) -> list[str]:
    order = 1 + np.argsort(-np.abs(values[1:]), kind="stable")
    shown = [index for index in order[:MOST_TERMS] if abs(values[index]) >= _SMALLEST]
    others = float(values[1:].sum() - values[shown].sum())
    words = [f"{values[0]:.1f} {names[0]}", *(f"{values[index]:+.1f} {names[index]}" for index in shown)]
    return [*words, f"{others:+.1f} other"] if abs(others) >= _SMALLEST else words
