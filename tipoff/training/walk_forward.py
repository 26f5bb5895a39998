"""Walk-forward: a model is judged on dates after everything it learned from.

    history   |-----------------------------------------|
    fold 1    |==== learn =====|== judge ===|
    fold 2    |==== learn ==================|== judge ===|
                               cut          cut          end

A fold is made of a cut; what it learns from lies before the cut by construction, never by a caller's care.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import polars as pl

from tipoff.errors import NotEnoughDataError


@dataclass(frozen=True)
class Fold:
    """Rows of `history` parted at `cut`: `learn` strictly before it, `judge` from it to before `end`."""

    history: pl.DataFrame = field(repr=False)
    cut: date
    end: date

    @property
    def learn(self) -> pl.DataFrame:
        return self.history.filter(pl.col("game_date") < self.cut)

    @property
    def judge(self) -> pl.DataFrame:
        return self.history.filter(pl.col("game_date").is_between(self.cut, self.end, closed="left"))


def walk_forward(history: pl.DataFrame, end: date, folds: int = 2, first_share: float = 0.4) -> Iterator[Fold]:
    """Folds over the dates before `end`, the first learning from `first_share` of them.

    Raises NotEnoughDataError when there are too few dates to judge on.
    """
    dates = history.filter(pl.col("game_date") < end)["game_date"].unique().sort().to_list()
    first = int(len(dates) * first_share)
    if first < 1 or len(dates) - first < folds:
        raise NotEnoughDataError(
            f"walking forward in {folds} folds needs more dates with results before {end}, there are {len(dates)}: "
            "collect more history first"
        )
    starts = [first + (len(dates) - first) * fold // folds for fold in range(folds)]
    cuts = [*(dates[start] for start in starts), end]
    for cut, until in pairwise(cuts):
        yield Fold(history, cut, until)
