"""Windows of dates and the drift of errors against the line, on invented grades."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from tipoff.grading.performance import PerformanceDrift, course, first_graded_date, performance

DAY = date(2024, 3, 29)


def rows(days_ago: int, error: float, count: int = 50, **changes: Any) -> list[dict[str, Any]]:
    """Grades of one date in five games; the line is off by 5 points, a pick wins."""
    return [
        {
            "game_date": DAY - timedelta(days=days_ago),
            "game_id": f"{days_ago}/{number % 5}",
            "system_id": "ensemble_v1",
            "view": "market",
            "grade": "win",
            "actual_points": 20,
            "signed_error": error,
            "absolute_error": error + (number % 3 - 1) / 10,
            "line_absolute_error": 5.0,
            "last10_absolute_error": 6.0,
            "recommendation": ("OVER", "UNDER")[number % 2],
            "confidence": 0.55,
            "within_80": True,
            "price_american": -110.0,
            "profit_units": 100 / 110,
            "closing_line_value": 0.5,
            "backfilled": False,
            **changes,
        }
        for number in range(count)
    ]


def measured(*of_dates: list[dict[str, Any]]) -> Any:
    return performance(pl.DataFrame([row for part in of_dates for row in part], infer_schema_length=None), DAY)


def test_each_window_ends_on_the_date_and_has_its_own_length() -> None:
    figures = measured(*(rows(days, 5.0, count=1) for days in (0, 6, 7, 29, 30, 200)))
    counts = {window.label: window.systems[0].predictions for window in figures.windows}
    assert counts == {"day": 1, "7 days": 2, "30 days": 4, "season": 6}
    assert [window.first_date for window in figures.windows] == [
        DAY,
        date(2024, 3, 23),
        date(2024, 2, 29),
        date(2023, 7, 1),
    ]


def test_a_new_season_starts_with_no_grades_of_the_last_one() -> None:
    opening = date(2024, 10, 22)
    frame = pl.DataFrame(rows(0, 5.0)).with_columns(game_date=pl.lit(date(2024, 6, 17)))
    assert performance(frame, opening).windows[-1].systems == ()
    assert first_graded_date(opening) == date(2024, 7, 1)
    assert first_graded_date(date(2024, 7, 10)) == date(2024, 6, 11), "the last 30 days"


def test_the_course_has_one_row_of_each_date_of_the_season_without_backfilled_predictions() -> None:
    graded = [
        *rows(1, 4.5, count=2),
        *rows(0, 6.0, count=3, recommendation="PASS"),
        *rows(0, 9.0, count=1, backfilled=True),
        *rows(300, 5.0),
        *rows(-1, 5.0),
    ]
    before, day = course(pl.DataFrame(graded), DAY)
    assert (before.game_date, before.picks.n, before.picks.profit) == (DAY - timedelta(days=1), 2, 200 / 110)
    assert (day.game_date, day.picks.n, day.picks.profit) == (DAY, 0, None)
    assert (day.against_line.n, day.against_line.baseline_mae) == (3, 5.0)
    assert day.against_line.mae == pytest.approx(6.0)


def drift_of(*of_dates: list[dict[str, Any]]) -> PerformanceDrift:
    [drift] = measured(*of_dates).drift
    assert isinstance(drift, PerformanceDrift)
    return drift


EARLIER = [rows(days, 5.0) for days in range(7, 37)]


def test_an_error_that_rises_against_the_line_drifts_and_warns_with_its_rows() -> None:
    figures = measured(*EARLIER, *(rows(days, 5.4) for days in range(7)))
    [drift] = figures.drift
    assert drift.drifts
    assert (drift.recent.n, drift.earlier.n) == (350, 1500)
    assert drift.recent.value == pytest.approx(0.4, abs=0.01)
    [warning] = figures.warnings
    assert (warning.key, warning.command) == ("performance-drift:ensemble_v1:market", "starter.py sources")
    assert warning.summary == (
        "ensemble_v1 (market): MAE minus that of the line is +0.40 on 350 rows of the last 7 days, "
        "-0.00 on 1,500 before; check its inputs"
    )


def test_an_error_that_falls_or_stays_does_not_drift() -> None:
    assert not drift_of(*EARLIER, *(rows(days, 4.6) for days in range(7))).drifts
    assert not drift_of(*EARLIER, *(rows(days, 5.0) for days in range(7))).drifts


def test_a_line_that_errs_as_much_more_is_no_drift() -> None:
    assert not drift_of(*EARLIER, *(rows(days, 7.0, line_absolute_error=7.0) for days in range(7))).drifts


@pytest.mark.parametrize("parts", [[*EARLIER, rows(0, 9.0, count=199)], [rows(8, 5.0, 499), rows(0, 9.0, 300)]])
def test_too_few_rows_show_no_drift(parts: list[list[dict[str, Any]]]) -> None:
    drift = drift_of(*parts)
    assert (drift.standard_errors, drift.drifts) == (None, False)


def test_backfilled_predictions_are_no_part_of_a_drift() -> None:
    assert drift_of(*EARLIER, *(rows(days, 9.0, backfilled=True) for days in range(7))).recent.n == 0


def test_one_sided_picks_of_the_last_7_days_warn() -> None:
    [warning] = measured(*(rows(days, 5.0, count=20, recommendation="UNDER") for days in range(7))).warnings
    assert warning.summary == "ensemble_v1 (market): 0% of 140 picks of the last 7 days are OVER; check for bias"
    older = (rows(days, 5.0, count=20, recommendation="UNDER") for days in range(7, 14))
    assert measured(rows(0, 5.0), *older).warnings == ()


def test_figures_are_kept_apart_by_system_and_view() -> None:
    figures = measured(rows(0, 5.0), rows(0, 6.0, view="model"), rows(0, 7.0, system_id="catboost_v8"))
    [season] = [window for window in figures.windows if window.label == "season"]
    assert [(each.system_id, each.view, each.picks.n) for each in season.systems] == [
        ("catboost_v8", "market", 50),
        ("ensemble_v1", "market", 50),
        ("ensemble_v1", "model", 50),
    ]
