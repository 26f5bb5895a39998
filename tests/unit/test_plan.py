"""The plan of a day: order of steps, polls, deadlines, and what happens at each deadline."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.plans import RECORDED, plans
from tests.support.slates import tip
from tipoff.plan import GAME_DAY_STEPS, SourceStep, is_critical, plan_day, plan_slate
from tipoff.sources.registry import SOURCES
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import (
    EASTERN,
    DayPlan,
    OnDeadline,
    Phase,
    PlanStep,
    PollWhen,
    Role,
    SlateGame,
    StepKind,
    eastern,
    step_names,
)
from workflows.gates import next_poll
from workflows.step_records import SourceRecord

DAY = date(2024, 3, 29)
EVENING = ((19, 0), (19, 30), (22, 0))


def slate(game_date: date, tips: tuple[tuple[int, int], ...]) -> tuple[SlateGame, ...]:
    return tuple(
        SlateGame(game_id=f"00223{number:05}", away="DEN", home="MIN", tip_off=eastern(game_date, *tip))
        for number, tip in enumerate(tips)
    )


def plan_for(game_date: date = DAY, tips: tuple[tuple[int, int], ...] = EVENING) -> DayPlan:
    return plan_day(game_date, slate(game_date, tips), SOURCES)


def times_of(step: PlanStep) -> list[datetime]:
    cadence = [time for polls in step.cadence for time in (polls.start, polls.until)]
    deadlines = [time for time in (step.soft_deadline, step.hard_deadline) if time]
    return [step.opens_at, *cadence, *step.poll_times, *deadlines]


TIPS = st.tuples(st.integers(12, 22), st.sampled_from((0, 10, 30)))
PLANS = st.builds(
    plan_for, st.dates(date(2015, 10, 1), date(2035, 6, 30)), st.lists(TIPS, min_size=1, max_size=15).map(tuple)
)


def test_times_deadlines_and_needs_are_as_recorded() -> None:
    """After a change on purpose, record them again: python -m tests.support.plans."""
    assert plans().splitlines() == RECORDED.read_text(encoding="utf-8").splitlines()


@given(PLANS)
def test_every_step_is_listed_after_all_it_needs(plan: DayPlan) -> None:
    names = [step.name for step in plan.steps]
    assert len(set(names)) == len(names)
    for index, step in enumerate(plan.steps):
        assert set(step.inputs) <= set(names[:index]), step.name


@given(PLANS)
def test_no_step_waits_beyond_the_end_of_the_day(plan: DayPlan) -> None:
    for step in plan.steps:
        assert max(times_of(step)) < plan.ends_at, step.name


@given(PLANS)
def test_predictions_are_due_by_half_past_one_or_two_hours_before_the_first_tip(plan: DayPlan) -> None:
    first_tip = min(map(tip, plan.games))
    assert plan.predictions_due == min(eastern(plan.game_date, 13, 30), first_tip - timedelta(hours=2))


@given(PLANS)
def test_deadlines_of_inputs_leave_time_to_compute_predictions(plan: DayPlan) -> None:
    assert plan.predictions_due is not None
    for step in plan.steps:
        if step.kind is StepKind.SOURCE and step.role is Role.PRE and step.phase is not Phase.SLATE:
            assert step.hard_deadline is not None
            assert step.hard_deadline < plan.predictions_due, step.name
            assert step.soft_deadline is not None
            assert step.soft_deadline < step.hard_deadline, step.name


@given(PLANS)
def test_a_step_with_a_hard_deadline_degrades_with_a_message(plan: DayPlan) -> None:
    for step in plan.steps:
        assert step.hard_deadline is None or step.on_deadline is OnDeadline.DEGRADE, step.name
        assert bool(step.degraded_message) is (step.on_deadline is OnDeadline.DEGRADE), step.name


def test_the_steps_of_a_day_open_at_their_hour() -> None:
    opens = {step.name: f"{step.opens_at.astimezone(EASTERN):%H:%M}" for step in plan_for().steps}
    sources = {
        step_names.SCHEDULE: "05:00",
        "espn_scoreboard": "06:00",
        step_names.PLAYER_LIST: "06:30",
        step_names.ROSTERS: "07:00",
        step_names.PLAYER_BOX_SCORE_HISTORY: "06:00",
        step_names.TEAM_BOX_SCORE_HISTORY: "06:00",
        step_names.INJURY_REPORT: "08:00",
        step_names.STANDINGS: "06:00",
        "nbac_referee_assignments": "09:15",
    }
    assert {name: opens[name] for name in sources} == sources
    computed = (step_names.TEAM_HISTORY, step_names.FEATURES, step_names.FEATURE_HISTORY, "catboost_v8")
    assert {opens[name] for name in computed} == {"06:00"}, "computing begins after the day's first poll"
    assert opens["announce_day"] == "05:00"


@given(PLANS)
def test_no_step_before_the_games_needs_one_after_them(plan: DayPlan) -> None:
    roles = {step.name: step.role for step in plan.steps}
    for step in plan.steps:
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
def test_times_of_a_day_follow_its_first_tip_on_every_date(
    game_date: date,
    first_tip: tuple[int, int],
    due: tuple[int, int],
    lines_open: tuple[int, int],
    results_open: tuple[int, int] | None,
) -> None:
    plan = plan_for(game_date, (first_tip,))
    lines, box_scores = plan.step(step_names.BETTING_LINES), plan.step(step_names.PLAYER_BOX_SCORES)
    results = eastern(game_date, *results_open) if results_open else eastern(game_date + timedelta(days=1), 0, 15)
    assert plan.predictions_due == eastern(game_date, *due)
    assert lines.opens_at == eastern(game_date, *lines_open)
    assert lines.hard_deadline == eastern(game_date, *due) - timedelta(minutes=15)
    assert box_scores.opens_at == results
    assert box_scores.hard_deadline == eastern(game_date + timedelta(days=1), 9)
    assert plan.ends_at == eastern(game_date + timedelta(days=1), 10)


@given(PLANS)
def test_lines_are_polled_within_the_last_quarter_of_an_hour_before_each_tip(plan: DayPlan) -> None:
    for name in (step_names.GAME_BETTING_LINES, step_names.BETTING_LINES):
        polls = plan.step(name).poll_times
        for game in plan.games:
            last_quarter = [poll for poll in polls if timedelta() < tip(game) - poll <= timedelta(minutes=15)]
            assert len(last_quarter) >= 1, (name, game.tip_off)


def test_lines_are_polled_every_half_hour_until_complete_and_every_two_hours_after() -> None:
    cadence = {polls.only: polls.every for polls in plan_for().step(step_names.BETTING_LINES).cadence}
    assert cadence == {PollWhen.UNTIL_COMPLETE: timedelta(minutes=30), PollWhen.ONCE_COMPLETE: timedelta(hours=2)}


def test_injuries_are_polled_every_two_hours_and_every_quarter_of_an_hour_before_the_tips() -> None:
    day, evening, _ = plan_for().step(step_names.INJURY_REPORT).cadence
    assert (day.every, day.until) == (timedelta(hours=2), eastern(DAY, 17, 35))
    assert (evening.every, evening.start, evening.until) == (
        timedelta(minutes=15),
        eastern(DAY, 17, 35),
        eastern(DAY, 22),
    )


@given(PLANS)
def test_a_source_is_polled_after_the_deadline_of_each_source_it_needs(plan: DayPlan) -> None:
    """When the league's player list was missing, every source that needed it reached its deadline with it."""
    sources = {step.name: step for step in plan.steps if step.kind is StepKind.SOURCE and step.hard_deadline}
    for step in sources.values():
        for need in sources.keys() & set(step.needs):
            first, then = sources[need].hard_deadline, step.hard_deadline
            assert first is not None
            assert then is not None
            assert first + timedelta(minutes=30) < then, (step.name, need)


@given(PLANS)
def test_fallback_sources_of_a_late_source_are_polled_before_its_hard_deadline(plan: DayPlan) -> None:
    """When injury reports were missing, those of the fallback source came after the first publication."""
    for step in plan.steps:
        if step.fallback_sources and step.hard_deadline and step.soft_deadline:
            just_before = SourceRecord(last_poll=step.soft_deadline - timedelta(seconds=1))
            poll = next_poll(step, just_before)
            assert poll is not None, step.name
            assert step.soft_deadline <= poll < step.hard_deadline, step.name


def test_live_games_are_polled_every_three_minutes_from_the_first_tip_and_rarely_when_the_last_is_late() -> None:
    live, late = plan_for().step(step_names.LIVE_SCOREBOARD).cadence
    assert (live.start, live.every) == (eastern(DAY, 19), timedelta(minutes=3))
    four_hours_after_the_last_tip = eastern(DAY + timedelta(days=1), 2)
    assert (live.until, late.start, late.every) == (*[four_hours_after_the_last_tip] * 2, timedelta(minutes=30))


def test_a_missing_scoreboard_delays_grades_into_the_night_and_not_until_the_morning() -> None:
    scoreboard = plan_for().step(step_names.LIVE_SCOREBOARD)
    assert scoreboard.hard_deadline == eastern(DAY + timedelta(days=1), 3)
    assert scoreboard.polls_end == eastern(DAY + timedelta(days=1), 9), "late results are still graded"


def test_only_the_schedule_is_waited_for_without_end() -> None:
    sources = [step for step in plan_for().steps if step.kind is StepKind.SOURCE]
    assert [step.name for step in sources if step.on_deadline is OnDeadline.PARK] == [step_names.SCHEDULE]


def test_the_plan_polls_every_source_of_the_registry() -> None:
    sources = [step for step in plan_for().steps if step.kind is StepKind.SOURCE]
    fallback_sources = [fallback for step in sources for fallback in step.fallback_sources]
    id_sources = {fallback.provider_ids_from for fallback in fallback_sources} - {None}
    polled = {step.name for step in sources} | {fallback.source for fallback in fallback_sources} | id_sources
    assert polled == set(SOURCES)


def test_critical_sources_are_those_the_plan_names() -> None:
    critical = {step.source for step in GAME_DAY_STEPS if isinstance(step, SourceStep) and step.critical}
    assert critical == {name for name in SOURCES if is_critical(name)}
    assert critical == {
        "nbac_schedule",
        "nbac_player_list_current",
        "nbac_player_history",
        "nbac_team_history",
        "nbac_player_boxscores",
    }


def test_every_system_is_optional() -> None:
    systems = [step for step in plan_for().steps if step.kind is StepKind.SYSTEM]
    assert [step.name for step in systems] == list(SYSTEMS)
    assert all(not step.critical and step.degraded_message for step in systems)


def test_every_other_computing_step_is_parked_when_it_fails() -> None:
    steps = plan_for().steps
    parked = {step.name for step in steps if step.kind is not StepKind.SOURCE and step.on_deadline is OnDeadline.PARK}
    assert parked == {
        *("team_history", "player_history", "player_prop_lines", "player_daily_cache"),
        *("upcoming_team_game_context", "upcoming_player_game_context", "ml_feature_store", "feature_history"),
        *("announce_day", "export_predictions", "export_tonight", "report_page"),
        *("team_results", "player_results", "grade", "export_results", "export_summary", "export_players"),
    }


def test_no_prediction_waits_for_a_failed_analysis_of_shots_and_no_grade_for_gamebook_and_shots() -> None:
    plan = plan_for()
    optional = {step.name for step in plan.steps if step.kind is StepKind.TRANSFORM and not step.critical}
    assert optional == {
        *("team_defense_history", "team_defense_zone_analysis", "player_shot_zone_analysis"),
        *("player_composite_factors", "team_defense_results", "player_result_details"),
    }
    assert not {"team_defense_results", "player_result_details"} & set(plan.step(step_names.GRADE).needs)


def test_results_need_no_step_that_predicts() -> None:
    """On 2025-12-29 pre-game steps waited for post-game ones, and the day did not proceed."""
    plan = plan_for()

    def all_needs(name: str) -> set[str]:
        direct = plan.step(name).needs
        return {*direct, *(further for need in direct for further in all_needs(need))}

    assert all_needs(step_names.PLAYER_RESULTS) == {
        "nbac_player_boxscores",
        "nbac_team_boxscore",
        "team_results",
        "nbac_schedule",
    }


def test_a_day_without_games_publishes_at_once() -> None:
    plan = plan_day(DAY, (), SOURCES)
    assert [step.name for step in plan.steps] == [
        "nbac_schedule",
        "export_predictions",
        "export_tonight",
        "report_page",
    ]
    assert plan.predictions_due is None
    assert not any(step.cadence or step.poll_times for step in plan.steps)


def test_a_day_without_games_grades_published_predictions() -> None:
    plan = plan_day(DAY, (), SOURCES, published=True)
    assert [step.name for step in plan.steps][-3:] == ["grade", "export_results", "export_summary"]
    assert plan.step(step_names.GRADE).needs == (step_names.PUBLISH_PREDICTIONS,)


def test_an_unknown_slate_is_polled_every_half_hour() -> None:
    plan = plan_slate(DAY, SOURCES)
    (step,) = plan.steps
    assert not plan.slate_known
    assert step.polls_end == eastern(DAY, 23)
    assert {(polls.only, polls.every) for polls in step.cadence} == {
        (PollWhen.UNTIL_COMPLETE, timedelta(minutes=30)),
        (PollWhen.ONCE_COMPLETE, timedelta(hours=2)),
    }


def test_a_plan_names_the_step_it_lacks() -> None:
    with pytest.raises(KeyError, match="2024-03-29 has no step grade"):
        plan_slate(DAY, SOURCES).step(step_names.GRADE)


# ── tip-offs that are not fixed ──────────────────────────────────────────────────────────────────────────────

NOT_FIXED = SlateGame(game_id="0022399999", away="LAL", home="BOS", tip_off=None)


@given(PLANS)
def test_a_game_without_a_fixed_tip_off_sets_no_deadline(plan: DayPlan) -> None:
    with_it = plan_day(plan.game_date, (*plan.games, NOT_FIXED), SOURCES)
    assert (with_it.predictions_due, with_it.ends_at) == (plan.predictions_due, plan.ends_at)
    for step in plan.steps:
        other = with_it.step(step.name)
        assert (other.soft_deadline, other.hard_deadline) == (step.soft_deadline, step.hard_deadline), step.name
        assert other.poll_times == step.poll_times, step.name


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("game_date", [DAY, date(2024, 3, 10), date(2024, 11, 3)])
def test_a_date_without_any_fixed_tip_off_is_planned_as_for_late_games(game_date: date, count: int) -> None:
    games = tuple(NOT_FIXED.model_copy(update={"game_id": f"00223999{number:02}"}) for number in range(count))
    plan = plan_day(game_date, games, SOURCES)
    assert plan.predictions_due == eastern(game_date, 13, 30)
    deadlines = [step.soft_deadline for step in plan.steps if step.soft_deadline]
    assert min(deadlines) == eastern(game_date, 8)
    assert plan.step(step_names.BETTING_LINES).opens_at == eastern(game_date, 10, 30)


def test_the_schedule_is_polled_every_hour_until_the_evening_while_a_tip_off_is_not_fixed() -> None:
    plan = plan_day(DAY, (*slate(DAY, EVENING), NOT_FIXED), SOURCES)
    schedule, record = plan.step(step_names.SCHEDULE), SourceRecord(complete=True, last_poll=eastern(DAY, 9, 5))
    assert next_poll(schedule, record) == eastern(DAY, 10)
    assert schedule.polls_end == eastern(DAY, 23)
    assert len(plan_for().step(step_names.SCHEDULE).cadence) == len(schedule.cadence) - 1


def test_a_game_without_a_fixed_tip_off_is_followed_from_noon_on() -> None:
    plan = plan_day(DAY, (*slate(DAY, EVENING), NOT_FIXED), SOURCES)
    board = plan.step(step_names.LIVE_SCOREBOARD)
    assert board.opens_at == eastern(DAY, 12)
    polls = [next_poll(board, SourceRecord(last_poll=time)) for time in (eastern(DAY, 12), eastern(DAY, 19))]
    assert polls == [eastern(DAY, 12, 15), eastern(DAY, 19, 3)]
    assert plan_for().step(step_names.LIVE_SCOREBOARD).opens_at == eastern(DAY, 19)
