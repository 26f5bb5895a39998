"""The best bets of a date: the picks with the highest expected value, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from tipoff.vocabulary import Recommendation

MOST_BETS: Final = 15
MOST_OF_A_TEAM: Final = 2


def best_bets(predictions: pl.DataFrame) -> pl.DataFrame:
    """Return the best picks of one system and view, the highest expected value at the best price first.

    Columns `team`, `player_id`, `recommendation` and `expected_value` are needed. At most MOST_BETS rows, at most
    MOST_OF_A_TEAM of each team; of equal values the lower player id comes first.
    """
    picks = predictions.filter(pl.col("recommendation").is_in([Recommendation.OVER, Recommendation.UNDER]))
    ranked = picks.sort("expected_value", "player_id", descending=[True, False])
    return ranked.filter(pl.int_range(pl.len()).over("team") < MOST_OF_A_TEAM).head(MOST_BETS)


def rationale(pick: Mapping[str, Any]) -> str:
    """Say why a row of the table `predictions` is a bet."""
    over = pick["lean"] == Recommendation.OVER
    market = pick["market_over_probability"]
    sentences = [
        f"{pick['lean']} {pick['line']:g} at {pick['price_american']:+.0f} ({pick['book']}): "
        f"{pick['confidence']:.1%} by the prediction, {market if over else 1 - market:.1%} by the market's prices, "
        f"so {pick['expected_value']:+.1%} of the stake is expected.",
        f"Predicted median {pick['points']:.1f}, 80 % between {pick['low_80']:.0f} and {pick['high_80']:.0f}.",
    ]
    if pick["last10_points"] is not None:
        sentences.append(f"Mean of the last 10 games {pick['last10_points']:.1f}.")
    if pick["explanation"]:
        sentences.append(f"Made of: {', '.join(pick['explanation'])}.")
    if pick["degraded_reasons"]:
        sentences.append(f"Less certain because of: {', '.join(pick['degraded_reasons'])}.")
    return " ".join(sentences)
