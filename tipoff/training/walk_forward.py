"""Walk-forward validation: a model is tested on dates after all dates it is trained on.

    history   |-----------------------------------------|
    fold 1    |==== train =====|== test ====|
    fold 2    |==== train ==================|== test ====|
                               cut          cut          end

The cut of a fold guarantees that all training rows are earlier than all test rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import polars as pl

from tipoff.errors import NotEnoughDataError
from tipoff.vocabulary import counted


@dataclass(frozen=True)
class Fold:
    """Splits `history` at `cut`: `train` is before it, `test` from it to the day before `end`."""

    history: pl.DataFrame = field(repr=False)
    cut: date
    end: date

    @property
    def train(self) -> pl.DataFrame:
        return self.history.filter(pl.col("game_date") < self.cut)

    @property
    def test(self) -> pl.DataFrame:
        return self.history.filter(pl.col("game_date").is_between(self.cut, self.end, closed="left"))


def walk_forward(history: pl.DataFrame, end: date, folds: int = 2, first_share: float = 0.5) -> Iterator[Fold]:
    """Yield folds over the dates before `end`; the first fold trains on `first_share` of them.

    Raises NotEnoughDataError if there are too few dates to test on.
    """
    dates = history.filter(pl.col("game_date") < end)["game_date"].unique().sort().to_list()
    first = int(len(dates) * first_share)
    if first < 1 or len(dates) - first < folds:
        raise NotEnoughDataError(
            f"walk-forward validation in {counted(folds, 'fold')} needs more dates with results before {end},"
            f" there are {len(dates)}: collect more history first"
        )
    starts = [first + (len(dates) - first) * fold // folds for fold in range(folds)]
    cuts = [*(dates[start] for start in starts), end]
    for cut, until in pairwise(cuts):
        yield Fold(history, cut, until)
