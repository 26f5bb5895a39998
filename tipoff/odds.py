"""American prices: validation, decimal prices and expected value; and the names of those who offer them."""

from typing import Final

from tipoff.errors import BadInputError


def american_price(number: float) -> float | None:
    """The number; None when it cannot be an American price, such as decimal odds."""
    return number if abs(number) >= 100 and number.is_integer() else None


def decimal_price(price_american: float) -> float:
    """What a stake of 1 returns, stake included. Raises BadInputError for prices between -100 and 100."""
    if not abs(price_american) >= 100:
        raise BadInputError(f"{price_american} is not an American price: those are at most -100 or at least 100")
    return 1 + (price_american / 100 if price_american > 0 else 100 / -price_american)


def expected_value(probability: float, price_american: float, push_probability: float = 0.0) -> float:
    """Expected profit per unit staked; `probability` excludes pushes, which return the stake."""
    return (probability * decimal_price(price_american) - 1) * (1 - push_probability)


def fair_price_american(probability: float) -> float | None:
    """The price at which a bet of this probability has no expected profit; None for a certain or impossible one."""
    if not 0 < probability < 1:
        return None
    if probability >= 0.5:
        return float(round(-100 * probability / (1 - probability)))
    return float(round(100 * (1 - probability) / probability))


BOOK_TITLES: Final = {
    "betonlineag": "BetOnline.ag",
    "betmgm": "BetMGM",
    "betrivers": "BetRivers",
    "betus": "BetUS",
    "draftkings": "DraftKings",
    "fanduel": "FanDuel",
    "lowvig": "LowVig.ag",
    "mybookieag": "MyBookie.ag",
    "pointsbetus": "PointsBet (US)",
    "superbook": "SuperBook",
    "unibet_us": "Unibet",
    "williamhill_us": "Caesars",
    "wynnbet": "WynnBET",
}
"""Key of a book as feeds name it -> its name as people know it."""
