"""The arithmetic of the events of a day by the real clock."""

from __future__ import annotations

from datetime import timedelta

from tests.support.ledgers import DAY, evening_plan, full_evening_plan
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import RunState
from workflows.event_count import (
    EVENT_LIMIT,
    REFRESHES,
    Course,
    DryRun,
    EventCount,
    count_events,
    events_of_window,
)

FOLLOW = "follow nbac_scoreboard in a child workflow"


def times_of(count: EventCount) -> dict[str, int]:
    return {line.what: line.times for line in count.lines}


def test_a_day_of_fifteen_games_with_its_refreshes_stays_below_the_limit() -> None:
    count = count_events(full_evening_plan())
    assert len(full_evening_plan().games) == 15
    assert count.total + REFRESHES * count.per_refresh < EVENT_LIMIT


def test_a_window_of_polls_stays_far_below_what_a_history_may_hold() -> None:
    assert events_of_window(timedelta(minutes=3)) < 400


def test_the_polls_are_those_of_the_plan() -> None:
    times = times_of(count_events(evening_plan()))
    assert times["poll nbac_schedule"] == len(range(5, 23, 2))
    watched = len(range(17 * 4 + 2, 22 * 4))  # five minutes after quarters of an hour, from 17:35 to 21:50
    assert times["poll nbac_injury_report"] == len(range(8, 17, 2)) + watched
    before_tips, every_two_hours = 3, len(range(8, 23, 2))
    assert times["poll odds_api_game_lines, odds_api_player_points_props"] == before_tips + every_two_hours


def test_a_refresh_computes_in_turn_and_the_members_of_the_ensemble_predict_together() -> None:
    refresh = {line.what: line.times for line in count_events(evening_plan()).refresh}
    activities = {
        "process what a poll brought": 1,
        "compute and publish in turn": 2,
        "predict": 2,
        "store predictions": 2,
    }
    assert {what: times for what, times in refresh.items() if what in activities} == activities
    assert not any(what.startswith("poll") for what in refresh)


def test_the_total_is_the_sum_of_the_lines() -> None:
    count = count_events(evening_plan())
    assert count.total == sum(line.times * line.events_each for line in count.lines)
    assert count.per_refresh == sum(line.times * line.events_each for line in count.refresh)


def test_games_that_end_later_are_followed_longer() -> None:
    early = times_of(count_events(plan_day(DAY, evening_plan().games[:2], SOURCES)))
    late = times_of(count_events(evening_plan()))
    assert early[FOLLOW] < late[FOLLOW]


def test_a_game_without_a_fixed_tip_off_ends_with_the_latest_ones() -> None:
    first, second, last = evening_plan().games
    not_fixed = plan_day(DAY, (first, second, last.model_copy(update={"tip_off": None})), SOURCES)
    assert count_events(not_fixed).total < count_events(evening_plan()).total * 1.3


def test_the_count_of_a_day_without_games_ends() -> None:
    """One of its steps parks."""
    assert count_events(plan_day(DAY, (), SOURCES)).total > 0


def test_every_game_is_graded() -> None:
    run = DryRun(evening_plan(), Course())
    run.run()
    assert run.ledger.ended is RunState.COMPLETE
