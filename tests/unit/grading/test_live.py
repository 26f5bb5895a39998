"""The state of a prediction while its game runs."""

from __future__ import annotations

from typing import Any

import pytest

from tipoff.grading.live import GameLine, LiveGrade, PlayerLine, counts, live_grade

HALF = GameLine(minutes_left=24.0, is_final=False, is_complete=True)
LATE = GameLine(minutes_left=3.0, is_final=False, is_complete=True)
OVER = GameLine(minutes_left=0.0, is_final=True, is_complete=True)
DAMAGED = OVER._replace(is_complete=False)


def state(lean: str | None = "OVER", line: float | None = 20.5, predicted: float = 22.0, **facts: Any) -> LiveGrade:
    """The state of a prediction of 22 points, OVER 20.5."""
    facts = {"game_status": "live", "game": HALF, "player": PlayerLine(10, 18.0), **facts}
    return live_grade(lean, line, predicted, **facts).grade


@pytest.mark.parametrize(
    ("points", "game", "over", "under"),
    [
        (10, HALF, LiveGrade.TRENDING_CORRECT, LiveGrade.TRENDING_INCORRECT),  # 10 + 11
        (9, HALF, LiveGrade.TRENDING_INCORRECT, LiveGrade.TRENDING_CORRECT),  # 9 + 11
        (21, HALF, LiveGrade.TRENDING_CORRECT, LiveGrade.TRENDING_INCORRECT),  # nothing takes points away
        (18, LATE, LiveGrade.TRENDING_INCORRECT, LiveGrade.TRENDING_CORRECT),  # 18 + 1.4
        (20, LATE, LiveGrade.TRENDING_CORRECT, LiveGrade.TRENDING_INCORRECT),
    ],
)
def test_a_live_prediction_trends_by_its_points_and_the_rest_of_the_game(
    points: int, game: GameLine, over: LiveGrade, under: LiveGrade
) -> None:
    player = PlayerLine(points, 18.0)
    assert state("OVER", game=game, player=player) is over
    assert state("UNDER", game=game, player=player) is under


def test_before_tip_off_the_projection_is_the_prediction_and_at_the_end_the_points() -> None:
    start = HALF._replace(minutes_left=48.0)
    assert live_grade("OVER", 20.5, 22.0, "live", start, PlayerLine(0, 0.1)).projected_points == 22.0
    assert live_grade("OVER", 20.5, 22.0, "final", OVER, PlayerLine(19, 35.0)).projected_points == 19


@pytest.mark.parametrize("status", ["scheduled", "unknown", ""])
def test_a_game_that_does_not_run_is_pending(status: str) -> None:
    assert state(game_status=status) is LiveGrade.PENDING
    assert state(line=None, game_status=status) is LiveGrade.PENDING


@pytest.mark.parametrize("facts", [{"game": None, "player": None}, {"player": None}, {"player": PlayerLine(0, 0.0)}])
def test_a_player_who_has_not_played_yet_is_pending_and_not_void(facts: dict[str, Any]) -> None:
    assert state(**facts) is LiveGrade.PENDING


@pytest.mark.parametrize(("points", "grade"), [(21, LiveGrade.WIN), (20, LiveGrade.LOSS)])
def test_a_final_game_is_graded_by_its_final_box_score(points: int, grade: LiveGrade) -> None:
    assert state(game_status="final", game=OVER, player=PlayerLine(points, 30.0)) is grade


def test_points_equal_to_the_line_of_a_final_game_are_a_push() -> None:
    assert state(line=20.0, game_status="final", game=OVER, player=PlayerLine(20, 30.0)) is LiveGrade.PUSH
    assert state(line=21.0, player=PlayerLine(10, 18.0)) is LiveGrade.PENDING, "10 + 11: neither side leads"


def test_a_final_game_without_a_final_box_score_is_pending() -> None:
    for game in (None, LATE):
        assert state(game_status="final", game=game) is LiveGrade.PENDING


def test_who_is_missing_in_a_final_box_score_is_void_unless_an_entry_is_unreadable() -> None:
    assert state(game_status="final", game=OVER, player=None) is LiveGrade.VOID
    assert state(game_status="final", game=DAMAGED, player=None) is LiveGrade.PENDING


def test_a_postponed_game_is_void_and_a_prediction_without_line_is_no_bet() -> None:
    assert state(game_status="postponed") is LiveGrade.VOID
    assert state(line=None) is LiveGrade.NO_LINE
    assert state(None, None, game_status="final", game=OVER) is LiveGrade.NO_LINE


def test_the_counts_name_every_state() -> None:
    numbers = counts([LiveGrade.WIN, LiveGrade.PENDING, LiveGrade.WIN])
    assert numbers.keys() == set(LiveGrade)
    assert (numbers["win"], numbers["pending"], numbers["void"]) == (2, 1, 0)
