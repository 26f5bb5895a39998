"""The market view: how far each system is drawn towards the betting market."""

import numpy as np
import polars as pl
import pytest

from tests.support.features import past, vectors
from tipoff.systems.calibration import UNTRAINED
from tipoff.systems.distribution import Floats
from tipoff.systems.market_view import MarketCalibration, fit_market, implied_median, market_view

NO_WIDENING = np.ones(1)
PRIOR = UNTRAINED.market


def calibration(weight: float, trust: float) -> MarketCalibration:
    return PRIOR.model_copy(update={"weight": weight, "trust": trust})


def lined(rows: int, own_share: float) -> tuple[pl.DataFrame, Floats]:
    """Rows with lines and medians of a system; results follow the system by `own_share`, else the market."""
    generator = np.random.default_rng(7)
    market = generator.uniform(8, 28, rows)
    median = market + generator.normal(0, 3, rows)
    points = market + own_share * (median - market) + generator.normal(0, 6, rows)
    frame = past(rows).with_columns(
        line=pl.Series(np.floor(market) + 0.5), implied_median=pl.Series(market), points=pl.Series(points.clip(0))
    )
    return frame.with_columns(market_over_probability=0.5), median


@pytest.mark.parametrize(("weight", "median"), [(0.0, 24.5), (0.25, 25.0), (1.0, 26.5)])
def test_the_median_lies_between_the_implied_and_the_systems_own(weight: float, median: float) -> None:
    view = market_view(vectors({"line": 24.5}), np.array([26.5]), calibration(weight, 0.3), NO_WIDENING)
    assert view.distributions.median.tolist() == [median]


def test_the_implied_median_is_used_where_it_is_known_and_the_line_elsewhere() -> None:
    rows = vectors({}, {"player_id": "2"}).with_columns(implied_median=pl.Series([25.1, None]))
    assert implied_median(rows).tolist() == [25.1, 24.5]
    assert implied_median(vectors()).tolist() == [24.5]


def test_without_trust_the_probability_is_the_markets_and_with_it_the_systems_own() -> None:
    rows = vectors({"line": 24.5, "market_over_probability": 0.56})
    none, half, all_ = (
        market_view(rows, np.array([20.0]), calibration(1.0, trust), NO_WIDENING) for trust in (0.0, 0.5, 1.0)
    )
    assert none.over_probability.item() == pytest.approx(0.56)
    assert all_.over_probability.item() == pytest.approx(all_.distributions.over_probability([24.5]).item())
    assert all_.over_probability.item() < half.over_probability.item() < 0.56


def test_a_market_without_a_pair_of_prices_counts_as_even() -> None:
    rows = vectors({"line": 24.5, "market_over_probability": None})
    view = market_view(rows, np.array([20.0]), calibration(1.0, 0.0), NO_WIDENING)
    assert view.over_probability.item() == pytest.approx(0.5)


def test_the_market_alone_predicts_a_player_without_any_earlier_game() -> None:
    row = {"line": 17.5, "implied_median": 17.5, "market_over_probability": 0.56}
    rows = vectors(row, row | {"player_id": "2", "points_ewm": None})
    view = market_view(rows, np.array([6.0, 6.0]), calibration(0.5, 0.5), np.ones(2))
    assert view.distributions.median.tolist() == [11.75, 17.5]
    assert view.over_probability[0] < 0.5
    assert view.over_probability[1] == pytest.approx(0.56)


def test_weight_and_trust_are_not_learnt_from_players_without_any_earlier_game() -> None:
    rows, median = lined(400, 1.0)
    debuts = rows.with_columns(points_ewm=pl.lit(None, pl.Float64), points=40.0)
    assert fit_market(pl.concat([rows, debuts]), np.tile(median, 2), PRIOR) == fit_market(rows, median, PRIOR)
    assert fit_market(debuts, median, PRIOR) == PRIOR


def test_weight_and_trust_follow_who_was_right() -> None:
    right, wrong = (fit_market(*lined(8_000, own_share), PRIOR) for own_share in (1.0, 0.0))
    assert right.weight > 0.8
    assert right.trust > 0.6
    assert wrong.weight < 0.1
    assert right.spread.rows == right.rows == 8_000


def test_with_few_lines_weight_and_trust_stay_near_their_priors() -> None:
    fitted = fit_market(*lined(40, 1.0), PRIOR)
    assert fitted.weight == pytest.approx(PRIOR.weight, abs=0.1)
    assert fitted.trust == pytest.approx(PRIOR.trust, abs=0.2)
    assert (fitted.spread, fitted.rows) == (PRIOR.spread, 40)
