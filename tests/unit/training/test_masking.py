"""Optional inputs are hidden in a share of training rows."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tipoff.errors import NotEnoughDataError
from tipoff.features.vector import FEATURE_NAMES, FEATURES
from tipoff.systems.base import PointModel
from tipoff.systems.registry import MEMBERS
from tipoff.training import fit
from tipoff.training.masking import MASKED_SHARE, OPTIONAL, mask_optional_inputs

GAMES = 2_000
ROWS = pl.DataFrame({"game_id": [f"{number:010}" for number in range(GAMES)] * 2}).with_columns(
    pl.lit(1.0).alias(name) for name in (*FEATURE_NAMES, "points")
)


def masked_games(name: str) -> set[str]:
    return set(mask_optional_inputs(ROWS).filter(pl.col(name).is_null())["game_id"])


def test_a_tenth_of_the_games_lacks_each_optional_input() -> None:
    for origin in OPTIONAL:
        names = [feature.name for feature in FEATURES if feature.origin is origin]
        masked = [masked_games(name) for name in names]
        assert all(games == masked[0] for games in masked), "all features of an input are hidden together"
        assert abs(len(masked[0]) / GAMES - MASKED_SHARE) < 0.02


def test_different_inputs_are_hidden_in_different_games() -> None:
    assert masked_games("lost_points") != masked_games("start_share_10")


def test_nothing_else_is_hidden_and_the_order_of_rows_does_not_matter() -> None:
    masked = mask_optional_inputs(ROWS)
    others = [feature.name for feature in FEATURES if feature.origin not in OPTIONAL]
    assert_frame_equal(masked.select(*others, "points", "game_id"), ROWS.select(*others, "points", "game_id"))
    assert_frame_equal(mask_optional_inputs(ROWS.reverse()).reverse(), masked)


def test_members_are_trained_on_masked_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[pl.DataFrame] = []
    registration = MEMBERS["moving_average"]

    def record(rows: pl.DataFrame) -> PointModel:
        trained.append(rows)
        raise NotEnoughDataError("seen enough")

    members = {"moving_average": replace(registration, fit=record)}
    monkeypatch.setattr(fit, "MEMBERS", members)
    days = [date(2024, 1, 1) + timedelta(days=number % 60) for number in range(ROWS.height)]
    rows = ROWS.with_columns(pl.Series("game_date", days), player_id=pl.lit("1"), eligible=True)
    with pytest.raises(NotEnoughDataError, match="seen enough"):
        fit.fit_systems(rows, date(2024, 3, 29), ["moving_average"])
    assert trained[0]["lost_points"].null_count() > 0
    assert trained[0]["points_mean_10"].null_count() == 0
