"""Best bets: which picks, in which order, and why."""

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tipoff.market.best_bets import MOST_BETS, MOST_OF_A_TEAM, best_bets, rationale

PICK = {
    "player_id": "1",
    "team": "DEN",
    "recommendation": "OVER",
    "lean": "OVER",
    "line": 24.5,
    "price_american": 105.0,
    "book": "fanduel",
    "confidence": 0.531,
    "market_over_probability": 0.505,
    "expected_value": 0.08855,
    "points": 25.44,
    "low_80": 15.2,
    "high_80": 35.8,
    "last10_points": 26.04,
    "explanation": ["25.0 recent form", "+0.4 towards the betting market"],
    "degraded_reasons": [],
}
PREDICTIONS = st.lists(
    st.fixed_dictionaries(
        {
            "player_id": st.integers(1, 500).map(str),
            "team": st.sampled_from(["BOS", "DEN", "LAL", "MIA", "MIN", "NYK", "PHX", "SAC", "UTA", "WAS"]),
            "recommendation": st.sampled_from(["OVER", "UNDER", "PASS", "NO_LINE"]),
            "expected_value": st.floats(-0.2, 0.4),
        }
    ),
    max_size=80,
    unique_by=lambda row: row["player_id"],
)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = {"player_id": pl.String, "team": pl.String, "recommendation": pl.String, "expected_value": pl.Float64}
    return pl.DataFrame(rows, schema=columns)


@given(PREDICTIONS)
def test_best_bets_are_the_best_picks_within_the_limits(rows: list[dict[str, Any]]) -> None:
    bets = best_bets(frame(rows)).to_dicts()
    assert [bet["expected_value"] for bet in bets] == sorted((bet["expected_value"] for bet in bets), reverse=True)
    assert {bet["recommendation"] for bet in bets} <= {"OVER", "UNDER"}
    teams = [bet["team"] for bet in bets]
    assert max(map(teams.count, teams), default=0) <= MOST_OF_A_TEAM
    assert len(bets) <= MOST_BETS


@given(PREDICTIONS)
def test_a_pick_that_is_left_out_is_no_better_than_those_that_leave_it_out(rows: list[dict[str, Any]]) -> None:
    bets = best_bets(frame(rows)).to_dicts()
    for row in rows:
        if row["recommendation"] in ("OVER", "UNDER") and row not in bets:
            of_team = [bet["expected_value"] for bet in bets if bet["team"] == row["team"]]
            rivals = of_team if len(of_team) == MOST_OF_A_TEAM else [bet["expected_value"] for bet in bets]
            assert min(rivals) >= row["expected_value"]


@given(PREDICTIONS)
def test_the_order_of_the_rows_does_not_matter(rows: list[dict[str, Any]]) -> None:
    assert best_bets(frame(rows)).equals(best_bets(frame(rows[::-1])))


def test_a_rationale_compares_the_prediction_with_the_market() -> None:
    assert rationale(PICK) == (
        "OVER 24.5 at +105 (fanduel): 53.1% by the prediction, 50.5% by the market's prices, so +8.9% of the "
        "stake is expected. Predicted median 25.4, 80 % between 15 and 36. Mean of the last 10 games 26.0. "
        "Made of: 25.0 recent form, +0.4 towards the betting market."
    )


def test_a_rationale_of_an_under_names_what_makes_it_less_certain() -> None:
    under = {"lean": "UNDER", "last10_points": None, "explanation": None, "degraded_reasons": ["old line", "no roster"]}
    text = rationale(PICK | under)
    assert "49.5% by the market's prices" in text
    assert text.endswith("80 % between 15 and 36. Less certain because of: old line, no roster.")
