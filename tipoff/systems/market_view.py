"""The market view of any system: its model view drawn towards the betting market.

The median is `implied median + weight * (model median - implied median)`. The spread comes from the residuals around
that median, and P(over) is drawn towards the market's in log odds:
`market + trust * (own - market)`. Weight and trust are learnt walk-forward, each with a prior. Both are 0 for a player
without any earlier game: his model median knows nothing of him.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from tipoff.systems.distribution import Distributions, Floats, ResidualSpread
from tipoff.systems.form import HAS_HISTORY
from tipoff.vocabulary import Frozen

PRIOR_ROWS: Final = 1_000
"""The priors of weight and trust count like this many rows."""
_NEAREST: Final = 0.02
"""Probabilities are kept this far from 0 and 1 in log odds."""


class MarketCalibration(Frozen):
    """How a system uses the market."""

    weight: float
    """Share of the difference between its model median and the implied median, 0-1 scale."""
    trust: float
    """Share of the difference between its log odds and those of the market, 0-1 scale."""
    spread: ResidualSpread
    """Residuals around the drawn median; the median of each level is 0."""
    rows: int
    """Number of predictions with a line that it was fitted to."""


class MarketView(NamedTuple):
    """Distributions and P(over) of rows with a line."""

    distributions: Distributions
    over_probability: Floats


def implied_median(rows: pl.DataFrame) -> Floats:
    """Return the median that lines and prices imply, points; the line itself where it is not known."""
    known = (name for name in ("implied_median", "line") if name in rows.columns)
    return rows.select(pl.coalesce(*known)).to_series().to_numpy()


def fit_market(rows: pl.DataFrame, median: Floats, prior: MarketCalibration) -> MarketCalibration:
    """Learn from out-of-sample medians of the model view; `rows` have `points`, and a line in some.

    Players without any earlier game are left out. Without enough lines the prior's spread stays; without any line the
    prior stays.
    """
    used = rows.select(HAS_HISTORY & pl.col("line").is_not_null()).to_series().to_numpy()
    lined, own = rows.filter(used), median[used]
    if lined.is_empty():
        return prior
    points, market = lined["points"].to_numpy().astype(np.float64), implied_median(lined)
    weight = _shrunk_slope(own - market, points - market, prior.weight)
    drawn = market + weight * (own - market)
    spread = prior.spread
    if lined.height >= ResidualSpread.LEAST_ROWS:
        spread = ResidualSpread.fit(drawn, points).centred()
    fitted = prior.model_copy(update={"weight": weight, "spread": spread, "rows": lined.height})
    return fitted.model_copy(update={"trust": _fit_trust(lined, spread.around(drawn), points, prior.trust)})


def market_view(rows: pl.DataFrame, median: Floats, calibration: MarketCalibration, widening: Floats) -> MarketView:
    """Return the market view of rows with a line from their medians in the model view."""
    market, has_history = implied_median(rows), rows.select(HAS_HISTORY).to_series().to_numpy()
    drawn = market + calibration.weight * has_history * (median - market)
    distributions = calibration.spread.around(drawn).widened(widening)
    own, theirs = _log_odds(rows, distributions)
    return MarketView(distributions, _probability(theirs + calibration.trust * has_history * (own - theirs)))


def _shrunk_slope(differences: Floats, results: Floats, prior: float) -> float:
    """Return the least-squares slope, shrunk to the prior and kept between 0 and 1."""
    centred = differences - differences.mean()
    variance = float(np.mean(centred**2)) or 1.0
    covariance = float(np.mean(centred * results))
    slope = (len(results) * covariance + PRIOR_ROWS * variance * prior) / ((len(results) + PRIOR_ROWS) * variance)
    return min(max(slope, 0.0), 1.0)


def _fit_trust(rows: pl.DataFrame, distributions: Distributions, points: Floats, prior: float) -> float:
    """Return the trust with the best log-likelihood of the sides that won, shrunk to the prior: one Newton search."""
    own, theirs = _log_odds(rows, distributions)
    decided = points != rows["line"].to_numpy()
    difference, offset = (own - theirs)[decided], theirs[decided]
    over = (points > rows["line"].to_numpy())[decided].astype(np.float64)
    stiffness = PRIOR_ROWS * float(np.mean(difference**2) if len(difference) else 0.0) / 4 or 1.0
    trust = prior
    for _ in range(20):
        expected = _probability(offset + trust * difference)
        slope = float(difference @ (over - expected)) - stiffness * (trust - prior)
        curvature = float(difference**2 @ (expected * (1 - expected))) + stiffness
        trust += slope / curvature
    return min(max(trust, 0.0), 1.0)


def _log_odds(rows: pl.DataFrame, distributions: Distributions) -> tuple[Floats, Floats]:
    """Return the log odds of OVER by the distribution and by the market; 0 where the market has no pair of prices."""
    own = distributions.over_probability(rows["line"].to_numpy())
    market = rows["market_over_probability"].fill_null(0.5).to_numpy()
    return _logit(own), _logit(market)


def _logit(probability: Floats) -> Floats:
    kept: Floats = np.clip(probability, _NEAREST, 1 - _NEAREST)
    return np.log(kept / (1 - kept))


def _probability(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))
