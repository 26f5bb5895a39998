from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.days import GAME_DATE, at
from tipoff.grading.metrics import (
    balance_warnings,
    break_even,
    calibration_error,
    compare_errors,
    hit_rate,
    measure,
    metric_warnings,
    outcomes,
    reliability,
    rule_warnings,
    too_good,
    wilson,
)
from tipoff.vocabulary import View


def graded(grade: str = "win", **changes: Any) -> dict[str, Any]:
    """Return a graded prediction: predicted 22, line 24.5, last-10 mean 26, scored 25."""
    played = grade != "void"
    profit = {"win": 0.909, "loss": -1.0, "push": 0.0, "void": 0.0}.get(grade)
    return {
        "system_id": "catboost_v8",
        "view": "market",
        "grade": grade,
        "actual_points": 25 if played else None,
        "signed_error": -3.0 if played else None,
        "absolute_error": 3.0 if played else None,
        "line_absolute_error": 0.5 if played and grade != "no_line" else None,
        "last10_absolute_error": 1.0 if played else None,
        "within_80": True if played else None,
        "recommendation": "NO_LINE" if grade == "no_line" else "OVER",
        "confidence": None if grade == "no_line" else 0.56,
        "price_american": None if grade == "no_line" else -110.0,
        "profit_units": profit,
        "closing_line_value": None if grade == "no_line" else 0.5,
        "backfilled": False,
        **changes,
    }


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


def test_the_wilson_interval_of_eight_of_ten_matches_the_textbook() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(n=st.integers(1, 2000), data=st.data())
def test_the_wilson_interval_contains_the_share_and_stays_within_0_and_1(n: int, data: st.DataObject) -> None:
    wins = data.draw(st.integers(0, n))
    low, high = wilson(wins, n)
    assert 0 <= low <= wins / n + 1e-12
    assert wins / n - 1e-12 <= high <= 1


def test_the_wilson_interval_narrows_with_more_rows() -> None:
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000))]
    assert all(wider > narrower for wider, narrower in pairwise(widths))


def test_break_even_at_minus_110_is_52_4_percent() -> None:
    assert break_even([-110.0] * 5) == pytest.approx(110 / 210)


def test_break_even_of_mixed_prices_returns_equal_stakes() -> None:
    prices = [-110.0, 150.0]  # decimal 1.9091 and 2.5: won at the same share p, p (1.9091 + 2.5) = 2
    assert break_even(prices) == pytest.approx(2 / (1.909090 + 2.5), abs=1e-5)
    assert break_even([]) is None


def test_pushes_and_voids_do_not_count_in_the_hit_rate_and_a_push_returns_the_stake() -> None:
    rows = frame(graded(), graded(), graded("loss"), graded("push"), graded("void"), graded("no_line"))
    hits = hit_rate(rows)
    assert (hits.wins, hits.n) == (2, 3)
    assert hits.roi == pytest.approx((2 * 0.909 - 1) / 4)


def test_without_wins_and_losses_the_hit_rate_is_none() -> None:
    hits = hit_rate(frame(graded("void"), graded("no_line")))
    assert (hits.rate, hits.low, hits.high, hits.n) == (None, None, None, 0)


def test_a_pass_has_a_break_even_and_no_profit() -> None:
    hits = hit_rate(frame(graded(recommendation="PASS", profit_units=None), graded("void", profit_units=None)))
    assert (hits.wins, hits.profit, hits.roi) == (1, None, None)
    assert hits.break_even == pytest.approx(110 / 210)
    assert hits.typical_break_even == pytest.approx(115 / 215)


def test_closing_line_value_is_the_mean_of_the_bets_whose_line_has_a_later_one() -> None:
    rows = frame(
        graded(closing_line_value=2.0),
        graded("push", closing_line_value=-1.0),
        graded("loss", closing_line_value=None),
        graded("void", closing_line_value=9.0),
    )
    hits = hit_rate(rows)
    assert (hits.closing_line_value, hits.closing_lines) == (0.5, 2)


def test_errors_are_compared_on_the_rows_with_a_line_that_have_both() -> None:
    rows = frame(
        graded(absolute_error=2.0, line_absolute_error=1.0, last10_absolute_error=4.0),
        graded(absolute_error=4.0, line_absolute_error=3.0, last10_absolute_error=6.0),
        graded("no_line", absolute_error=100.0),
        graded(absolute_error=100.0, last10_absolute_error=None),
    )
    last10 = compare_errors(rows, "last10")
    assert (last10.n, last10.mae, last10.baseline_mae) == (2, 3.0, 5.0)


def test_on_a_first_day_errors_are_compared_with_the_line_only() -> None:
    rows = frame(graded(absolute_error=2.0, line_absolute_error=1.0), graded()).with_columns(
        last10_absolute_error=pl.lit(None, pl.Float64)
    )
    [system] = measure(rows)
    assert (system.against_line.n, system.against_line.mae, system.against_line.baseline_mae) == (2, 2.5, 0.75)
    assert (system.against_last10.n, system.against_last10.mae) == (0, None)


def test_outcomes_add_up_to_the_rows() -> None:
    rows = frame(graded(), graded("loss"), graded("push"), graded("void"), graded("no_line"), graded())
    assert outcomes(rows) == {"win": 2, "loss": 1, "push": 1, "void": 1, "no_line": 1}


def test_correct_probabilities_have_no_calibration_error() -> None:
    rows = frame(*[graded(confidence=0.6)] * 60, *[graded("loss", confidence=0.6)] * 40)
    bins = reliability(rows)
    assert [(each.n, each.observed) for each in bins] == [(100, 0.6)]
    assert calibration_error(bins) == pytest.approx(0.0)


def test_the_calibration_error_weights_bins_by_rows() -> None:
    overconfident = [graded("loss", confidence=0.71)]  # predicted .71, observed 0
    rows = frame(*[graded(confidence=0.51)] * 2, graded("loss", confidence=0.51), *overconfident)
    expected = (3 * abs(0.51 - 2 / 3) + 1 * 0.71) / 4
    assert calibration_error(reliability(rows)) == pytest.approx(expected)


@pytest.mark.parametrize("confidence", [0.55, 0.6, 0.7])
def test_a_confidence_on_the_edge_belongs_to_the_upper_bin(confidence: float) -> None:
    rows = frame(graded(confidence=confidence), graded(confidence=confidence + 0.049))
    assert len(reliability(rows)) == 1


def test_each_system_is_measured_separately() -> None:
    rows = frame(graded(), graded("loss", system_id="moving_average", signed_error=5.0, within_80=False))
    catboost, average = measure(rows)
    assert (catboost.system_id, catboost.leans.wins, catboost.bias, catboost.coverage_80) == (
        "catboost_v8",
        1,
        -3.0,
        1.0,
    )
    assert (average.system_id, average.leans.wins, average.bias) == ("moving_average", 0, 5.0)
    assert (catboost.coverage_80, average.coverage_80) == (1.0, 0.0)


def test_a_pass_counts_as_a_lean_but_not_as_a_pick() -> None:
    [system] = measure(frame(graded(recommendation="PASS"), graded("loss")))
    assert (system.leans.n, system.picks.n) == (2, 1)


def test_a_backfilled_prediction_is_graded_but_never_a_pick() -> None:
    [system] = measure(frame(graded(backfilled=True), graded("loss")))
    assert system.picks.n == 1


def test_backfilled_predictions_count_in_no_figure_but_outcomes() -> None:
    rows = [graded(), graded(absolute_error=5.0), graded("loss", backfilled=True, absolute_error=40.0, within_80=False)]
    [system] = measure(frame(*rows))
    assert (system.predictions, system.backfilled, sum(system.outcomes.values())) == (3, 1, 3)
    assert (system.played, system.mae_played, system.against_line.mae, system.coverage_80) == (2, 4.0, 4.0, 1.0)
    assert (system.leans.n, system.leans.rate, [each.n for each in system.reliability]) == (2, 1.0, [2])


def warning_keys(*rows: dict[str, Any]) -> list[str]:
    [system] = measure(frame(*rows))
    return [each.key for each in metric_warnings(system)]


def balance_keys(*rows: dict[str, Any]) -> list[str]:
    return [each.key for system in measure(frame(*rows)) for each in balance_warnings(system)]


def test_one_sided_picks_of_a_week_warn_from_one_hundred_on_whatever_their_grades() -> None:
    picks = [graded("void" if number < 50 else "win", recommendation="UNDER") for number in range(100)]
    [system] = measure(frame(*picks, graded(recommendation="PASS"), graded(backfilled=True)))
    [warning] = balance_warnings(system)
    assert warning.summary == "catboost_v8 (market): 0% of 100 picks of the last 7 days are OVER; check for bias"
    assert warning.command == "starter.py systems"
    assert balance_keys(*picks[:99], graded(recommendation="PASS"), graded(backfilled=True)) == []


@pytest.mark.parametrize(("over", "warned"), [(32, True), (33, False), (77, False), (78, True)])
def test_picks_are_one_sided_below_30_and_above_70_percent_over(over: int, *, warned: bool) -> None:
    picks = [graded(recommendation="OVER" if number < over else "UNDER") for number in range(110)]
    assert bool(balance_keys(*picks)) is warned


@pytest.mark.parametrize(
    ("wins", "picks", "kinds"),
    [
        (319, 550, []),
        (320, 550, ["too-good-hit-rate"]),
        (300, 500, []),
    ],
)
def test_a_hit_rate_is_implausible_above_58_percent(wins: int, picks: int, kinds: list[str]) -> None:
    rows = [
        graded("win" if number < wins else "loss", recommendation=("OVER", "UNDER")[number % 2])
        for number in range(picks)
    ]
    assert [key.partition(":")[0] for key in warning_keys(*rows)] == kinds


@pytest.mark.parametrize(("view", "implausible"), [("model", 0.05), ("market", 0.10)])
def test_a_view_may_be_only_so_much_better_than_the_line(view: View, implausible: float) -> None:
    assert too_good(view, 1001, implausible, 0, 0).keys() == {"too-good-mae"}
    assert too_good(view, 1001, implausible - 0.001, 0, 0) == {}
    assert too_good(view, 1000, implausible, 0, 0) == {}
    assert too_good(view, 1001, None, 0, 0) == {}


@pytest.mark.parametrize(("predictions", "done", "keys"), [(100, 95, []), (100, 94, ["grading-coverage"]), (0, 0, [])])
def test_a_date_with_many_ungraded_predictions_warns(predictions: int, done: int, keys: list[str]) -> None:
    assert [each.key for each in rule_warnings(GAME_DATE, at(24), (), predictions, done)] == keys


def test_a_low_hit_rate_warns_only_with_enough_picks() -> None:
    picks = [graded("loss", recommendation=side) for side in ("OVER", "UNDER") for _ in range(20)]
    for rows, keys in ((picks, ["hit-rate:catboost_v8:market"]), (picks[1:], [])):
        warnings = rule_warnings(GAME_DATE, at(24), measure(frame(*rows)), len(rows), len(rows))
        assert [each.key for each in warnings] == keys


def test_an_implausibly_high_hit_rate_warns_of_look_ahead() -> None:
    sides = ("OVER", "UNDER")
    rows = [
        graded("win" if n % 10 < 6 else "loss", recommendation=sides[n % 2], line_absolute_error=3.0)
        for n in range(510)
    ]
    assert warning_keys(*rows) == ["too-good-hit-rate:catboost_v8:market"]


def test_an_error_far_below_that_of_the_line_warns_of_look_ahead() -> None:
    sides = ("OVER", "UNDER")
    rows = [
        graded("push", recommendation=sides[n % 2], absolute_error=4.8, line_absolute_error=5.0) for n in range(1001)
    ]
    assert warning_keys(*rows) == ["too-good-mae:catboost_v8:market"]
    assert warning_keys(*rows[:1000]) == []
