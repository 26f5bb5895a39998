"""The plan of a day: its order, its deadlines, and who may go without whom."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.plan import plan_day, plan_slate
from tipoff.sources.registry import SOURCES
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import DayPlan, OnDeadline, Phase, PlanStep, PollWhen, Role, SlateGame, StepKind, eastern
from workflows.day_state import StepRecord
from workflows.gates import next_poll

DAY = date(2024, 3, 29)
EVENING = ((19, 0), (19, 30), (22, 0))


def slate(game_date: date, tips: tuple[tuple[int, int], ...]) -> tuple[SlateGame, ...]:
    return tuple(
        SlateGame(game_id=f"00223{number:05}", away="DEN", home="MIN", tip_off=eastern(game_date, *tip))
        for number, tip in enumerate(tips)
    )


def plan(game_date: date = DAY, tips: tuple[tuple[int, int], ...] = EVENING) -> DayPlan:
    return plan_day(game_date, slate(game_date, tips), SOURCES)


def named(of: DayPlan, name: str) -> PlanStep:
    return next(step for step in of.steps if step.name == name)


def moments_of(step: PlanStep) -> list[datetime]:
    cadence = [moment for every in step.cadence for moment in (every.start, every.until)]
    deadlines = [moment for moment in (step.soft_deadline, step.hard_deadline) if moment]
    return [step.opens_at, *cadence, *step.poll_times, *deadlines]


TIPS = st.tuples(st.integers(12, 22), st.sampled_from((0, 10, 30)))
PLANS = st.builds(
    plan, st.dates(date(2015, 10, 1), date(2035, 6, 30)), st.lists(TIPS, min_size=1, max_size=15).map(tuple)
)


@given(PLANS)
def test_every_step_is_listed_after_all_it_needs(of: DayPlan) -> None:
    names = [step.name for step in of.steps]
    assert len(set(names)) == len(names)
    for place, step in enumerate(of.steps):
        assert set(step.needs) <= set(names[:place]), step.name
        assert set(step.follows) <= set(step.needs), step.name


@given(PLANS)
def test_nothing_is_waited_for_beyond_the_end_of_the_day(of: DayPlan) -> None:
    for step in of.steps:
        assert max(moments_of(step)) < of.ends_at, step.name


@given(PLANS)
def test_predictions_are_due_by_half_past_one_or_two_hours_before_the_first_tip(of: DayPlan) -> None:
    first_tip = min(game.tip_off for game in of.games)
    assert of.predictions_due == min(eastern(of.game_date, 13, 30), first_tip - timedelta(hours=2))


@given(PLANS)
def test_what_predictions_need_is_given_up_early_enough_to_predict_without_it(of: DayPlan) -> None:
    assert of.predictions_due is not None
    for step in of.steps:
        if step.kind is StepKind.SOURCE and step.role is Role.PRE and step.phase is not Phase.SLATE:
            assert step.hard_deadline is not None
            assert step.hard_deadline < of.predictions_due, step.name
            assert step.soft_deadline is not None
            assert step.soft_deadline < step.hard_deadline, step.name


@given(PLANS)
def test_a_hard_deadline_always_names_what_the_day_does_then(of: DayPlan) -> None:
    for step in of.steps:
        assert step.hard_deadline is None or step.on_deadline is OnDeadline.DEGRADE, step.name
        assert bool(step.degraded_message) is (step.on_deadline is OnDeadline.DEGRADE), step.name


@given(PLANS)
def test_nothing_before_the_tip_needs_anything_that_exists_only_after_it(of: DayPlan) -> None:
    roles = {step.name: step.role for step in of.steps}
    for step in of.steps:
        if step.role is Role.PRE:
            assert all(roles[need] is Role.PRE for need in step.needs), step.name


@pytest.mark.parametrize(
    ("first_tip", "due", "lines_open", "results_open"),
    [
        ((12, 30), (10, 30), (8, 0), (14, 45)),
        ((15, 0), (13, 0), (8, 0), (17, 15)),
        ((19, 0), (13, 30), (8, 0), (21, 15)),
        ((22, 0), (13, 30), (10, 0), None),
    ],
)
@pytest.mark.parametrize("game_date", [DAY, date(2024, 3, 10), date(2024, 11, 3)])
def test_the_clock_of_a_day_follows_its_first_tip_on_every_date(
    game_date: date,
    first_tip: tuple[int, int],
    due: tuple[int, int],
    lines_open: tuple[int, int],
    results_open: tuple[int, int] | None,
) -> None:
    of = plan(game_date, (first_tip,))
    results = eastern(game_date, *results_open) if results_open else eastern(game_date + timedelta(days=1), 0, 15)
    assert of.predictions_due == eastern(game_date, *due)
    assert named(of, "odds_api_player_points_props").opens_at == eastern(game_date, *lines_open)
    assert named(of, "odds_api_player_points_props").hard_deadline == eastern(game_date, *due) - timedelta(minutes=15)
    assert named(of, "nbac_player_boxscores").opens_at == results
    assert named(of, "nbac_player_boxscores").hard_deadline == eastern(game_date + timedelta(days=1), 9)
    assert of.ends_at == eastern(game_date + timedelta(days=1), 10)


@given(PLANS)
def test_lines_are_looked_at_once_more_within_the_last_quarter_of_an_hour_before_each_tip(of: DayPlan) -> None:
    for name in ("odds_api_game_lines", "odds_api_player_points_props"):
        polls = named(of, name).poll_times
        for game in of.games:
            last_quarter = [poll for poll in polls if timedelta() < game.tip_off - poll <= timedelta(minutes=15)]
            assert len(last_quarter) >= 1, (name, game.tip_off)


def test_lines_are_polled_every_half_hour_until_found_and_every_two_hours_after() -> None:
    cadence = {every.only: every.every for every in named(plan(), "odds_api_player_points_props").cadence}
    assert cadence == {PollWhen.UNTIL_COMPLETE: timedelta(minutes=30), PollWhen.ONCE_COMPLETE: timedelta(hours=2)}


def test_injuries_are_looked_at_every_two_hours_and_every_quarter_of_an_hour_before_the_tips() -> None:
    day, evening, _ = named(plan(), "nbac_injury_report").cadence
    assert (day.every, day.until) == (timedelta(hours=2), eastern(DAY, 17, 30))
    assert (evening.every, evening.start, evening.until) == (
        timedelta(minutes=15),
        eastern(DAY, 17, 30),
        eastern(DAY, 22),
    )


@given(PLANS)
def test_who_needs_a_source_is_still_asked_when_that_is_given_up(of: DayPlan) -> None:
    """On a day without the league's player list all that waited for it was given up together with it."""
    sources = {step.name: step for step in of.steps if step.kind is StepKind.SOURCE and step.hard_deadline}
    for step in sources.values():
        for need in sources.keys() & set(step.needs):
            first, then = sources[need].hard_deadline, step.hard_deadline
            assert first is not None
            assert then is not None
            assert first + timedelta(minutes=30) < then, (step.name, need)


@given(PLANS)
def test_who_stands_in_for_a_late_source_is_asked_before_it_is_given_up(of: DayPlan) -> None:
    """On a day without injury reports those of the stand-in came after the first publication."""
    for step in of.steps:
        if step.fallback_sources and step.hard_deadline and step.soft_deadline:
            just_before = StepRecord(last_poll=step.soft_deadline - timedelta(seconds=1))
            poll = next_poll(step, just_before)
            assert poll is not None, step.name
            assert step.soft_deadline <= poll < step.hard_deadline, step.name


def test_games_are_followed_every_three_minutes_from_the_first_tip() -> None:
    (live,) = named(plan(), "nbac_scoreboard").cadence
    assert (live.start, live.every) == (eastern(DAY, 19), timedelta(minutes=3))


def test_a_dead_scoreboard_holds_up_grades_in_the_night_and_not_until_the_morning() -> None:
    board = named(plan(), "nbac_scoreboard")
    assert board.hard_deadline == eastern(DAY + timedelta(days=1), 3)
    assert board.polls_end == eastern(DAY + timedelta(days=1), 9), "what it tells late is graded all the same"


def test_the_slate_is_the_one_source_a_day_cannot_do_without() -> None:
    sources = [step for step in plan().steps if step.kind is StepKind.SOURCE]
    assert [step.name for step in sources if step.on_deadline is OnDeadline.PARK] == ["nbac_schedule"]
    fallback_sources = [fallback for step in sources for fallback in step.fallback_sources]
    companions = {fallback.provider_ids_from for fallback in fallback_sources} - {None}
    asked = {step.name for step in sources} | {fallback.source for fallback in fallback_sources} | companions
    assert asked == set(SOURCES)


def test_every_system_is_optional_and_the_others_stand_without_it() -> None:
    systems = [step for step in plan().steps if step.kind is StepKind.SYSTEM]
    assert [step.name for step in systems] == list(SYSTEMS)
    assert all(not step.critical and step.degraded_message for step in systems)


def test_computing_steps_without_a_fallback_are_those_nothing_can_stand_in_for() -> None:
    without = {
        step.name for step in plan().steps if step.kind is not StepKind.SOURCE and step.on_deadline is OnDeadline.PARK
    }
    assert without == {
        *("team_history", "player_history", "player_prop_lines", "player_daily_cache"),
        *("upcoming_team_game_context", "upcoming_player_game_context", "ml_feature_store", "feature_history"),
        *("announce_day", "export_predictions", "page_before"),
        *("team_results", "player_results", "grade", "export_results", "export_summary"),
    }


def test_results_wait_for_no_step_that_predicts() -> None:
    """On 2025-12-29 pre-game steps waited for post-game ones, and a day stood still."""
    of = plan()
    by_name = {step.name: step for step in of.steps}

    def all_needs(name: str) -> set[str]:
        direct = by_name[name].needs
        return {*direct, *(further for need in direct for further in all_needs(need))}

    assert all_needs("player_results") == {
        "nbac_player_boxscores",
        "nbac_team_boxscore",
        "team_results",
        "nbac_schedule",
    }


def test_a_day_without_games_publishes_that_and_waits_for_nothing() -> None:
    of = plan_day(DAY, (), SOURCES)
    assert [step.name for step in of.steps] == ["nbac_schedule", "export_predictions", "page_before"]
    assert of.predictions_due is None
    assert not any(step.cadence or step.poll_times for step in of.steps)


def test_a_day_whose_slate_is_not_known_looks_for_it_every_half_hour() -> None:
    of = plan_slate(DAY, SOURCES)
    (step,) = of.steps
    assert not of.slate_known
    assert {(every.only, every.every) for every in step.cadence} == {
        (PollWhen.UNTIL_COMPLETE, timedelta(minutes=30)),
        (PollWhen.ONCE_COMPLETE, timedelta(hours=2)),
    }
