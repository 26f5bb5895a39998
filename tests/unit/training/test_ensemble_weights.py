"""Which members of the ensemble get a weight."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tipoff.systems.registry import MEMBERS
from tipoff.training.fit import _weights, _with_ensemble

PLAYERS = 20


def fold(games: int, **noise: float) -> pl.DataFrame:
    """Games of 20 players, and the estimate of each member, off by noise of the given size; 6 points by default."""
    generator = np.random.default_rng(7)
    points = generator.uniform(0, 30, games * PLAYERS)
    estimates = {name: points + noise.get(name, 6.0) * generator.normal(0, 1, points.size) for name in MEMBERS}
    game_ids = [f"{number // PLAYERS:04}" for number in range(points.size)]
    return pl.DataFrame({"game_id": game_ids, "points": points, **estimates})


def test_a_member_that_is_worse_than_the_best_beyond_chance_gets_no_weight() -> None:
    weights = _weights([fold(100, moving_average=9.0)])
    assert weights["moving_average"] == 0
    assert min(weight for name, weight in weights.items() if name != "moving_average") > 0.15
    assert sum(weights.values()) == pytest.approx(1, abs=1e-5)
    assert [*weights] == [*MEMBERS]


def test_with_few_games_no_difference_is_beyond_chance() -> None:
    assert min(_weights([fold(10, moving_average=6.2)]).values()) > 0.1


def test_the_estimate_of_a_fold_has_the_weights_of_the_other_folds() -> None:
    mixed = _with_ensemble(fold(5), [fold(100, **dict.fromkeys([*MEMBERS][1:], 12.0))])
    assert mixed["ensemble_v1"].to_list() == pytest.approx(mixed["moving_average"].to_list())
    alone = _with_ensemble(fold(5), [])
    assert alone["ensemble_v1"].to_list() == pytest.approx(alone.select([*MEMBERS]).mean_horizontal().to_list())
