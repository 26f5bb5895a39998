"""What a system learns from its walk-forward errors: its spread, and how far to trust itself against the market."""

from __future__ import annotations

from typing import Final

import polars as pl

from tipoff.systems.distribution import Floats, ResidualSpread
from tipoff.systems.market_view import MarketCalibration, fit_market
from tipoff.vocabulary import Frozen


class Calibration(Frozen):
    """How expected points become distributions in both views."""

    spread: ResidualSpread
    market: MarketCalibration


_EARLIER_SEASONS: Final = ResidualSpread(
    centres=(5.1, 7.6, 9.8, 12.4, 16.3, 24.0),
    residuals=(
        (-6.2, -5.5, -4.5, -3.3, -2.2, -1.0, 0.0, 1.4, 2.7, 4.5, 7.3, 10.1, 13.1),
        (-8.0, -7.3, -6.3, -4.4, -3.0, -1.7, -0.4, 1.1, 2.7, 4.7, 7.6, 10.5, 13.9),
        (-9.6, -8.6, -7.1, -5.1, -3.6, -2.1, -0.7, 1.0, 2.8, 5.1, 8.2, 11.1, 14.7),
        (-11.6, -9.8, -8.1, -5.7, -3.9, -2.2, -0.6, 1.1, 2.9, 5.2, 8.4, 11.4, 14.6),
        (-13.6, -11.4, -9.0, -6.3, -4.1, -2.4, -0.5, 1.3, 3.3, 5.7, 9.0, 12.3, 15.6),
        (-16.6, -13.6, -11.0, -7.6, -5.1, -2.8, -0.8, 1.2, 3.4, 6.1, 9.8, 13.2, 17.4),
    ),
    rows=39_490,
)
"""Residuals of a weighted mean of recent games in 2021-22 and 2022-23."""

UNTRAINED: Final = Calibration(
    spread=_EARLIER_SEASONS,
    market=MarketCalibration(weight=0.3, trust=0.5, spread=_EARLIER_SEASONS.centred(), rows=0),
)
"""Used before the first training; weight and trust are those that training is drawn towards."""


def fit_calibration(rows: pl.DataFrame, expected: Floats) -> Calibration:
    """Learn from out-of-sample expected points; `rows` have `points`, and a line in some.

    Raises NotEnoughDataError if there are too few rows.
    """
    spread = ResidualSpread.fit(expected, rows["points"])
    prior = UNTRAINED.market.model_copy(update={"spread": spread.centred()})
    return Calibration(spread=spread, market=fit_market(rows, spread.around(expected).median, prior))
