import re
import xml.etree.ElementTree as ET
from datetime import date
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.grading.metrics import ReliabilityBin
from tipoff.publishing.figures import (
    HEIGHT,
    LARGEST_TEXT,
    LEFT,
    RIGHT,
    WIDTH,
    Axis,
    course_figure,
    games_figure,
    range_bar,
    reliability_figure,
    residual_figure,
)
from tipoff.publishing.templating import template

BINS = (
    ReliabilityBin(predicted=0.52, observed=0.5, n=40, low=0.35, high=0.65),
    ReliabilityBin(predicted=0.57, observed=0.8, n=5, low=0.4, high=0.96),
)
probabilities = st.floats(0, 1)


def classes(svg: str) -> list[str]:
    """Return the CSS classes of all elements; parsing also checks that the SVG is well-formed."""
    return [element.get("class", "") for element in ET.fromstring(svg).iter()]  # noqa: S314 (our own SVG)


def positions(svg: str) -> list[float]:
    return [float(value) for value in re.findall(r' c[xy]="([-\d.]+)"', svg)]


def test_an_axis_maps_its_range_linearly_and_clips_values_outside() -> None:
    axis = Axis(0, 50, 100, 200)
    assert [axis.at(value) for value in (0, 25, 50, 70, -3)] == [100, 150, 200, 200, 100]


def test_a_bar_draws_line_and_result_on_the_scale_of_the_interval() -> None:
    svg = range_bar(10, 20, 30, 40, line=24, scored=36)
    assert '<rect class="band" x="25.0%" y="8" width="50.0%"' in svg
    assert '<line class="line" x1="60.0%" x2="60.0%"' in svg
    assert '<circle class="ring" cx="90.0%"' in svg


def test_a_bar_without_line_and_result_draws_neither() -> None:
    assert classes(range_bar(10, 20, 30, 40)) == ["bar", "band", "dot"]


def test_a_result_beyond_the_scale_is_clipped() -> None:
    assert '<circle class="ring" cx="100.0%"' in range_bar(20, 27, 38, 40, scored=61)


def test_a_calibration_figure_has_a_mark_and_a_whisker_per_bin() -> None:
    svg = reliability_figure("ensemble_v1", "ensemble v1", BINS)
    assert (classes(svg).count("mark"), classes(svg).count("whisker"), classes(svg).count("ideal")) == (2, 2, 1)


def test_figures_have_a_text_description() -> None:
    svg = reliability_figure("ensemble_v1", "ensemble v1", BINS)
    assert "<title id=" in svg
    assert "predicted 52%, observed 50% of 40; predicted 57%, observed 80% of 5" in svg
    residuals = residual_figure("ma", "moving average", [(20.0, 5.0), (10.0, -7.0)])
    assert "Errors of 2 players in points: mean −1, from −7 to +5." in residuals


@given(
    shares=st.lists(probabilities, max_size=5),
    residuals=st.lists(st.tuples(st.floats(0, 60), st.floats(-60, 60)), max_size=30),
)
def test_every_mark_is_inside_its_figure(shares: list[float], residuals: list[tuple[float, float]]) -> None:
    bins = [ReliabilityBin(predicted=each, observed=each, n=3, low=0, high=1) for each in shares]
    for svg in (reliability_figure("a", "a", bins), residual_figure("a", "a", residuals)):
        assert "figure" in classes(svg)
        assert all(0 <= value <= max(WIDTH, HEIGHT) for value in positions(svg))


def marks(svg: str, kind: str, *names: str) -> list[tuple[float, ...]]:
    """Return the positions of all elements of a class."""
    elements = ET.fromstring(svg).iter()  # noqa: S314 (our own SVG)
    return [tuple(float(each.get(name, "nan")) for name in names) for each in elements if each.get("class") == kind]


def texts(svg: str, kind: str) -> list[tuple[str, float, float, str]]:
    """Return text, position and alignment of all texts of a class."""
    elements = [each for each in ET.fromstring(svg).iter() if each.get("class") == kind]  # noqa: S314 (our own SVG)
    return [
        (each.text or "", float(each.get("x", "")), float(each.get("y", "")), each.get("text-anchor", ""))
        for each in elements
    ]


def test_the_dots_of_a_calibration_are_at_predicted_and_observed_share_with_an_area_by_predictions() -> None:
    """From 40 % (x 62) to 80 % (x 456), and from 0 % (y 288) to 100 % (y 38)."""
    svg = reliability_figure("a", "a", BINS)
    assert marks(svg, "mark", "cx", "cy", "r") == [(180.2, 163, 11), (229.4, 88, 5.8)]
    assert marks(svg, "whisker", "x1", "x2", "y1", "y2") == [(180.2, 180.2, 200.5, 125.5), (229.4, 229.4, 188, 48)]
    assert texts(svg, "count") == [("40", 194.2, 157, "start"), ("5", 238.2, 82, "start")]
    assert marks(svg, "ideal", "x1", "y1", "x2", "y2") == [(62, 188, 456, 88)]


def test_the_axes_of_a_calibration_name_their_values() -> None:
    svg = reliability_figure("a", "a", BINS)
    below = [(f"{share}%", 62 + 9.85 * (share - 40), 312, "middle") for share in (40, 50, 60, 70, 80)]
    beside = [("0%", 293.0), ("25%", 230.5), ("50%", 168.0), ("75%", 105.5), ("100%", 43.0)]
    assert texts(svg, "tick") == [
        *((text, pytest.approx(x, abs=0.06), y, anchor) for text, x, y, anchor in below),
        *((text, 55, y, "end") for text, y in beside),
    ]
    assert texts(svg, "label") == [
        ("Probability given to the lean", 259, 332, "middle"),
        ("Share of leans that won", 2, 17, "start"),
    ]


def test_the_grid_of_a_calibration_has_a_line_for_each_value_of_its_axes() -> None:
    upright = [(x, x, 288, 38) for x in (62, 160.5, 259, 357.5, 456)]
    level = [(62, 456, y, y) for y in (288, 225.5, 163, 100.5, 38)]
    assert marks(reliability_figure("a", "a", BINS), "grid", "x1", "x2", "y1", "y2") == [*upright, *level]


@pytest.mark.parametrize(
    ("predicted", "first", "last"), [(0.35, "30%", "80%"), (0.62, "40%", "80%"), (0.84, "40%", "90%")]
)
def test_the_axis_of_a_calibration_reaches_from_40_to_80_percent_and_as_far_as_needed(
    predicted: float, first: str, last: str
) -> None:
    bins = [ReliabilityBin(predicted=predicted, observed=0.5, n=3, low=0.2, high=0.8)]
    ticks = [text for text, _, _, anchor in texts(reliability_figure("a", "a", bins), "tick") if anchor == "middle"]
    assert (ticks[0], ticks[-1]) == (first, last)


def test_the_dots_of_errors_are_at_predicted_points_and_error() -> None:
    """From 0 (x 62) to 15 points (x 456), and from -10 (y 288) to +10 (y 38)."""
    svg = residual_figure("a", "a", [(12.0, 3.0)] * 4 + [(13.0, -7.0)])
    assert f'class="speck" d="{"M377.2 125.5h0" * 4}M403.5 250.5h0"' in svg
    assert marks(svg, "mean", "x1", "x2", "y1", "y2") == [(324.7, 456, 150.5, 150.5)]
    assert marks(svg, "ideal", "x1", "x2", "y1", "y2") == [(62, 456, 163, 163)]


def test_the_axes_of_errors_name_their_values() -> None:
    ticks = texts(residual_figure("a", "a", [(12.0, 3.0)]), "tick")
    assert ticks == [
        *((f"{points}", pytest.approx(62 + 394 / 15 * points, abs=0.06), 312, "middle") for points in (0, 5, 10, 15)),
        *((text, 55, y, "end") for text, y in (("−10", 293), ("0", 168), ("+10", 43))),
    ]
    assert texts(residual_figure("a", "a", []), "label") == [
        ("Predicted points", 259, 332, "middle"),
        ("Scored minus predicted", 2, 17, "start"),
    ]
    wide = [
        text for text, _, _, anchor in texts(residual_figure("a", "a", [(31.0, 3.0)]), "tick") if anchor == "middle"
    ]
    assert wide == ["0", "10", "20", "30"]


@pytest.mark.parametrize("players", [4, 5])
def test_a_mean_of_errors_needs_five_players(players: int) -> None:
    svg = residual_figure("a", "a", [(12.0, 3.0)] * players)
    assert classes(svg).count("mean") == (1 if players == 5 else 0)


def test_names_are_escaped() -> None:
    assert "figure" in classes(reliability_figure("a", "<b>&", BINS))


def test_a_course_leads_from_its_first_to_its_last_date_around_zero() -> None:
    svg = course_figure(
        "a", "A", [(date(2024, 1, 30), 2.0), (date(2024, 2, 10), -1.0), (date(2024, 3, 1), 3.0)], "Units"
    )
    [points] = re.findall(r'class="course" points="([^"]*)"', svg)
    (left, first), (_, lowest), (right, last) = ([float(each) for each in point.split(",")] for point in points.split())
    zero = marks(svg, "ideal", "y1")[0][0]
    assert (left, right) == (LEFT, WIDTH - RIGHT)
    assert last < first < zero < lowest
    assert marks(svg, "mark", "cx", "cy") == [(right, last)]
    assert re.findall(r"<text[^>]*>([A-Z][a-z]+)</text>", svg) == ["Jan", "Feb", "Mar", "Units"]
    assert "3 dates until 2024-03-01: last +3, from −1 to +3." in svg


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((-2.0, 10.0), ["−2", "0", "+2", "+4", "+6", "+8", "+10"]),
        ((-2.5, 10.0), ["−5", "0", "+5", "+10"]),
        ((7.0, 11.0), ["0", "+2", "+4", "+6", "+8", "+10", "+12"]),
    ],
)
def test_the_axis_of_a_course_holds_zero_and_its_values_in_at_most_six_round_steps(
    values: tuple[float, float], labels: list[str]
) -> None:
    svg = course_figure("a", "A", [(date(2024, 3, day), value) for day, value in enumerate(values, 1)], "Units")
    assert [text for text, _, _, anchor in texts(svg, "tick") if anchor == "end"] == labels


def test_dates_of_one_month_and_labels_that_would_overlap() -> None:
    one = course_figure("a", "A", [(date(2024, 3, 2), 0.3), (date(2024, 3, 9), 0.4)], "Points")
    assert re.findall(r"<text[^>]*>(Mar \d+)</text>", one) == ["Mar 2", "Mar 9"]
    alone = course_figure("a", "A", [(date(2024, 3, 2), 0.0)], "Points")
    assert "Mar 2" in alone
    days = [(date(2023, 10, 30), 1.0), (date(2023, 11, 1), 1.0), (date(2024, 3, 30), 1.0)]
    assert "Oct" not in course_figure("a", "A", days, "Points"), "November would cover it"


WIDTHS_IN_A_WIDE_FONT = {
    **dict.fromkeys("0123456789", 0.636),
    "+": 0.838,
    "−": 0.838,
    "%": 0.95,
    ".": 0.318,
    ",": 0.318,
    " ": 0.318,
}
"""Of DejaVu Sans, in font sizes; letters have at most 0.86."""
HEIGHT_OF_CAPITALS = 0.73
"""Of the same, in font sizes."""
RATES = [ReliabilityBin(predicted=each, observed=0.5, n=1288, low=0.4, high=0.6) for each in (0.41, 0.599, 0.7999)]
DATES = [date(2024, 3, day) for day in range(1, 21)]


FIGURES = {
    "rates": reliability_figure("a", "a", RATES),
    "errors": residual_figure("a", "a", [(48.0, 31.0), (12.0, -28.0)]),
    "small steps": course_figure("a", "A", [(DATES[0], 0.03), (DATES[-1], -0.08)], "Points"),
    "large steps": course_figure("a", "A", [(DATES[0], 999.0), (DATES[-1], -2400.0)], "Units"),
    "20 games": games_figure("a", [(day, 40, 24.5) for day in DATES], 24.5),
    "one game": games_figure("a", [(DATES[-1], 40, None)], None),
}


class Label(NamedTuple):
    """Where a text stands in a figure."""

    bottom: float
    start: float
    end: float
    top: float
    text: str


def labels(svg: str) -> list[Label]:
    placed = [(size, *each) for kind, size in LARGEST_TEXT.items() for each in texts(svg, kind)]
    return sorted(_label(*each) for each in placed)


def _label(size: float, text: str, x: float, y: float, anchor: str) -> Label:
    width = size * sum(WIDTHS_IN_A_WIDE_FONT.get(character, 0.65) for character in text)
    start = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
    return Label(y, start, start + width, y - HEIGHT_OF_CAPITALS * size, text)


@pytest.mark.parametrize("name", FIGURES)
def test_every_label_is_inside_its_figure_and_beside_the_others(name: str) -> None:
    placed = labels(FIGURES[name])
    assert placed
    assert not [each for each in placed if each.start < 0 or each.end > WIDTH or not 12 <= each.bottom <= HEIGHT]
    covered = [left.text for left, right in pairwise(placed) if left.bottom == right.bottom and left.end > right.start]
    assert not [text for text in covered if not text.isdigit()]


@pytest.mark.parametrize("name", FIGURES)
def test_no_label_touches_one_above_it(name: str) -> None:
    assert not [
        (upper.text, lower.text)
        for upper, lower in combinations(labels(FIGURES[name]), 2)
        if upper.bottom < lower.bottom and lower.top < upper.bottom + 3
        if upper.start < lower.end and lower.start < upper.end
    ]


@pytest.mark.parametrize("kind", LARGEST_TEXT)
def test_the_sizes_of_texts_are_those_of_the_style_sheets(kind: str) -> None:
    sheets = template("site.css.j2").render()
    of_kind = re.findall(rf"\.figure (?:text)?\.{kind} {{[^}}]*font-size: (\d+)px", sheets)
    of_all = re.findall(r"\.figure text {[^}]*font-size: (\d+)px", sheets)
    assert max(map(float, of_kind or of_all)) == LARGEST_TEXT[kind]
