"""Picks, checked by hand and by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.systems.picks import decide
from tipoff.vocabulary import Recommendation

PRICES = st.one_of(st.integers(-2000, -100), st.integers(100, 2000)).map(float)
PROBABILITIES = st.floats(min_value=0, max_value=1)


def test_an_over_with_positive_expected_value_is_recommended() -> None:
    decision = decide(0.58, -110, -110)
    assert decision.recommendation is Recommendation.OVER
    assert decision.lean is Recommendation.OVER
    assert decision.probability == 0.58
    assert decision.price_american == -110
    assert decision.expected_value == pytest.approx(0.58 * 1.909091 - 1, abs=1e-6)


def test_a_lean_without_positive_expected_value_is_a_pass() -> None:
    decision = decide(0.49, -110, -110)
    assert (decision.recommendation, decision.lean) == (Recommendation.PASS, Recommendation.UNDER)
    assert decision.probability == pytest.approx(0.51)


def test_the_lean_can_be_the_less_likely_side_at_a_better_price() -> None:
    decision = decide(0.48, 130, -160)
    assert decision.recommendation is Recommendation.OVER
    assert decision.probability == 0.48


def test_without_a_line_there_is_no_lean() -> None:
    decision = decide(None, None, None)
    assert decision.recommendation is Recommendation.NO_LINE
    assert decision.lean is None


@pytest.mark.parametrize("probability", [0.7, 0.3])
def test_a_lean_without_a_price_is_a_pass(probability: float) -> None:
    decision = decide(probability, None, None)
    assert decision.recommendation is Recommendation.PASS
    assert decision.lean is (Recommendation.OVER if probability > 0.5 else Recommendation.UNDER)
    assert decision.expected_value is None


def test_a_market_with_one_price_can_be_recommended() -> None:
    decision = decide(0.7, -110, None)
    assert decision.recommendation is Recommendation.OVER
    assert decide(0.3, -110, None).recommendation is Recommendation.PASS


@given(PROBABILITIES, PRICES, PRICES, st.floats(min_value=0, max_value=0.5))
def test_a_pick_always_has_a_positive_expected_value(
    probability: float, over: float, under: float, push: float
) -> None:
    decision = decide(probability, over, under, push)
    assert decision.expected_value is not None
    assert (decision.recommendation is Recommendation.PASS) == (decision.expected_value <= 0)


@given(PROBABILITIES, PRICES, PRICES)
def test_mirrored_markets_mirror_the_decision(probability: float, over: float, under: float) -> None:
    one, other = decide(probability, over, under), decide(1 - probability, under, over)
    assert one.expected_value == pytest.approx(other.expected_value)
