"""The population stability index against values computed by hand, and the features that it warns of."""

from datetime import date, timedelta
from math import log

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.features.vector import FEATURE_NAMES
from tipoff.grading.feature_drift import GROWING, feature_drift, stability_index
from tipoff.vocabulary import eastern

DAY = date(2024, 3, 29)
TENTHS = np.arange(100, dtype=np.float64)
VALUES = st.lists(st.floats(-50, 50), min_size=5, max_size=80).map(np.array)


def test_the_index_of_a_share_that_moves_between_two_bins_matches_the_formula() -> None:
    """Of 100 values 10 move from the lowest bin to the highest: shares .001 (none) and .2 instead of .1 and .1."""
    moved = np.where(TENTHS < 10, 99.0, TENTHS)
    expected = (0.001 - 0.1) * log(0.001 / 0.1) + (0.2 - 0.1) * log(0.2 / 0.1)
    assert stability_index(moved, TENTHS) == pytest.approx(expected)


def test_missing_values_have_a_bin_of_their_own() -> None:
    """Half of the values are missing: each tenth has .05 instead of .1, and the missing ones .5 instead of .001."""
    half = np.where(TENTHS % 2 == 0, np.nan, TENTHS)
    expected = 10 * (0.05 - 0.1) * log(0.05 / 0.1) + (0.5 - 0.001) * log(0.5 / 0.001)
    assert stability_index(half, TENTHS) == pytest.approx(expected)
    assert stability_index(np.full(20, np.nan), np.full(30, np.nan)) == 0


@given(VALUES)
def test_equal_values_have_no_index(values: np.ndarray) -> None:
    assert stability_index(values, values) == pytest.approx(0)
    assert stability_index(np.repeat(values, 3), values) == pytest.approx(0)


@given(VALUES, VALUES)
def test_an_index_is_never_negative(recent: np.ndarray, earlier: np.ndarray) -> None:
    assert stability_index(recent, earlier) >= 0


def stored(*, recent: float = 0.0, missing: bool = False, per_day: int = 60) -> pl.DataFrame:
    """Feature rows of 37 dates; those of the last 7 are higher by `recent`, or `points_ewm` is missing there."""
    generator = np.random.default_rng(1)
    dates = [DAY - timedelta(days=days) for days in range(37) for _ in range(per_day)]
    tip_offs = [eastern(day, 19) for day in dates]
    columns = {"game_date": dates, "eligible": [True] * len(dates), "tip_off": tip_offs, "as_of": tip_offs}
    frame = pl.DataFrame(columns).with_columns(
        *(pl.Series(name, generator.normal(size=len(dates))) for name in FEATURE_NAMES)
    )
    is_recent = pl.col("game_date") > DAY - timedelta(days=7)
    changed = pl.lit(None) if missing else pl.col("points_ewm") + recent
    return frame.with_columns(points_ewm=pl.when(is_recent).then(changed).otherwise("points_ewm"))


def test_rows_that_were_built_for_training_are_not_compared() -> None:
    built_later = stored(recent=2.0).with_columns(as_of=pl.lit(eastern(DAY, 5)))
    drifts = feature_drift(built_later, DAY)
    assert (drifts.recent, drifts.earlier, drifts.features) == (60, 0, ())


def test_a_feature_that_moves_is_named_with_its_rows() -> None:
    drifts = feature_drift(stored(recent=2.0), DAY)
    assert (drifts.recent, drifts.earlier) == (420, 1800)
    assert drifts.features[0].feature == "points_ewm"
    assert [each.feature for each in drifts.drifted] == ["points_ewm"]
    [warning] = drifts.warnings
    assert (warning.key, warning.command) == ("feature-drift", "starter.py sources")
    assert "points_ewm" in warning.summary
    assert "420 rows of the last 7 days against 1,800 of the 30 days before" in warning.summary


def test_a_feature_that_goes_missing_drifts() -> None:
    [drifted] = feature_drift(stored(missing=True), DAY).drifted
    assert (drifted.feature, drifted.recent_missing, drifted.earlier_missing) == ("points_ewm", 1.0, 0.0)


def test_features_that_stay_do_not_drift() -> None:
    drifts = feature_drift(stored(), DAY)
    assert (drifts.drifted, drifts.warnings) == ((), ())
    assert {each.feature for each in drifts.features} == set(FEATURE_NAMES) - GROWING


def test_a_feature_that_changes_as_much_in_other_weeks_does_not_drift() -> None:
    waves = stored(recent=2.0).with_columns(
        points_ewm=pl.when(pl.col("game_date").is_between(DAY - timedelta(days=20), DAY - timedelta(days=14)))
        .then(pl.col("points_ewm") + 2.0)
        .otherwise("points_ewm")
    )
    drifts = feature_drift(waves, DAY)
    assert drifts.features[0].index > 0.25
    assert drifts.drifted == ()


def test_with_too_few_rows_features_are_not_compared() -> None:
    assert feature_drift(stored(recent=2.0, per_day=33), DAY).features == ()
    assert feature_drift(stored(recent=2.0).clear(), DAY).recent == 0


@pytest.mark.parametrize(("earlier_days", "is_compared"), [(7, False), (8, True)])
def test_features_are_compared_from_the_second_earlier_week_on(earlier_days: int, *, is_compared: bool) -> None:
    """A week cannot be compared with the days around it when there are none."""
    first = DAY - timedelta(days=6 + earlier_days)
    drifts = feature_drift(stored(per_day=150).filter(pl.col("game_date") >= first), DAY)
    assert drifts.earlier == 150 * earlier_days
    assert bool(drifts.features) is is_compared
    assert all(np.isfinite([each.index, each.usual]).all() for each in drifts.features)


def test_only_eligible_players_and_the_compared_dates_count() -> None:
    rows = pl.concat([stored(), stored().with_columns(eligible=pl.lit(value=False))])
    older = stored().with_columns(game_date=pl.lit(DAY - timedelta(days=37)))
    drifts = feature_drift(pl.concat([rows, older]), DAY)
    assert (drifts.recent, drifts.earlier) == (420, 1800)
