"""Decides which side of a line to lean to and whether to recommend it."""

from __future__ import annotations

from typing import NamedTuple

from tipoff.odds import expected_value
from tipoff.vocabulary import Recommendation


class BetDecision(NamedTuple):
    """Lean and recommendation for a line at the best prices."""

    recommendation: Recommendation
    lean: Recommendation | None = None
    """OVER or UNDER; None without a line."""
    probability: float | None = None
    """Probability of the lean, given no push."""
    price_american: float | None = None
    expected_value: float | None = None
    """Expected profit per unit staked on the lean."""

    def passed(self) -> BetDecision:
        """Return the decision with PASS instead of a pick."""
        is_pick = self.recommendation in (Recommendation.OVER, Recommendation.UNDER)
        return self._replace(recommendation=Recommendation.PASS) if is_pick else self


NO_LINE = BetDecision(Recommendation.NO_LINE)


def decide(
    over_probability: float | None,
    over_price_american: float | None,
    under_price_american: float | None,
    push_probability: float = 0.0,
) -> BetDecision:
    """Return the lean and the recommendation; `over_probability` excludes pushes and is None without a line.

    The lean is the side with the higher expected value, or the likelier side if a price is missing. The recommendation
    is PASS if the lean has no price or no positive expected value.
    """
    if over_probability is None:
        return NO_LINE
    over = _side(Recommendation.OVER, over_probability, over_price_american, push_probability)
    under = _side(Recommendation.UNDER, 1 - over_probability, under_price_american, push_probability)
    if over_price_american is None or under_price_american is None:
        return over if over_probability >= 0.5 else under
    return max(over, under, key=lambda side: side.expected_value or 0.0)


def _side(
    side: Recommendation, probability: float, price_american: float | None, push_probability: float
) -> BetDecision:
    if price_american is None:
        return BetDecision(Recommendation.PASS, side, probability)
    value = expected_value(probability, price_american, push_probability)
    recommendation = side if value > 0 else Recommendation.PASS
    return BetDecision(recommendation, side, probability, price_american, expected_value=value)
