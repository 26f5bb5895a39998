"""Grading against a real DuckDB warehouse: one game, LAL at BOS, tip-off 19:00 ET."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.support.rows import rows_of
from tipoff.grading.accuracy import active_predictions, grade_date
from tipoff.vocabulary import Grade, eastern
from tipoff.warehouse.base import Warehouse
from tipoff.warehouse.open import open_warehouse

DAY = date(2024, 3, 1)
GAME = "0022300870"
TIP = eastern(DAY, 19)
NOON = eastern(DAY, 12)
MORNING_AFTER = datetime(2024, 3, 2, 13, 0, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    opened = open_warehouse(f"duckdb:///{tmp_path}/tipoff.duckdb")
    opened.migrate()
    yield opened
    opened.close()


def rows(table: str, *told: dict[str, Any]) -> pl.DataFrame:
    return rows_of(table, told, game_date=DAY, game_id=GAME, season_type="regular", as_of=NOON)


def predict(warehouse: Warehouse, **told: Any) -> None:
    made = {
        "player_id": "2544",
        "player_name": "LeBron James",
        "system_id": "moving_average",
        "tip_off": TIP,
        "as_of": NOON,
        "points": 26.0,
        "low_80": 17.0,
        "high_80": 35.0,
        "line": 24.5,
        "lean": "OVER",
        "confidence": 0.55,
        "recommendation": "OVER",
        "price_american": -110.0,
        "last10_points": 23.0,
        **told,
    }
    made["prediction_id"] = "/".join(str(made[name]) for name in ("player_id", "system_id", "as_of"))
    warehouse.append("predictions", rows("predictions", made))


def play(warehouse: Warehouse, status: str = "final", points: int | None = 28, minutes: float = 35.0) -> None:
    """The schedule, the scoreboard, and box scores of both teams; `points` None: LeBron is not in it."""
    game = {"season": "2023-24", "home": "BOS", "away": "LAL", "tip_off": TIP, "status": "scheduled"}
    warehouse.replace("raw_schedule", rows("raw_schedule", game), {"game_id": GAME})
    warehouse.replace("raw_scoreboard", rows("raw_scoreboard", {"status": status}), {"game_date": DAY})
    box = [{"player_id": "1628369", "team": "BOS", "points": 30, "minutes": 36.0}]
    box.append({"player_id": "203076", "team": "LAL", "points": 20, "minutes": 34.0})
    if points is not None:
        box.append({"player_id": "2544", "team": "LAL", "points": points, "minutes": minutes})
    store_boxes(warehouse, *box if status == "final" else [])


def store_boxes(warehouse: Warehouse, *box: dict[str, Any]) -> None:
    """Only those of games that are over: the reader refuses others."""
    warehouse.replace("raw_player_boxscores", rows("raw_player_boxscores", *box), {"game_date": DAY})


def accuracy(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.query("SELECT * FROM prediction_accuracy ORDER BY prediction_id").to_dicts()


def test_a_graded_prediction_carries_its_errors_price_and_interval(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, points=28)
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert graded.outcomes == {Grade.WIN: 1}
    assert (row["grade"], row["actual_points"], row["signed_error"], row["absolute_error"]) == ("win", 28, -2.0, 2.0)
    assert (row["line_absolute_error"], row["last10_absolute_error"], row["within_80"]) == (3.5, 5.0, True)
    assert row["profit_units"] == pytest.approx(100 / 110)


def test_the_newest_prediction_before_tip_off_is_graded_and_no_other(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=NOON, line=24.5)
    predict(warehouse, as_of=TIP - timedelta(seconds=1), line=28.5)
    predict(warehouse, as_of=TIP, line=10.5, backfilled=True)
    play(warehouse, points=28)
    grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert (row["line"], row["grade"], row["backfilled"]) == (28.5, "loss", False)


def test_a_prediction_after_a_tip_that_was_moved_forward_is_no_pick(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=NOON, line=24.5, tip_off=TIP + timedelta(hours=1))
    predict(warehouse, as_of=TIP + timedelta(minutes=10), line=28.5, tip_off=TIP + timedelta(hours=1))
    play(warehouse, points=28)
    assert active_predictions(warehouse, DAY, MORNING_AFTER)["line"].to_list() == [24.5]


def test_where_a_past_day_has_only_backfilled_predictions_they_are_graded_and_flagged(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=TIP + timedelta(days=1), backfilled=True)
    play(warehouse)
    graded = grade_date(warehouse, DAY, MORNING_AFTER + timedelta(days=1))
    assert graded.backfilled == 1
    assert [row["backfilled"] for row in accuracy(warehouse)] == [True]


def test_what_was_active_at_a_moment_does_not_know_later_predictions(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=NOON, line=None, lean=None)
    predict(warehouse, as_of=NOON + timedelta(hours=3), line=24.5)
    play(warehouse, status="scheduled")
    at_noon = active_predictions(warehouse, DAY, NOON)
    assert (at_noon["line"].to_list(), at_noon["superseded"].to_list()) == ([None], [0])
    later = active_predictions(warehouse, DAY, TIP)
    assert (later["line"].to_list(), later["superseded"].to_list()) == ([24.5], [1])


@pytest.mark.parametrize("absent", [{"points": None}, {"points": 0, "minutes": 0.0}])
def test_absent_from_a_final_game_or_without_a_minute_is_void(warehouse: Warehouse, absent: dict[str, Any]) -> None:
    predict(warehouse)
    play(warehouse, **absent)
    grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert (row["grade"], row["actual_points"], row["absolute_error"], row["profit_units"]) == ("void", None, None, 0.0)
    assert row["void_reason"] == "did not play; not ruled out by any report read"


UNKNOWN = {
    "player_name": "L. Raymone James",
    "team": "LAL",
    "source": "espn_boxscores",
    "candidates": "LeBron James; Taurean Prince; Max Christie",
}


def unresolved(warehouse: Warehouse, **told: Any) -> None:
    where = {"game_date": DAY}
    warehouse.replace("unresolved_players", rows("unresolved_players", UNKNOWN | told), where)


def use_fallback_box(warehouse: Warehouse, *box: dict[str, Any]) -> None:
    """Box scores of the source that has names only."""
    both = ({"player_id": "1628369", "team": "BOS"}, {"player_id": "203076", "team": "LAL"}, *box)
    store_boxes(warehouse, *({"minutes": 30.0, "points": 20, "source": "espn_boxscores"} | row for row in both))


def test_who_may_be_a_name_of_the_box_score_that_nobody_answers_to_is_not_said_to_have_stayed_out(
    warehouse: Warehouse,
) -> None:
    predict(warehouse, team="LAL")
    predict(warehouse, team="LAL", player_id="203076", player_name="Anthony Davis")
    play(warehouse)
    use_fallback_box(warehouse)
    unresolved(warehouse)
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["player_id"] for row in accuracy(warehouse)] == ["203076"]
    assert Grade.VOID not in graded.outcomes
    assert graded.pending[GAME].startswith("L. Raymone James of the box score may be LeBron James: add the spelling")

    unresolved(warehouse, game_id="another")
    use_fallback_box(warehouse, {"player_id": "2544", "team": "LAL", "points": 28})
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert ({row["grade"] for row in accuracy(warehouse)}, graded.pending) == ({"win", "loss"}, {})


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"source": "odds_api_player_points_props"},
        {"team": "BOS"},
        {"candidates": "Taurean Prince"},
        {"game_id": "0022300871"},
    ],
)
def test_an_unknown_name_elsewhere_saves_nobody_from_void(warehouse: Warehouse, elsewhere: dict[str, str]) -> None:
    predict(warehouse, team="LAL")
    play(warehouse)
    use_fallback_box(warehouse)
    unresolved(warehouse, **elsewhere)
    assert grade_date(warehouse, DAY, MORNING_AFTER).outcomes == {Grade.VOID: 1}


def test_a_late_scratch_is_named_as_the_last_report_says(warehouse: Warehouse) -> None:
    predict(warehouse)
    report = {"player_id": "2544", "status": "Out", "reason": "Left Ankle", "as_of": TIP - timedelta(minutes=30)}
    warehouse.append("raw_injuries", rows("raw_injuries", report))
    play(warehouse, points=None)
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["void_reason"] for row in accuracy(warehouse)] == ["late scratch: Left Ankle"]


def test_a_player_the_newest_report_has_cleared_is_not_said_to_be_out(warehouse: Warehouse) -> None:
    """He was listed in the morning; the evening's report speaks of somebody else only."""
    predict(warehouse)
    said = {"status": "Out", "reason": "Left Ankle"}
    listed = {"player_id": "2544", **said, "as_of": TIP - timedelta(hours=9)}
    other = {"player_id": "1628369", **said, "as_of": TIP - timedelta(hours=1)}
    warehouse.append("raw_injuries", rows("raw_injuries", listed, other))
    play(warehouse, points=None)
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["void_reason"] for row in accuracy(warehouse)] == ["did not play; not ruled out by any report read"]


def test_a_game_under_way_is_pending_by_name_and_not_graded(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, status="live")
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert graded.pending == {GAME: "LAL@BOS: game is live"}
    assert (graded.outcomes, accuracy(warehouse)) == ({}, [])


def test_where_no_scoreboard_was_read_the_box_scores_of_both_teams_tell_that_a_game_is_final(
    warehouse: Warehouse,
) -> None:
    predict(warehouse)
    play(warehouse, points=28)
    warehouse.replace("raw_scoreboard", rows("raw_scoreboard"), {"game_date": DAY})
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.outcomes, graded.pending) == ({Grade.WIN: 1}, {})


def test_grades_of_a_game_that_is_pending_again_or_gone_from_the_schedule_stay(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, points=25)
    grade_date(warehouse, DAY, MORNING_AFTER)
    stored = accuracy(warehouse)
    play(warehouse, status="live")
    assert grade_date(warehouse, DAY, MORNING_AFTER + timedelta(hours=1)).pending == {GAME: "LAL@BOS: game is live"}
    warehouse.replace("raw_schedule", rows("raw_schedule"), {"game_id": GAME})
    graded = grade_date(warehouse, DAY, MORNING_AFTER + timedelta(hours=2))
    assert (graded.written.changed, accuracy(warehouse)) == (False, stored)


def test_a_final_game_without_both_teams_box_scores_is_pending(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse)
    store_boxes(warehouse, {"player_id": "1628369", "team": "BOS", "minutes": 36.0})
    assert grade_date(warehouse, DAY, MORNING_AFTER).pending == {GAME: "LAL@BOS: no complete box score yet"}


def test_a_postponed_game_voids_its_predictions(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, status="scheduled")
    graded = grade_date(warehouse, DAY, MORNING_AFTER, postponed=[GAME])
    assert (graded.outcomes, graded.pending) == ({Grade.VOID: 1}, {})
    assert [row["void_reason"] for row in accuracy(warehouse)] == ["game postponed"]


def test_a_game_that_was_moved_to_another_date_voids_what_was_predicted_for_this_one(warehouse: Warehouse) -> None:
    predict(warehouse)
    week_later = {"game_date": DAY + timedelta(days=7), "tip_off": TIP + timedelta(days=7), "status": "postponed"}
    warehouse.replace("raw_schedule", rows("raw_schedule", {"season": "2023-24", **week_later}), {"game_id": GAME})
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.outcomes, graded.pending) == ({Grade.VOID: 1}, {})


def test_grading_twice_writes_once(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse)
    first, second = (grade_date(warehouse, DAY, MORNING_AFTER) for _ in range(2))
    assert (first.written.changed, second.written.changed, len(accuracy(warehouse))) == (True, False, 1)


def test_a_stat_correction_changes_the_grade_and_keeps_the_first_points(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, points=25)
    grade_date(warehouse, DAY, MORNING_AFTER)
    play(warehouse, points=24)
    grade_date(warehouse, DAY, MORNING_AFTER + timedelta(days=1))
    [row] = accuracy(warehouse)
    assert (row["grade"], row["actual_points"], row["first_actual_points"]) == ("loss", 24, 25)


def test_a_date_without_predictions_grades_to_nothing(warehouse: Warehouse) -> None:
    play(warehouse)
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.predictions, graded.outcomes, graded.pending) == (0, {}, {})


def test_the_close_tells_whether_the_pick_had_the_better_number(warehouse: Warehouse) -> None:
    predict(warehouse, lean="OVER", line=24.5)
    play(warehouse)
    summary = {"player_id": "2544", "closing_line": 26.5, "quality": "measured"}
    warehouse.replace("player_game_summary", rows("player_game_summary", summary), {"game_date": DAY})
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["closing_line_value"] for row in accuracy(warehouse)] == [2.0]
