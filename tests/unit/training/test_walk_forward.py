"""Walk-forward folds never train on test dates."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.errors import NotEnoughDataError
from tipoff.training.walk_forward import walk_forward

OPENING = date(2023, 10, 24)
CALENDARS = st.lists(st.integers(0, 160), min_size=12, max_size=60, unique=True)


def history(days: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"game_date": [OPENING + timedelta(days=day) for day in days]}, schema={"game_date": pl.Date})


@given(CALENDARS, st.integers(1, 4), st.integers(100, 200))
def test_all_training_dates_are_before_all_test_dates(days: list[int], folds: int, end: int) -> None:
    cutoff = OPENING + timedelta(days=end)
    try:
        parts = list(walk_forward(history(days), cutoff, folds))
    except NotEnoughDataError:
        return
    for fold in parts:
        assert fold.train["game_date"].max() < fold.test["game_date"].min()  # type: ignore[operator]
        assert fold.test["game_date"].max() < cutoff  # type: ignore[operator]


@given(CALENDARS)
def test_each_date_is_tested_once_at_most_and_the_last_date_is_tested(days: list[int]) -> None:
    cutoff = OPENING + timedelta(days=200)
    tested = pl.concat(fold.test for fold in walk_forward(history(days), cutoff, 3))["game_date"]
    assert tested.is_unique().all()
    assert tested.max() == OPENING + timedelta(days=max(days))


def test_too_few_dates_are_rejected() -> None:
    with pytest.raises(NotEnoughDataError, match=r"2 folds needs more dates with results before 2024-03-29"):
        list(walk_forward(history([1, 2]), date(2024, 3, 29)))
