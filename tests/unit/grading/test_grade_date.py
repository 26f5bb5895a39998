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


def rows(table: str, *changes: dict[str, Any]) -> pl.DataFrame:
    return rows_of(table, changes, game_date=DAY, game_id=GAME, season_type="regular", as_of=NOON)


def predict(warehouse: Warehouse, **changes: Any) -> None:
    prediction = {
        "player_id": "2544",
        "player_name": "LeBron James",
        "system_id": "moving_average",
        "view": "model",
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
        **changes,
    }
    prediction["prediction_id"] = "/".join(
        str(prediction[name]) for name in ("player_id", "system_id", "view", "as_of")
    )
    warehouse.append("predictions", rows("predictions", prediction))


def play(warehouse: Warehouse, status: str = "final", points: int | None = 28, minutes: float = 35.0) -> None:
    """Write the schedule, the scoreboard, and box scores of both teams; `points` None leaves LeBron out."""
    game = {"season": "2023-24", "home": "BOS", "away": "LAL", "tip_off": TIP, "status": "scheduled"}
    warehouse.replace("raw_schedule", rows("raw_schedule", game), {"game_id": GAME})
    warehouse.replace("raw_scoreboard", rows("raw_scoreboard", {"status": status}), {"game_date": DAY})
    box = [{"player_id": "1628369", "team": "BOS", "points": 30, "minutes": 36.0}]
    box.append({"player_id": "203076", "team": "LAL", "points": 20, "minutes": 34.0})
    if points is not None:
        box.append({"player_id": "2544", "team": "LAL", "points": points, "minutes": minutes})
    store_boxes(warehouse, *box if status == "final" else [])


def store_boxes(warehouse: Warehouse, *box: dict[str, Any]) -> None:
    """Write box scores; the reader rejects those of games that are not over."""
    warehouse.replace("raw_player_boxscores", rows("raw_player_boxscores", *box), {"game_date": DAY})


def accuracy(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.query("SELECT * FROM prediction_accuracy ORDER BY prediction_id").to_dicts()


def test_a_graded_prediction_has_errors_profit_and_interval(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, points=28)
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert graded.outcomes == {Grade.WIN: 1}
    assert (row["grade"], row["actual_points"], row["signed_error"], row["absolute_error"]) == ("win", 28, -2.0, 2.0)
    assert (row["line_absolute_error"], row["last10_absolute_error"], row["within_80"]) == (3.5, 5.0, True)
    assert row["profit_units"] == pytest.approx(100 / 110)


def test_only_the_newest_prediction_before_tip_off_is_graded(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=NOON, line=24.5)
    predict(warehouse, as_of=TIP - timedelta(seconds=1), line=28.5)
    predict(warehouse, as_of=TIP, line=10.5, backfilled=True)
    play(warehouse, points=28)
    grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert (row["line"], row["grade"], row["backfilled"]) == (28.5, "loss", False)


def test_a_prediction_made_after_a_tip_off_that_was_moved_forward_is_backfilled(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=NOON, line=24.5, tip_off=TIP + timedelta(hours=1))
    predict(warehouse, as_of=TIP + timedelta(minutes=10), line=28.5, tip_off=TIP + timedelta(hours=1))
    play(warehouse, points=28)
    assert active_predictions(warehouse, DAY, MORNING_AFTER)["line"].to_list() == [24.5]


def test_backfilled_predictions_are_graded_and_flagged_if_there_are_no_others(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=TIP + timedelta(days=1), backfilled=True)
    play(warehouse)
    graded = grade_date(warehouse, DAY, MORNING_AFTER + timedelta(days=1))
    assert graded.backfilled == 1
    assert [row["backfilled"] for row in accuracy(warehouse)] == [True]


def test_active_predictions_exclude_those_made_after_the_as_of_time(warehouse: Warehouse) -> None:
    predict(warehouse, as_of=NOON, line=None, lean=None)
    predict(warehouse, as_of=NOON + timedelta(hours=3), line=24.5)
    play(warehouse, status="scheduled")
    at_noon = active_predictions(warehouse, DAY, NOON)
    assert (at_noon["line"].to_list(), at_noon["superseded"].to_list()) == ([None], [0])
    later = active_predictions(warehouse, DAY, TIP)
    assert (later["line"].to_list(), later["superseded"].to_list()) == ([24.5], [1])


@pytest.mark.parametrize("absent", [{"points": None}, {"points": 0, "minutes": 0.0}])
def test_a_player_absent_or_without_minutes_is_void(warehouse: Warehouse, absent: dict[str, Any]) -> None:
    predict(warehouse)
    play(warehouse, **absent)
    grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert (row["grade"], row["actual_points"], row["absolute_error"], row["profit_units"]) == ("void", None, None, 0.0)
    assert row["void_reason"] == "did not play; not ruled out in any injury report"


def test_a_player_on_court_for_28_seconds_is_graded_by_the_gamebooks_minutes(warehouse: Warehouse) -> None:
    """The league's log rounds his minutes to 0."""
    predict(warehouse, line=0.5, lean="OVER", points=1.0, low_80=0.0, high_80=4.0)
    play(warehouse, points=2, minutes=0.0)
    store_gamebook(warehouse, {"player_id": "2544", "status": "played", "minutes": 28 / 60, "points": 2})
    grade_date(warehouse, DAY, MORNING_AFTER)
    [row] = accuracy(warehouse)
    assert (row["grade"], row["actual_points"], row["void_reason"]) == ("win", 2, None)


@pytest.mark.parametrize(
    ("counts", "grade"), [({"points": 2}, "win"), ({"pf": 1}, "loss"), ({"plus_minus": -3.0}, "loss"), ({}, "void")]
)
def test_without_a_gamebook_0_minutes_are_seconds_on_court_if_anything_is_counted(
    warehouse: Warehouse, counts: dict[str, Any], grade: str
) -> None:
    predict(warehouse, line=0.5, lean="OVER", points=1.0, low_80=0.0, high_80=4.0)
    play(warehouse)
    both: list[dict[str, Any]] = [
        {"player_id": "1628369", "team": "BOS", "minutes": 36.0},
        {"player_id": "203076", "team": "LAL"},
    ]
    store_boxes(warehouse, *both, {"player_id": "2544", "team": "LAL", "minutes": 0.0, **counts})
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["grade"] for row in accuracy(warehouse)] == [grade]


def test_the_gamebook_gives_the_reason_of_a_void(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, points=None)
    store_gamebook(warehouse, {"player_id": "2544", "status": "dnp", "reason": "DNP - Coach's Decision"})
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["void_reason"] for row in accuracy(warehouse)] == ["coach's decision"]


def test_a_pass_has_a_grade_and_no_profit(warehouse: Warehouse) -> None:
    predict(warehouse, recommendation="PASS")
    play(warehouse, points=28)
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [(row["grade"], row["profit_units"]) for row in accuracy(warehouse)] == [("win", None)]


@pytest.mark.parametrize(
    "gamebook",
    [
        {"player_id": "2544", "status": "dnp"},
        {"player_id": "2544", "status": "played", "minutes": 12.0, "game_id": "0022300999"},
        {"player_id": "2544", "status": "played", "minutes": 12.0, "game_date": DAY - timedelta(days=1)},
        {"player_id": "203076", "status": "played", "minutes": 12.0},
    ],
    ids=["did not play", "another game", "another date", "another player"],
)
def test_a_gamebook_that_does_not_say_that_he_played_leaves_him_void(
    warehouse: Warehouse, gamebook: dict[str, Any]
) -> None:
    predict(warehouse)
    play(warehouse, points=0, minutes=0.0)
    store_gamebook(warehouse, gamebook)
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["grade"] for row in accuracy(warehouse)] == ["void"]


def store_gamebook(warehouse: Warehouse, *players: dict[str, Any]) -> None:
    named = [{"team": "LAL", "player_name": f"Player {player['player_id']}", **player} for player in players]
    warehouse.append(
        "raw_gamebook_players",
        rows_of("raw_gamebook_players", named, game_date=DAY, game_id=GAME, as_of=NOON),
    )


UNRESOLVED = {
    "player_name": "L. Raymone James",
    "team": "LAL",
    "source": "espn_boxscores",
    "candidates": "LeBron James; Taurean Prince; Max Christie",
}


def store_unresolved(warehouse: Warehouse, **changes: Any) -> None:
    where = {"game_date": DAY}
    warehouse.replace("unresolved_players", rows("unresolved_players", UNRESOLVED | changes), where)


def use_fallback_box(warehouse: Warehouse, *box: dict[str, Any]) -> None:
    """Write box scores of the fallback source, which has names only."""
    both = ({"player_id": "1628369", "team": "BOS"}, {"player_id": "203076", "team": "LAL"}, *box)
    store_boxes(warehouse, *({"minutes": 30.0, "points": 20, "source": "espn_boxscores"} | row for row in both))


def test_a_candidate_of_an_unresolved_name_in_the_box_score_is_pending(
    warehouse: Warehouse,
) -> None:
    predict(warehouse, team="LAL")
    predict(warehouse, team="LAL", player_id="203076", player_name="Anthony Davis")
    play(warehouse)
    use_fallback_box(warehouse)
    store_unresolved(warehouse)
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["player_id"] for row in accuracy(warehouse)] == ["203076"]
    assert Grade.VOID not in graded.outcomes
    assert graded.pending[GAME].startswith("L. Raymone James in the box score may be LeBron James: add the spelling")

    store_unresolved(warehouse, game_id="another")
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
def test_an_unresolved_name_elsewhere_does_not_prevent_a_void(warehouse: Warehouse, elsewhere: dict[str, str]) -> None:
    predict(warehouse, team="LAL")
    play(warehouse)
    use_fallback_box(warehouse)
    store_unresolved(warehouse, **elsewhere)
    assert grade_date(warehouse, DAY, MORNING_AFTER).outcomes == {Grade.VOID: 1}


def test_the_void_reason_of_a_late_scratch_comes_from_the_last_report(warehouse: Warehouse) -> None:
    predict(warehouse)
    report = {"player_id": "2544", "status": "Out", "reason": "Left Ankle", "as_of": TIP - timedelta(minutes=30)}
    warehouse.append("raw_injuries", rows("raw_injuries", report))
    play(warehouse, points=None)
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["void_reason"] for row in accuracy(warehouse)] == ["late scratch: Left Ankle"]


def test_a_player_cleared_by_the_newest_report_is_not_ruled_out(warehouse: Warehouse) -> None:
    """The morning report lists the player, the evening report does not."""
    predict(warehouse)
    status = {"status": "Out", "reason": "Left Ankle"}
    listed = {"player_id": "2544", **status, "as_of": TIP - timedelta(hours=9)}
    other = {"player_id": "1628369", **status, "as_of": TIP - timedelta(hours=1)}
    warehouse.append("raw_injuries", rows("raw_injuries", listed, other))
    play(warehouse, points=None)
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["void_reason"] for row in accuracy(warehouse)] == ["did not play; not ruled out in any injury report"]


def test_a_live_game_is_pending_and_not_graded(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, status="live")
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert graded.pending == {GAME: "LAL@BOS: game is live"}
    assert (graded.outcomes, accuracy(warehouse)) == ({}, [])


def test_without_a_scoreboard_a_game_with_both_box_scores_is_final(
    warehouse: Warehouse,
) -> None:
    predict(warehouse)
    play(warehouse, points=28)
    warehouse.replace("raw_scoreboard", rows("raw_scoreboard"), {"game_date": DAY})
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.outcomes, graded.pending) == ({Grade.WIN: 1}, {})


def test_grades_of_a_game_that_is_pending_again_or_no_longer_scheduled_stay(warehouse: Warehouse) -> None:
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


def test_a_game_moved_to_another_date_voids_its_predictions(warehouse: Warehouse) -> None:
    predict(warehouse)
    week_later = {"game_date": DAY + timedelta(days=7), "tip_off": TIP + timedelta(days=7), "status": "postponed"}
    warehouse.replace("raw_schedule", rows("raw_schedule", {"season": "2023-24", **week_later}), {"game_id": GAME})
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.outcomes, graded.pending) == ({Grade.VOID: 1}, {})


def test_a_moved_game_with_a_stale_scoreboard_voids_its_predictions(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, status="scheduled")
    moved = {"season": "2023-24", "game_date": DAY + timedelta(days=7), "tip_off": TIP + timedelta(days=7)}
    warehouse.replace("raw_schedule", rows("raw_schedule", {**moved, "status": "scheduled"}), {"game_id": GAME})
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.outcomes, graded.pending, graded.unfinished) == ({Grade.VOID: 1}, {}, ())


@pytest.mark.parametrize("table", ["raw_schedule", "raw_scoreboard", "raw_player_boxscores"])
def test_what_was_read_after_the_as_of_time_does_not_end_a_game(warehouse: Warehouse, table: str) -> None:
    predict(warehouse)
    play(warehouse, status="scheduled")
    final: dict[str, Any] = {"season": "2023-24", "home": "BOS", "away": "LAL", "tip_off": TIP, "status": "final"}
    boxes: list[dict[str, Any]] = [{"player_id": "1628369", "team": "BOS"}, {"player_id": "203076", "team": "LAL"}]
    later: dict[str, list[dict[str, Any]]] = {
        "raw_schedule": [final],
        "raw_scoreboard": [{"status": "final"}],
        "raw_player_boxscores": boxes,
    }
    read_at = MORNING_AFTER + timedelta(hours=1)
    warehouse.replace(table, rows(table, *later[table]).with_columns(as_of=read_at), {"game_id": GAME})
    assert grade_date(warehouse, DAY, MORNING_AFTER).unfinished == (GAME,)
    assert grade_date(warehouse, DAY, MORNING_AFTER + timedelta(hours=2)).unfinished == ()


def test_grading_twice_writes_once(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse)
    first, second = (grade_date(warehouse, DAY, MORNING_AFTER) for _ in range(2))
    assert (first.written.changed, second.written.changed, len(accuracy(warehouse))) == (True, False, 1)


def test_a_stat_correction_changes_the_grade_and_keeps_first_actual_points(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, points=25)
    grade_date(warehouse, DAY, MORNING_AFTER)
    play(warehouse, points=24)
    grade_date(warehouse, DAY, MORNING_AFTER + timedelta(days=1))
    [row] = accuracy(warehouse)
    assert (row["grade"], row["actual_points"], row["first_actual_points"]) == ("loss", 24, 25)


def test_a_date_without_predictions_has_no_grades(warehouse: Warehouse) -> None:
    play(warehouse)
    graded = grade_date(warehouse, DAY, MORNING_AFTER)
    assert (graded.predictions, graded.outcomes, graded.pending) == (0, {}, {})


@pytest.mark.parametrize(("minutes", "value"), [(1, 2.0), (0, None), (-1, None)])
def test_the_closing_line_value_needs_a_later_snapshot_than_that_of_the_prediction(
    warehouse: Warehouse, minutes: int, value: float | None
) -> None:
    predict(warehouse, lean="OVER", line=24.5, line_as_of=NOON)
    play(warehouse)
    closing = {"closing_line": 26.5, "closing_as_of": NOON + timedelta(minutes=minutes)}
    summary = {"player_id": "2544", "quality": "measured", **closing}
    warehouse.replace("player_game_summary", rows("player_game_summary", summary), {"game_date": DAY})
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [row["closing_line_value"] for row in accuracy(warehouse)] == [value]


@pytest.mark.parametrize(
    ("status", "unfinished", "grades"),
    [
        ("scheduled", (GAME,), []),
        ("live", (GAME,), []),
        ("unknown", (GAME,), []),
        ("postponed", (), ["void"]),
        ("final", (), ["win"]),
    ],
)
def test_a_game_that_is_neither_final_nor_postponed_has_no_end(
    warehouse: Warehouse, status: str, unfinished: tuple[str, ...], grades: list[str]
) -> None:
    """A suspended game is read as postponed: its predictions are void, though it was played in part."""
    predict(warehouse)
    play(warehouse, status=status)
    assert grade_date(warehouse, DAY, MORNING_AFTER).unfinished == unfinished
    assert [row["grade"] for row in accuracy(warehouse)] == grades


def test_a_game_without_a_fixed_tip_off_has_no_end_and_its_predictions_are_not_backfilled(
    warehouse: Warehouse,
) -> None:
    predict(warehouse, tip_off=None)
    play(warehouse, status="scheduled")
    not_fixed = warehouse.query("SELECT * FROM raw_schedule").with_columns(tip_off=None)
    warehouse.replace("raw_schedule", not_fixed, {"game_id": GAME})
    assert grade_date(warehouse, DAY, MORNING_AFTER).unfinished == (GAME,)
    active = active_predictions(warehouse, DAY, MORNING_AFTER)
    assert active.select("tip_off", "backfilled").rows() == [(None, False)]


def test_a_tip_off_that_is_no_longer_fixed_is_not_the_predicted_one(warehouse: Warehouse) -> None:
    predict(warehouse)
    play(warehouse, status="scheduled")
    not_fixed = warehouse.query("SELECT * FROM raw_schedule").with_columns(tip_off=None)
    warehouse.replace("raw_schedule", not_fixed, {"game_id": GAME})
    assert active_predictions(warehouse, DAY, MORNING_AFTER)["tip_off"].to_list() == [None]


def test_both_views_of_a_system_that_predicts_both_at_once_are_graded(warehouse: Warehouse) -> None:
    predict(warehouse)
    predict(warehouse, view="market", points=22.0, lean="UNDER")
    play(warehouse, points=28)
    grade_date(warehouse, DAY, MORNING_AFTER)
    rows = warehouse.query("SELECT view, grade, predicted_points FROM prediction_accuracy ORDER BY view").rows()
    assert rows == [("market", "loss", 22.0), ("model", "win", 26.0)]
    assert active_predictions(warehouse, DAY, MORNING_AFTER)["superseded"].to_list() == [0, 0]


def test_a_later_prediction_supersedes_an_echo_of_the_line(warehouse: Warehouse) -> None:
    """Without earlier results the moving average was the line; they came later, and it has an estimate of its own."""
    predict(warehouse, view="market", points=24.5, as_of=NOON)
    predict(warehouse, view="model", points=26.0, as_of=NOON + timedelta(hours=1))
    play(warehouse, points=28)
    active = active_predictions(warehouse, DAY, MORNING_AFTER)
    assert active.select("view", "points", "superseded").rows() == [("model", 26.0, 1)]
    grade_date(warehouse, DAY, MORNING_AFTER)
    assert [(row["view"], row["predicted_points"]) for row in accuracy(warehouse)] == [("model", 26.0)]
    assert active_predictions(warehouse, DAY, NOON)["view"].to_list() == ["market"], "as was known then"


def test_another_system_or_player_supersedes_nothing(warehouse: Warehouse) -> None:
    predict(warehouse, view="market", as_of=NOON)
    predict(warehouse, system_id="catboost_v8", view="market", as_of=NOON + timedelta(hours=1))
    predict(warehouse, player_id="203076", as_of=NOON + timedelta(hours=1))
    assert active_predictions(warehouse, DAY, MORNING_AFTER)["superseded"].to_list() == [0, 0, 0]
