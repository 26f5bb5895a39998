"""Recent scoring, corrected by how the player did against it in his most similar games.

Games are similar in the strength of the opponent, days off, venue and the player's form before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from tipoff.ordered_sum import sum_of_columns
from tipoff.systems.base import WideningRule
from tipoff.systems.distribution import Floats
from tipoff.systems.form import DEBUT_POINTS, HAS_HISTORY, OWN_SCORING, form, learn_debut_points
from tipoff.vocabulary import Frozen

MOST_GAMES: Final = 20
FEWEST_GAMES: Final = 5

_ASPECTS: Final = {
    "opponent": pl.col("opponent_defensive_rating") / 3,
    "days off": pl.col("days_since_last_game") / 2,
    "venue": pl.col("home"),
    "form": pl.col("form") / 4,
}
"""What two games are compared by, each in units that count alike; an unknown value counts as the same."""

_EARLIER_SHARE: Final = 0.3
_PRIOR_ROWS: Final = 2_000

RULES: Final = (
    WideningRule(
        f"fewer than {FEWEST_GAMES} similar games", HAS_HISTORY & (pl.col("games_season") < FEWEST_GAMES), 1.02
    ),
)


class SimilarityParameters(Frozen):
    """What was learnt."""

    share: float = _EARLIER_SHARE
    """Share of the mean deviation in similar games that repeats, 0-1 scale."""
    debut_points: float = DEBUT_POINTS


_NOTHING_LEARNT: Final = SimilarityParameters()


@dataclass(frozen=True)
class Similarity:
    """A `PointModel` that compares the game with the player's earlier ones."""

    learnt: SimilarityParameters = _NOTHING_LEARNT

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Learn from past feature rows with their `points`."""
        learnt = SimilarityParameters(debut_points=learn_debut_points(rows))
        unfitted = cls(learnt)
        known = rows.filter("eligible", HAS_HISTORY)
        deviation = unfitted._deviation(known, rows.lazy()).to_numpy()
        error = (known["points"] - unfitted._form(known)).to_numpy()
        stiffness = _PRIOR_ROWS * float(np.mean(deviation**2)) if len(deviation) else 0.0
        share = (float(deviation @ error) + stiffness * _EARLIER_SHARE) / (
            float(deviation @ deviation) + stiffness + 1e-9
        )
        return cls(learnt.model_copy(update={"share": min(max(share, 0.0), 1.0)}))

    @classmethod
    def from_bytes(cls, model: bytes) -> Self:
        """Restore what `to_bytes` wrote."""
        return cls(SimilarityParameters.model_validate_json(model))

    def to_bytes(self) -> bytes:
        """See `PointModel.to_bytes`."""
        return self.learnt.model_dump_json().encode()

    def expected_points(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """See `PointModel.expected_points`."""
        return sum_of_columns(self.terms(features, history))

    def terms(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.DataFrame:
        """See `PointModel.terms`."""
        similar = self.learnt.share * self._deviation(features, history)
        return pl.DataFrame({OWN_SCORING: self._form(features), "similar games": similar})

    def _form(self, rows: pl.DataFrame) -> pl.Series:
        return rows.select(form(self.learnt.debut_points)).to_series()

    def _deviation(self, features: pl.DataFrame, history: pl.LazyFrame) -> pl.Series:
        """Return the mean of points minus form over the similar games of each row; 0 with fewer than FEWEST_GAMES."""
        columns = ("player_id", "game_date", "opponent_defensive_rating", "days_since_last_game", "home")
        aspects = [value.alias(name) for name, value in _ASPECTS.items()]
        own_form = form(self.learnt.debut_points).alias("form")
        past = (
            history.filter(pl.col("player_id").is_in(features["player_id"].unique().implode()), HAS_HISTORY)
            .select(*columns, "points", own_form)
            .with_columns(*aspects, deviation=pl.col("points") - pl.col("form"))
            .collect()
        )
        rows = features.select(*columns, own_form).with_columns(*aspects).with_row_index()
        games = past.partition_by("player_id", as_dict=True)
        deviations = np.zeros(features.height)
        for (player_id,), of_player in rows.partition_by("player_id", as_dict=True).items():
            earlier = games.get((player_id,))
            if earlier is not None:
                deviations[of_player["index"].to_numpy()] = _mean_deviation(of_player, earlier)
        return pl.Series(deviations)


def _mean_deviation(rows: pl.DataFrame, earlier: pl.DataFrame) -> Floats:
    """Return the weighted mean deviation in the most similar earlier games of one player, for each row."""
    distance = np.zeros((rows.height, earlier.height))
    for name in _ASPECTS:
        difference = rows[name].to_numpy()[:, None] - earlier[name].to_numpy()[None, :]
        distance += np.nan_to_num(difference.astype(np.float64)) ** 2
    is_earlier = earlier["game_date"].to_numpy()[None, :] < rows["game_date"].to_numpy()[:, None]
    distance = np.where(is_earlier, np.sqrt(distance), np.inf)
    if earlier.height > MOST_GAMES:
        limit = np.partition(distance, MOST_GAMES - 1, axis=1)[:, MOST_GAMES - 1 : MOST_GAMES]
        distance = np.where(distance <= limit, distance, np.inf)
    weights = np.exp(-distance)
    total = weights.sum(axis=1)
    enough = is_earlier.sum(axis=1) >= FEWEST_GAMES
    mean = (weights @ earlier["deviation"].to_numpy()) / np.where(total > 0, total, 1.0)
    result: Floats = np.where(enough, mean, 0.0)
    return result
