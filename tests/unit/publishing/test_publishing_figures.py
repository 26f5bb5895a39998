import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.grading.metrics import ReliabilityBin
from tipoff.publishing.figures import HEIGHT, WIDTH, Axis, range_bar, reliability_figure, residual_figure

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
    svg = reliability_figure("catboost_v8", "catboost v8", BINS)
    assert (classes(svg).count("mark"), classes(svg).count("whisker"), classes(svg).count("ideal")) == (2, 2, 1)


def test_figures_have_a_text_description() -> None:
    svg = reliability_figure("catboost_v8", "catboost v8", BINS)
    assert "<title id=" in svg
    assert "predicted 52%, observed 50% of 40; predicted 57%, observed 80% of 5" in svg
    residuals = residual_figure("ma", "moving average", [(20.0, 5.0), (10.0, -7.0)])
    assert "2 players: mean −1, from −7 to +5 points." in residuals


@given(
    shares=st.lists(probabilities, max_size=5),
    residuals=st.lists(st.tuples(st.floats(0, 60), st.floats(-60, 60)), max_size=30),
)
def test_every_mark_is_inside_its_figure(shares: list[float], residuals: list[tuple[float, float]]) -> None:
    bins = [ReliabilityBin(predicted=each, observed=each, n=3, low=0, high=1) for each in shares]
    for svg in (reliability_figure("a", "a", bins), residual_figure("a", "a", residuals)):
        assert "figure" in classes(svg)
        assert all(0 <= value <= max(WIDTH, HEIGHT) for value in positions(svg))


@pytest.mark.parametrize("players", [4, 5])
def test_a_mean_of_errors_needs_five_players(players: int) -> None:
    svg = residual_figure("a", "a", [(12.0, 3.0)] * players)
    assert classes(svg).count("mean") == (1 if players == 5 else 0)


def test_names_are_escaped() -> None:
    assert "figure" in classes(reliability_figure("a", "<b>&", BINS))
