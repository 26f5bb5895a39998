"""What a system learns from its walk-forward errors."""

import numpy as np
import pytest

from tests.support.features import past
from tipoff.errors import NotEnoughDataError
from tipoff.systems.calibration import _EARLIER_SEASONS, UNTRAINED, fit_calibration


def test_the_spread_of_earlier_seasons_is_the_fitted_one() -> None:
    """Any changed number changes two sums; after another fit, its sums belong here."""
    levels = [16.4, 9.4, 6.1, 1.7, -0.1, -6.4]
    quantiles = [-65.6, -56.2, -46.0, -32.4, -21.9, -12.2, -3.0, 7.1, 17.8, 31.3, 50.3, 68.6, 89.3]
    assert [sum(residuals) for residuals in _EARLIER_SEASONS.residuals] == pytest.approx(levels)
    assert [sum(residuals) for residuals in zip(*_EARLIER_SEASONS.residuals, strict=True)] == pytest.approx(quantiles)
    assert _EARLIER_SEASONS.centres == (5.1, 7.6, 9.8, 12.4, 16.3, 24.0)
    assert all(list(residuals) == sorted(residuals) for residuals in _EARLIER_SEASONS.residuals)


def test_without_lines_the_market_view_keeps_the_priors_and_the_centred_spread() -> None:
    rows = past()
    calibration = fit_calibration(rows, rows["points_mean_5"].to_numpy())
    assert calibration.spread.rows == rows.height
    assert (calibration.market.weight, calibration.market.rows) == (UNTRAINED.market.weight, 0)
    assert calibration.market.spread == calibration.spread.centred()
    assert calibration.market.spread.around([10.0]).median.tolist() == [10.0]


def test_a_calibration_needs_enough_rows() -> None:
    with pytest.raises(NotEnoughDataError, match="needs 300 earlier predictions"):
        fit_calibration(past(20), np.zeros(20))
