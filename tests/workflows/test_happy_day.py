"""A day on which every input comes in time."""

from __future__ import annotations

from temporalio.client import Client

from tests.support.days import EARLY, GAMES, LATE, DayRun, at, poll_times, runs_of, step
from tests.support.scenarios import no_games
from tipoff.vocabulary import DataQuality, Phase, RunState, StepState, Trigger
from workflows.contracts import Activity

BOTH = (EARLY.game_id, LATE.game_id)


async def test_the_day_ends_complete_without_a_degradation(happy: DayRun) -> None:
    assert happy.result.state is RunState.COMPLETE
    assert happy.result.data_quality is DataQuality.COMPLETE
    assert happy.result.games == 2
    assert happy.result.degradations == ()
    assert {item.state for item in happy.status.steps} == {StepState.COMPLETE}


async def test_it_predicts_as_soon_as_the_lines_come(happy: DayRun) -> None:
    assert happy.result.first_published_at == at(11)
    for system in ("moving_average", "catboost_v8"):
        assert runs_of(happy, system)[0] == (at(11), BOTH)


async def test_lines_are_polled_every_half_hour_until_complete_then_every_two_hours_and_before_each_tip_off(
    happy: DayRun,
) -> None:
    until_found = [at(8), at(8, 30), at(9), at(9, 30), at(10), at(10, 30), at(11)]
    once_found = [at(12), at(14), at(16), at(18)]
    closes = [at(18, 50), at(19, 20)]
    assert poll_times(happy, "odds_api_player_points_props") == [*until_found, *once_found, *closes]


async def test_an_unchanged_batch_is_not_processed_again(happy: DayRun) -> None:
    reads = [each for each in happy.scheduled_activities if each.activity == Activity.PROCESS]
    assert [each.subject for each in reads].count("odds_api_player_points_props") == 1
    assert len(runs_of(happy, "moving_average")) == 1


async def test_one_activity_follows_the_games_until_something_else_is_due(happy: DayRun) -> None:
    """Every poll of the cadence is made. The scoreboard is there from 19:15 on, when the first game is over."""
    before, activities = (0, 3, 6, 9, 12, 15), (18, 21)
    assert poll_times(happy, "nbac_scoreboard") == [at(19, minute) for minute in before + activities]
    assert step(happy.status, "nbac_scoreboard").polls == len(range(0, 46, 3))
    assert step(happy.status, "nbac_scoreboard").last_poll == at(19, 45)


async def test_games_are_graded_when_the_last_of_them_is_final(happy: DayRun) -> None:
    assert runs_of(happy, "grade")[0] == (at(21, 15), BOTH)


async def test_grades_and_their_exports_follow_the_gamebook(happy: DayRun) -> None:
    assert runs_of(happy, "player_game_summary")[-1] == (at(22, 15), BOTH)
    for name in ("grade", "results", "summary"):
        assert runs_of(happy, name) == [(at(21, 15), BOTH), (at(22, 15), BOTH)], name


async def test_each_step_runs_after_all_it_needs(happy: DayRun) -> None:
    command = [
        each.subject
        for each in happy.scheduled_activities
        if each.activity not in {Activity.COLLECT, Activity.PLAN_DAY}
    ]
    chain = ["upcoming_player_game_context", "player_daily_cache", "ml_feature_store", "moving_average"]
    assert [command.index(name) for name in chain] == sorted(command.index(name) for name in chain)


async def test_the_first_plan_has_no_games_and_the_second_has_both(happy: DayRun) -> None:
    assert happy.status.games == GAMES
    assert [each.activity for each in happy.scheduled_activities if each.activity == Activity.PLAN_DAY] == [
        Activity.PLAN_DAY
    ] * 2
    assert happy.status.phase is Phase.GRADE


async def test_every_execution_is_logged_once_when_the_day_ends(happy: DayRun) -> None:
    run = happy.logged
    assert run.run_id == happy.history.run_id
    assert (run.is_rerun, run.virtual) == (False, True)
    assert (run.state, run.data_quality, run.games) == (RunState.COMPLETE, DataQuality.COMPLETE, 2)
    assert (run.started_at, run.ended_at) == (at(5), happy.status.now)
    assert {log.step: len(log.executions) for log in run.steps} == {
        each.name: each.polls for each in happy.status.steps if each.name != "nbac_scoreboard"
    } | {"nbac_scoreboard": len(poll_times(happy, "nbac_scoreboard"))}
    props = next(log for log in run.steps if log.step == "odds_api_player_points_props")
    assert [execution.trigger for execution in props.executions] == [
        Trigger.FIRST_RUN,
        *[Trigger.RETRY] * 6,
        *[Trigger.REFRESH] * 6,
    ]
    assert [execution.started_at for execution in props.executions] == poll_times(happy, props.step)


async def test_a_date_without_games_ends_complete_and_empty(client: Client) -> None:
    run = await no_games(client)
    assert run.result.state is RunState.COMPLETE
    assert run.result.data_quality is DataQuality.EMPTY
    assert run.status.sentence == "complete: no games on this date"
    assert {each.subject for each in run.scheduled_activities if each.activity == Activity.EXPORT} == {
        "predictions",
        "tonight",
        "page",
    }
    assert step(run.status, "nbac_schedule").polls == 1
