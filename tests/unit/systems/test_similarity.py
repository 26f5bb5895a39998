"""Similar games of a player."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from tests.support.features import GAME_DATE, vectors
from tipoff.systems.similarity_balanced_v1 import FEWEST_GAMES, MOST_GAMES, Similarity, SimilarityParameters

ALL_OF_IT = Similarity(SimilarityParameters(share=1.0))


def games(count: int, points: float, **changes: Any) -> pl.DataFrame:
    """Earlier games of the player of `vectors`, whose form was 26.25 points in each."""
    days = ({"game_date": GAME_DATE - timedelta(days=2 * back + 1)} for back in range(count))
    return vectors(*(day | changes for day in days)).with_columns(points=pl.lit(points))


def similar(*past: pl.DataFrame, **changes: Any) -> float:
    return float(ALL_OF_IT.terms(vectors(changes), pl.concat(past).lazy())["similar games"].item())


def test_the_deviation_from_form_in_similar_games_is_added() -> None:
    form = ALL_OF_IT.terms(vectors(), games(5, 30.0).lazy())["own scoring so far"].item()
    assert similar(games(5, 30.0)) == pytest.approx(30.0 - form)


def test_fewer_games_than_five_are_not_enough() -> None:
    assert similar(games(FEWEST_GAMES - 1, 40.0)) == 0


def test_only_the_most_similar_games_count() -> None:
    away_against_a_weak_defense = games(30, 50.0, home=False, opponent_defensive_rating=130.0)
    assert similar(games(MOST_GAMES, 25.0), away_against_a_weak_defense) == pytest.approx(similar(games(20, 25.0)))


def test_games_of_the_date_or_later_and_of_other_players_do_not_count() -> None:
    later = games(10, 60.0).with_columns(game_date=pl.lit(GAME_DATE))
    others = games(10, 60.0, player_id="2")
    assert similar(games(5, 30.0), later, others) == similar(games(5, 30.0))


def test_a_share_without_evidence_stays_near_that_of_earlier_seasons() -> None:
    assert Similarity.fit(games(8, 20.0)).learnt.share == pytest.approx(0.3, abs=0.01)
    assert Similarity.from_bytes(Similarity.fit(games(8, 20.0)).to_bytes()) == Similarity.fit(games(8, 20.0))
