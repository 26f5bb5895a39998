"""When the workflow that follows the games polls, by the real and by the virtual clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.ledgers import DAY, slate
from tipoff.vocabulary import Cadence, eastern
from workflows.contracts.live_scoring import LiveScoringInput, live_scoring_workflow_id
from workflows.live_scoring import first_times, next_times

FIRST, LAST = eastern(DAY, 19, 3), eastern(DAY, 19, 14)
POLLS = Cadence(start=eastern(DAY, 19), until=LAST, every=timedelta(minutes=3))
WINDOW = LiveScoringInput(
    game_date=DAY, games=slate(eastern(DAY, 19)), source="nbac_scoreboard", as_of=FIRST, again=POLLS
)
REPLAYED = WINDOW.model_copy(update={"virtual": True})


def minutes(times: tuple[datetime, ...]) -> list[int]:
    """The minutes after 19:00."""
    return [int((time - POLLS.start) / timedelta(minutes=1)) for time in times]


def test_a_replayed_window_has_all_its_polls_at_once() -> None:
    assert minutes(first_times(REPLAYED, LAST)) == [3, 6, 9, 12]
    assert next_times(REPLAYED, eastern(DAY, 19, 12), LAST) == ()


def test_a_poll_between_two_of_the_cadence_is_followed_by_the_next_of_the_cadence() -> None:
    between = REPLAYED.model_copy(update={"as_of": eastern(DAY, 19, 4)})
    assert minutes(first_times(between, LAST)) == [4, 6, 9, 12]


def test_the_last_poll_may_be_at_the_end_of_the_window() -> None:
    until = POLLS.model_copy(update={"until": eastern(DAY, 19, 12)})
    assert minutes(first_times(REPLAYED.model_copy(update={"again": until}), LAST)) == [3, 6, 9, 12]
    real = WINDOW.model_copy(update={"again": until})
    assert minutes(next_times(real, eastern(DAY, 19, 9), eastern(DAY, 19, 10))) == [12]


def test_a_window_without_further_polls_has_one() -> None:
    for window in (WINDOW, REPLAYED):
        once = window.model_copy(update={"again": None})
        assert first_times(once, LAST) == (FIRST,)
        assert next_times(once, FIRST, LAST) == ()


@pytest.mark.parametrize(("begins", "first"), [(1, 3), (7, 6), (9, 9), (59, 12)])
def test_a_late_worker_makes_the_latest_poll_that_is_due(begins: int, first: int) -> None:
    assert minutes(first_times(WINDOW, eastern(DAY, 19, begins))) == [first]


def test_by_the_real_clock_missed_polls_are_not_made_up_for() -> None:
    assert minutes(next_times(WINDOW, eastern(DAY, 19, 3), eastern(DAY, 19, 5))) == [6]
    assert minutes(next_times(WINDOW, eastern(DAY, 19, 3), eastern(DAY, 19, 11))) == [9]
    assert next_times(WINDOW, eastern(DAY, 19, 12), eastern(DAY, 19, 13)) == ()


def test_the_id_names_the_date() -> None:
    assert live_scoring_workflow_id("daily-pipeline-2026-11-20") == "live-scoring-2026-11-20"
