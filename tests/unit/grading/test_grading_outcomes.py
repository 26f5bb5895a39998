from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.evening import DAY
from tipoff.errors import BadInputError
from tipoff.grading.outcomes import closing_line_value, grade, profit_units, void_reason
from tipoff.vocabulary import Grade, eastern

half_points = st.integers(0, 60).map(lambda number: number + 0.5)
points = st.integers(0, 80)
sides = st.sampled_from(["OVER", "UNDER"])


@pytest.mark.parametrize(
    ("lean", "line", "scored", "expected"),
    [
        ("OVER", 24.5, 25, Grade.WIN),
        ("OVER", 24.5, 24, Grade.LOSS),
        ("UNDER", 24.5, 24, Grade.WIN),
        ("UNDER", 24.5, 25, Grade.LOSS),
        ("OVER", 24.0, 24, Grade.PUSH),
        ("UNDER", 24.0, 24, Grade.PUSH),
        (None, None, 24, Grade.NO_LINE),
    ],
)
def test_points_against_the_line_are_graded_by_the_lean(
    lean: str | None, line: float | None, scored: int, expected: Grade
) -> None:
    assert grade(lean, line, scored, did_play=True, game_status="final") is expected


def test_a_player_who_did_not_play_is_void_with_or_without_a_line() -> None:
    assert grade("OVER", 24.5, None, did_play=False, game_status="final") is Grade.VOID
    assert grade("OVER", 24.5, 0, did_play=False, game_status="final") is Grade.VOID
    assert grade(None, None, None, did_play=False, game_status="final") is Grade.VOID


def test_a_player_who_played_and_scored_nothing_is_graded() -> None:
    assert grade("UNDER", 5.5, 0, did_play=True, game_status="final") is Grade.WIN


def test_a_postponed_game_is_void_whatever_was_scored() -> None:
    assert grade("OVER", 24.5, 30, did_play=True, game_status="postponed") is Grade.VOID


@pytest.mark.parametrize("status", ["scheduled", "live"])
def test_a_game_that_is_not_over_is_rejected(status: str) -> None:
    with pytest.raises(BadInputError, match="when it is final"):
        grade("OVER", 24.5, 30, did_play=True, game_status=status)


def test_a_line_without_a_lean_is_rejected() -> None:
    with pytest.raises(BadInputError, match="has no lean"):
        grade(None, 24.5, 30, did_play=True, game_status="final")


@given(line=half_points, scored=points)
def test_on_a_half_point_line_one_side_wins_and_the_other_loses(line: float, scored: int) -> None:
    both = {grade(side, line, scored, did_play=True, game_status="final") for side in ("OVER", "UNDER")}
    assert both == {Grade.WIN, Grade.LOSS}


@given(lean=sides, line=half_points, scored=points, more=st.integers(1, 20))
def test_more_points_never_turn_an_over_into_a_loss(lean: str, line: float, scored: int, more: int) -> None:
    before = grade("OVER", line, scored, did_play=True, game_status="final")
    after = grade("OVER", line, scored + more, did_play=True, game_status="final")
    assert (before, after) != (Grade.WIN, Grade.LOSS)


MORNING, TIP = eastern(DAY, 13, 30), eastern(DAY, 19)


@pytest.mark.parametrize(
    ("status", "reason", "reported_at", "expected"),
    [
        ("Out", "Knee", TIP - timedelta(minutes=30), "late scratch: Knee"),
        ("Out", None, TIP - timedelta(minutes=30), "late scratch"),
        ("Out", "Knee", MORNING - timedelta(hours=1), "ruled out before the prediction: Knee"),
        ("Questionable", "Knee", MORNING, "did not play; not ruled out in any injury report"),
        (None, None, None, "did not play; not ruled out in any injury report"),
    ],
)
def test_a_void_reason_depends_on_what_was_reported_when(
    status: str | None, reason: str | None, reported_at: datetime | None, expected: str
) -> None:
    assert void_reason("final", status, reason, reported_at, MORNING) == expected


@pytest.mark.parametrize(
    ("absence", "reason", "expected"),
    [
        ("dnp", "DNP - Coach's Decision", "coach's decision"),
        ("dnp", "DNP-COACH’S DECISION", "coach's decision"),
        ("dnp", "DND - Injury/Illness - Left Knee; Soreness", "did not play: Injury/Illness - Left Knee; Soreness"),
        ("not_with_team", "NWT - Personal Reasons", "not with the team: Personal Reasons"),
        ("inactive", "Injury/Illness - Right Ankle; Sprain", "late scratch: Injury/Illness - Right Ankle; Sprain"),
        ("inactive", None, "late scratch"),
    ],
)
def test_the_gamebook_says_why_a_player_did_not_play_who_was_not_ruled_out(
    absence: str, reason: str | None, expected: str
) -> None:
    assert void_reason("final", "Questionable", "Knee", MORNING, MORNING, absence, reason) == expected
    assert void_reason("final", None, None, None, MORNING, absence, reason) == expected


def test_an_injury_report_that_ruled_a_player_out_comes_before_the_gamebook() -> None:
    reason = void_reason("final", "Out", "Knee", TIP, MORNING, "dnp", "DNP - Coach's Decision")
    assert reason == "late scratch: Knee"


def test_a_postponement_is_the_void_reason_even_for_an_injured_player() -> None:
    assert void_reason("postponed", "Out", "Knee", MORNING, MORNING) == "game postponed"


@pytest.mark.parametrize(
    ("outcome", "price", "expected"),
    [
        (Grade.WIN, -110, 0.9091),
        (Grade.WIN, 150, 1.5),
        (Grade.LOSS, -110, -1.0),
        (Grade.LOSS, 150, -1.0),
        (Grade.PUSH, -110, 0.0),
        (Grade.VOID, -110, 0.0),
    ],
)
def test_profit_of_one_unit_at_an_american_price(outcome: Grade, price: float, expected: float) -> None:
    assert profit_units(outcome, "OVER", price) == pytest.approx(expected, abs=1e-4)


def test_without_a_pick_a_line_or_a_price_there_is_no_profit() -> None:
    assert profit_units(Grade.NO_LINE, "NO_LINE", -110) is None
    assert profit_units(Grade.WIN, "UNDER", None) is None
    assert {profit_units(outcome, "PASS", -110) for outcome in Grade} == {None}


@given(lean=sides, line=half_points, close=half_points)
def test_closing_line_values_of_over_and_under_are_opposite(lean: str, line: float, close: float) -> None:
    over, under = (closing_line_value(side, line, close) for side in ("OVER", "UNDER"))
    assert over is not None
    assert under == -over


def test_an_over_predicted_before_the_line_rose_has_a_positive_closing_line_value() -> None:
    assert closing_line_value("OVER", 24.5, 25.5) == 1.0
    assert closing_line_value("UNDER", 24.5, 25.5) == -1.0
    assert closing_line_value("OVER", 24.5, None) is None
