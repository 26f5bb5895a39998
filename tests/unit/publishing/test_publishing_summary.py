from pathlib import Path

import pytest

from tests.support import evening
from tests.support.evening import DAY
from tipoff.publishing.summary import summarise
from tipoff.warehouse.base import Warehouse


def test_a_graded_day_adds_up(morning_after: Warehouse) -> None:
    summary = summarise(morning_after, DAY)
    assert (summary["games"], summary["players_predicted"], summary["lined_players"]) == (12, 221, 135)
    for system in summary["systems"].values():
        outcomes = system["outcomes"]
        assert sum(outcomes.values()) == system["predictions"] == 221
        assert system["n"] == outcomes["win"] + outcomes["loss"] == 131
        assert system["hit_rate"] == pytest.approx(outcomes["win"] / system["n"], abs=1e-4)
        assert system["wilson_low"] < system["hit_rate"] < system["wilson_high"]


def test_the_line_and_the_last_ten_are_measured_on_the_same_rows(morning_after: Warehouse) -> None:
    box = morning_after.query(
        """
        SELECT predictions.line, predictions.last10_points, box.points
        FROM predictions
        INNER JOIN raw_player_boxscores AS box
          ON box.game_id = predictions.game_id AND box.player_id = predictions.player_id
        WHERE predictions.system_id = 'catboost_v8' AND predictions.line IS NOT NULL AND box.minutes > 0
        """
    )
    system = summarise(morning_after, DAY)["systems"]["catboost_v8"]
    assert system["mae_n"] == box.height
    assert system["line_mae"] == pytest.approx((box["line"] - box["points"]).abs().mean(), abs=1e-4)
    assert system["last10_mae"] == pytest.approx((box["last10_points"] - box["points"]).abs().mean(), abs=1e-4)


def test_first_publication_and_refresh_are_told_in_eastern_time(before_tip: Warehouse) -> None:
    summary = summarise(before_tip, DAY)
    assert summary["first_published_at"] == "2024-03-29T13:30:00-04:00"
    assert summary["refreshed_at"] == "2024-03-29T15:05:00-04:00"


def test_before_grading_figures_are_null_and_not_zero(before_tip: Warehouse) -> None:
    system = summarise(before_tip, DAY)["systems"]["moving_average"]
    assert system["predictions"] == 221
    assert (system["mae"], system["hit_rate"], system["n"]) == (None, None, 0)


def test_a_day_without_predictions_has_no_systems(warehouse: Warehouse, sample: Path) -> None:
    evening.load_slate(warehouse, sample)
    summary = summarise(warehouse, DAY)
    assert (summary["games"], summary["players_predicted"], summary["systems"]) == (12, 0, {})
    assert (summary["first_published_at"], summary["refreshed_at"]) == (None, None)
