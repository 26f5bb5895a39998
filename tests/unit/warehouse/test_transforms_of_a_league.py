"""The transforms compute the recorded tables of two generated leagues: no column changes unnoticed."""

from __future__ import annotations

import pytest

from tests.support.league_tables import computed, recorded

pytestmark = pytest.mark.timeout(120)


def test_every_column_of_a_small_league_is_as_recorded() -> None:
    """After a change on purpose, record them again: python -m tests.support.league_tables."""
    expected = recorded()
    for name, columns in computed():
        before = expected.pop(name)
        assert {column: value for column, value in columns.items() if before.get(column) != value} == {}, name
        assert columns.keys() == before.keys(), name
    assert not expected
