"""Prices and what they mean: implied probability, hold, expected value, and the decision about a line."""

from __future__ import annotations

from typing import NamedTuple

from tipoff.errors import BadInputError
from tipoff.vocabulary import Recommendation


class Fair(NamedTuple):
    """The two sides of a market without its hold."""

    over_probability: float
    under_probability: float
    hold: float
    """What the two implied probabilities exceed 1 by; negative when best prices of two books leave none."""


class Decision(NamedTuple):
    """What a distribution says about a line at the best prices."""

    recommendation: Recommendation
    lean: Recommendation | None = None
    """OVER or UNDER; None without a line."""
    probability: float | None = None
    """Of the lean, pushes left out."""
    price_american: float | None = None
    edge: float | None = None
    """Probability of the lean minus the market's without the hold; None unless both sides are priced."""
    expected_value: float | None = None
    """Expected profit per unit staked on the lean."""


NO_LINE = Decision(Recommendation.NO_LINE)


def decimal_price(price_american: float) -> float:
    """What a stake of 1 returns, stake included. Raises BadInputError for prices between -100 and 100."""
    if not abs(price_american) >= 100:
        raise BadInputError(f"{price_american} is not an American price: those are at most -100 or at least 100")
    return 1 + (price_american / 100 if price_american > 0 else 100 / -price_american)


def american_price(price_decimal: float) -> float:
    """The American price of a decimal one above 1; even money is +100. Raises BadInputError for others."""
    if not price_decimal > 1:
        raise BadInputError(f"{price_decimal} is not a decimal price: those are above 1")
    profit = price_decimal - 1
    return profit * 100 if profit >= 1 else -100 / profit


def implied_probability(price_american: float) -> float:
    """The probability at which a bet at this price breaks even."""
    return 1 / decimal_price(price_american)


def without_hold(over_price_american: float, under_price_american: float) -> Fair:
    """Both probabilities scaled to a sum of 1 (proportional method)."""
    over, under = implied_probability(over_price_american), implied_probability(under_price_american)
    return Fair(over / (over + under), under / (over + under), over + under - 1)


def expected_value(probability: float, price_american: float, push_probability: float = 0.0) -> float:
    """Expected profit per unit staked; `probability` leaves pushes out, a push gives the stake back."""
    return (probability * decimal_price(price_american) - 1) * (1 - push_probability)


def decide(
    over_probability: float | None,
    over_price_american: float | None,
    under_price_american: float | None,
    push_probability: float = 0.0,
) -> Decision:
    """The lean and whether it is worth its price; `over_probability` leaves pushes out and is None without a line.

    The lean is the side with the higher expected value, or the likelier one while a price is missing. PASS when the
    lean has no price or its expected value is not positive.
    """
    if over_probability is None:
        return NO_LINE
    over = _side(Recommendation.OVER, over_probability, over_price_american, push_probability)
    under = _side(Recommendation.UNDER, 1 - over_probability, under_price_american, push_probability)
    if over_price_american is None or under_price_american is None:
        return over if over_probability >= 0.5 else under
    market = without_hold(over_price_american, under_price_american)
    return max(
        over._replace(edge=over_probability - market.over_probability),
        under._replace(edge=1 - over_probability - market.under_probability),
        key=lambda side: side.expected_value or 0.0,
    )


def _side(side: Recommendation, probability: float, price_american: float | None, push_probability: float) -> Decision:
    if price_american is None:
        return Decision(Recommendation.PASS, side, probability)
    value = expected_value(probability, price_american, push_probability)
    recommendation = side if value > 0 else Recommendation.PASS
    return Decision(recommendation, side, probability, price_american, expected_value=value)
