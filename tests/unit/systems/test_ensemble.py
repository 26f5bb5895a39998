"""The ensemble: learnt weights, absent members, merged terms."""

import numpy as np
import pytest

from tests.support.features import past, vectors
from tests.support.trained_models import untrained
from tipoff.errors import NotEnoughDataError
from tipoff.systems.distribution import Floats
from tipoff.systems.ensemble_v1 import EnsembleParameters, learn_weights
from tipoff.systems.registry import ensemble_of

MEMBERS = [untrained("moving_average"), untrained("zone_matchup_v1"), untrained("similarity_balanced_v1")]


def estimates(rows: int) -> tuple[dict[str, Floats], Floats]:
    """One good member, one with three times its error, and one that is always five points too high."""
    generator = np.random.default_rng(3)
    points = generator.uniform(0, 30, rows)
    noise = generator.normal(0, 1, (2, rows))
    return {"good": points + 2 * noise[0], "poor": points + 6 * noise[1], "high": points + 5}, points


def test_the_weights_follow_the_errors_and_sum_to_one() -> None:
    weights = learn_weights(*estimates(20_000))
    assert weights["good"] > 0.7 > 0.3 > weights["poor"] > 0
    assert sum(weights.values()) == pytest.approx(1, abs=1e-5)
    assert min(weights.values()) >= 0


def test_with_few_rows_the_weights_stay_near_equal_ones() -> None:
    assert [*learn_weights(*estimates(10)).values()] == pytest.approx([1 / 3] * 3, abs=0.05)
    assert [*learn_weights(*estimates(0)).values()] == pytest.approx([1 / 3] * 3, abs=1e-5)


def test_the_expected_points_are_the_weighted_mean_and_equal_the_sum_of_the_terms() -> None:
    weights = {"moving_average": 0.5, "zone_matchup_v1": 0.5, "similarity_balanced_v1": 0.0}
    ensemble, rows, history = ensemble_of(MEMBERS, EnsembleParameters(weights=weights)), vectors(), past().lazy()
    first, second = (member.model.expected_points(rows, history).item() for member in MEMBERS[:2])
    assert ensemble.expected_points(rows, history).item() == pytest.approx((first + second) / 2)
    terms = ensemble.terms(rows, history)
    assert terms.columns[0] == "own scoring so far"
    assert terms.sum_horizontal().item() == pytest.approx((first + second) / 2)


def test_the_weight_of_an_absent_member_goes_to_the_others() -> None:
    weights = {"moving_average": 0.2, "zone_matchup_v1": 0.2, "catboost_v8": 0.6}
    rows, history = vectors(), past().lazy()
    ensemble = ensemble_of(MEMBERS[:2], EnsembleParameters(weights=weights))
    first, second = (member.model.expected_points(rows, history).item() for member in MEMBERS[:2])
    assert ensemble.expected_points(rows, history).item() == pytest.approx((first + second) / 2)
    untaught = ensemble_of(MEMBERS[:2], EnsembleParameters(weights={}))
    assert untaught.expected_points(rows, history).item() == pytest.approx((first + second) / 2)


def test_an_ensemble_without_any_member_asks_for_training() -> None:
    with pytest.raises(NotEnoughDataError, match="no member that can predict: run training"):
        ensemble_of([], EnsembleParameters(weights={}))
