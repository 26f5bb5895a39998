"""How the run of a day is described when it starts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tipoff.vocabulary import Phase, eastern
from workflows.contracts import ClockSpec, DayInput, Rerun, TaskPriority
from workflows.day_start import day_details, day_priority, day_summary

DAY = date(2024, 3, 29)
NEXT_DAY = DAY + timedelta(days=1)
NOW = eastern(NEXT_DAY, 12)


@pytest.mark.parametrize(
    ("starts_at", "rerun", "summary"),
    [
        (eastern(DAY, 5), None, f"NBA {DAY}"),
        (eastern(DAY, 23, 59), None, f"NBA {DAY}"),
        (eastern(NEXT_DAY, 5), None, f"NBA {DAY}, backfill"),
        (None, None, f"NBA {DAY}, backfill"),
        (None, Rerun(from_phase=Phase.PREDICT), f"NBA {DAY}, re-run from predict on"),
        (None, Rerun(from_phase=Phase.COLLECT, step="grade"), f"NBA {DAY}, re-run of grade"),
    ],
)
def test_the_summary_of_a_run_says_what_it_is(starts_at: datetime | None, rerun: Rerun | None, summary: str) -> None:
    day = DayInput(game_date=DAY, clock=ClockSpec(starts_at=starts_at), rerun=rerun)
    assert day_summary(day, NOW) == summary


def test_a_rerun_for_which_an_operator_waits_comes_before_a_live_day_and_both_before_a_backfill() -> None:
    rerun, live = (day_priority(DayInput(game_date=DAY, rerun=each)) for each in (Rerun(), None))
    assert [rerun, live, TaskPriority.BACKFILL] == [1, 2, 5]


def test_the_details_of_a_run_list_the_commands_of_its_date() -> None:
    assert f"\npython starter.py retry-step --step STEP --date {DAY}\n" in day_details(DayInput(game_date=DAY))


def test_the_commands_of_a_replay_name_its_folder() -> None:
    details = day_details(DayInput(game_date=DAY, replay="var/my demo"))
    assert f"python starter.py status --date {DAY} --replay 'var/my demo'\n" in details
