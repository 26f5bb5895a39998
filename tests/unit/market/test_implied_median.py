"""The implied median: golden values, properties, and the view's agreement with the formula."""

from datetime import date
from itertools import starmap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rows import rows_of
from tipoff.market.implied_median import BookLine, implied_median, local_spread
from tipoff.vocabulary import eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse

TODAY = date(2024, 3, 29)

LINES = st.integers(1, 120).map(lambda number: number / 2)
PROBABILITIES = st.floats(0.08, 0.92)
BOOKS = st.lists(st.builds(BookLine, LINES, PROBABILITIES), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("books", "median"),
    [
        ([(25.5, 0.5)], 25.5),
        ([(8.0, 0.841344746)], 13.44),  # ∛8 = 2 and Φ(1) = .841344746: 8 + 2.72 · 2
        ([(27.0, 0.308537539)], 22.92),  # ∛27 = 3 and Φ(-½) = .308537539: 27 - 2.72 · 3 / 2
        ([(8.0, 0.841344746), (27.0, 0.308537539)], 18.18),
    ],
)
def test_golden_values(books: list[tuple[float, float]], median: float) -> None:
    assert implied_median(list(starmap(BookLine, books))) == pytest.approx(median, abs=1e-6)


@given(BOOKS)
def test_the_median_lies_among_the_medians_of_the_books(books: list[BookLine]) -> None:
    each = [implied_median([book]) for book in books]
    assert min(each) - 1e-9 <= implied_median(books) <= max(each) + 1e-9


@given(LINES, PROBABILITIES)
def test_sides_are_symmetric(line: float, over: float) -> None:
    above, below = implied_median([BookLine(line, over)]), implied_median([BookLine(line, 1 - over)])
    assert above + below == pytest.approx(2 * line)


@given(LINES, PROBABILITIES, PROBABILITIES)
def test_a_likelier_over_implies_a_higher_median(line: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert implied_median([BookLine(line, low)]) <= implied_median([BookLine(line, high)])


@given(LINES, LINES)
def test_points_spread_more_at_higher_lines(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert local_spread(low) <= local_spread(high)


def test_the_view_of_quotes_has_the_same_formula(tmp_path: Path) -> None:
    """Prices of -210 to 180 have over probabilities of .34 to .67."""
    prices = [-210, -180, -150, -135, -120, -110, 100, 105, 115, 130, 150, 180]
    quotes = [
        {"player_id": str(number), "line": 0.5 + 3 * number, "over_price_american": over, "under_price_american": under}
        for number, (over, under) in enumerate(zip(prices, reversed(prices), strict=True))
    ]
    warehouse = DuckDbWarehouse(tmp_path / "tipoff.duckdb")
    warehouse.migrate()
    game = {"game_date": TODAY, "game_id": "0022301062"}
    schedule = rows_of("raw_schedule", [game | {"season": "2023-24", "tip_off": eastern(TODAY, 20)}])
    warehouse.replace("raw_schedule", schedule, {"season": "2023-24"})
    props = rows_of("raw_player_props", quotes, **game, book="fanduel", as_of=eastern(TODAY, 12))
    warehouse.append("raw_player_props", props)
    rows = warehouse.query("SELECT line, over_probability, implied_median FROM book_quotes").to_dicts()
    warehouse.close()
    assert len(rows) == len(prices)
    for row in rows:
        expected = implied_median([BookLine(row["line"], row["over_probability"])])
        assert row["implied_median"] == pytest.approx(expected, abs=1e-6)
