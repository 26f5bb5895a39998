"""How the bench tells work from waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runtime.bench import Work, busy_seconds

NOON = datetime(2024, 3, 29, 12, 0, tzinfo=UTC)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=12)


def work(start: float, seconds: float) -> Work:
    began = NOON + timedelta(seconds=start)
    return Work("collect", "nbac_schedule", "", None, began, began + timedelta(seconds=seconds))


def test_activities_at_the_same_time_count_once_and_gaps_not_at_all() -> None:
    assert busy_seconds([work(0, 4), work(1, 2), work(3, 3), work(10, 1)]) == 7.0


@given(SPANS)
def test_work_takes_no_longer_than_from_first_to_last_and_than_all_of_it_in_turn(spans: list[tuple[int, int]]) -> None:
    done = [work(*span) for span in spans]
    first, last = min(item.started for item in done), max(item.ended for item in done)
    whole = (last - first).total_seconds()
    assert max(item.seconds for item in done) <= busy_seconds(done) <= min(whole, sum(item.seconds for item in done))
