"""The zone of a shot from its coordinates: feet across and along the floor from the basket."""

from __future__ import annotations

import pytest

from tipoff.shot_zones import zone_of_shot


@pytest.mark.parametrize(
    ("x", "y", "worth", "zone"),
    [
        (0.0, 0.0, 2, "restricted_area"),
        (3.9, 0.0, 2, "restricted_area"),
        (0.0, 4.0, 2, "paint"),
        (-3.0, 3.0, 2, "paint"),
        (-8.0, 13.8, 2, "paint"),
        (8.1, 5.0, 2, "mid_range"),
        (0.0, 13.9, 2, "mid_range"),
        (-22.0, 8.7, 3, "corner_three"),
        (22.0, 8.8, 3, "above_break_three"),
        (0.0, 41.9, 3, "above_break_three"),
        (0.0, 42.0, 3, "backcourt"),
    ],
)
def test_the_zone_of_a_shot_on_each_side_of_a_bound(x: float, y: float, worth: int, zone: str) -> None:
    assert zone_of_shot(x, y, worth) == zone
