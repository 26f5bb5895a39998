"""Days on which an input is late, missing or changed: how the day degrades and what it refreshes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from runtime.day_result import wait_for_result
from runtime.history_size import history_size
from tests.support import scenarios
from tests.support.days import (
    EARLY,
    GAMES,
    LATE,
    MORNING,
    DayRun,
    ScriptedFailure,
    ScriptedResponse,
    World,
    at,
    final_responses,
    game,
    happy_script,
    partial_response,
    poll_times,
    run_day,
    runs_of,
    serving,
    started_day,
    step,
    wait_for_end,
)
from tipoff.plan import plan_day
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import DataQuality, DayPlan, Outcome, RunState, StepState
from workflows.contracts import Activity, PlanRequest
from workflows.daily_pipeline import DailyPipelineWorkflow
from workflows.search_attributes import RUN_STATE

BOTH = (EARLY.game_id, LATE.game_id)
SYSTEMS = ("moving_average", "catboost_v8")


async def test_lines_after_the_deadline_refresh_the_published_predictions(late: DayRun) -> None:
    assert late.result.first_published_at == at(13, 15)
    assert late.result.refreshed_at == (at(15),)
    assert [runs_of(late, system) for system in SYSTEMS] == [[(at(13, 15), BOTH), (at(15), BOTH)]] * 2
    assert {item.resolved_at for item in late.result.degradations} == {at(15)}
    assert late.result.data_quality is DataQuality.COMPLETE


async def test_a_day_without_any_lines_ends_complete_with_a_degradation(client: Client) -> None:
    script = happy_script()
    script |= {name: [] for name in ("odds_api_events", "odds_api_game_lines", "odds_api_player_points_props")}
    run = await run_day(client, World(script))
    assert run.result.state is RunState.COMPLETE
    assert run.result.data_quality is DataQuality.DEGRADED
    assert run.result.first_published_at == at(13, 15)
    assert {(item.step, item.games) for item in run.result.degradations if item.resolved_at is None} == {
        ("odds_api_events", BOTH),
        ("odds_api_game_lines", BOTH),
        ("odds_api_player_points_props", BOTH),
    }
    assert runs_of(run, "grade"), "predictions without lines are graded too"


async def test_late_lines_of_one_game_refresh_only_that_game(client: Client) -> None:
    script = happy_script(lines_at=at(11))
    script["odds_api_player_points_props"] = [
        partial_response(GAMES, at(11), {EARLY.game_id}),
        ScriptedResponse(at(17)),
    ]
    run = await run_day(client, World(script))
    assert runs_of(run, "moving_average") == [(at(13, 15), BOTH), (at(17), (LATE.game_id,))]
    (degradation,) = run.result.degradations
    assert (degradation.step, degradation.games) == ("odds_api_player_points_props", (LATE.game_id,))
    assert (degradation.since, degradation.resolved_at) == (at(13, 15), at(17))


async def test_a_game_without_lines_is_reported_though_the_others_came_late(client: Client) -> None:
    one = [partial_response(GAMES, at(15), {EARLY.game_id})]
    script = happy_script() | {"odds_api_player_points_props": one, "odds_api_game_lines": one}
    run = await run_day(client, World(script))
    assert run.result.state is RunState.COMPLETE
    assert run.result.data_quality is DataQuality.DEGRADED
    assert runs_of(run, "moving_average")[-1] == (at(15), (EARLY.game_id,))
    assert {(item.step, item.missing_games, item.resolved_at) for item in run.result.degradations} == {
        ("odds_api_game_lines", (LATE.game_id,), None),
        ("odds_api_player_points_props", (LATE.game_id,), None),
    }
    for item in run.result.degradations:
        assert (set(item.games), item.resolved_games) == (set(BOTH), {EARLY.game_id: at(15)})


async def test_a_change_refreshes_only_its_game_and_none_after_tip_off(client: Client) -> None:
    script = happy_script(lines_at=at(11))
    script["nbac_injury_report"] = [
        ScriptedResponse(MORNING),
        ScriptedResponse(at(18, 15), changed=(LATE.game_id,)),
        ScriptedResponse(at(19, 15), changed=BOTH),
    ]
    run = await run_day(client, World(script))
    assert runs_of(run, "catboost_v8") == [
        (at(11), BOTH),
        (at(18, 20), (LATE.game_id,)),
        (at(19, 20), (LATE.game_id,)),
    ]


async def test_a_postponed_game_is_reported_and_no_longer_followed(client: Client) -> None:
    run = await scenarios.postponed_game(client)
    assert run.result.state is RunState.COMPLETE
    assert run.status.postponed_games == (LATE.game_id,)
    assert run.status.games == (EARLY,)
    assert runs_of(run, "grade")[-1][1] == (EARLY.game_id,)


async def test_a_day_whose_every_game_is_postponed_ends_complete(client: Client) -> None:
    script = happy_script(lines_at=at(11))
    script["nbac_schedule"] = [ScriptedResponse(MORNING, games=GAMES), ScriptedResponse(at(14, 30), games=())]
    run = await run_day(client, World(script))
    assert run.result.state is RunState.COMPLETE
    assert run.status.postponed_games == BOTH
    assert runs_of(run, "grade"), "the published predictions are void"
    assert len(runs_of(run, "predictions")) == 2, "published and withdrawn"
    assert run.result.data_quality is DataQuality.EMPTY


async def test_a_game_added_during_the_day_is_collected_predicted_and_graded(client: Client) -> None:
    added = game(3, at(19, 45))
    script = happy_script(lines_at=at(9))
    script["nbac_schedule"] = [
        ScriptedResponse(MORNING, games=GAMES),
        ScriptedResponse(at(10, 30), games=(*GAMES, added)),
    ]
    for source in ("odds_api_events", "odds_api_player_points_props", "espn_team_rosters"):
        script[source] = [*script[source], ScriptedResponse(at(10, 30), changed=(added.game_id,))]
    for source in ("nbac_scoreboard", "nbac_player_boxscores", "nbac_team_boxscore"):
        script[source] = final_responses((*GAMES, added))
    run = await run_day(client, World(script))
    assert run.result.games == 3
    first, *later = runs_of(run, "moving_average")
    assert first == (at(9), BOTH)
    assert later[0] == (at(11), (added.game_id,))
    assert {games for _, games in later} == {(added.game_id,)}, "the other games keep their predictions"
    assert runs_of(run, "grade")[-1][1] == (*BOTH, added.game_id)


async def test_a_slate_that_cannot_be_planned_leaves_the_old_plan_in_force(client: Client) -> None:
    def plan(request: PlanRequest) -> DayPlan:
        if request.games == GAMES[:1]:
            raise ApplicationError("no such plan", non_retryable=True)
        return plan_day(request.game_date, request.games or (), SOURCES)

    slates = [
        ScriptedResponse(MORNING, games=GAMES),
        ScriptedResponse(at(11), games=GAMES[:1]),
        ScriptedResponse(at(15), games=GAMES),
    ]
    run = await run_day(client, World(happy_script() | {"nbac_schedule": slates}, plan=plan))
    assert run.result.state is RunState.COMPLETE
    assert len(run.result.slate) == 2
    assert any("no such plan" in alert.text for alert in run.status.alerts)


async def test_a_failed_refresh_raises_an_alert_and_keeps_the_published_predictions(client: Client) -> None:
    world = World(failures={"ml_feature_store": ScriptedFailure(since=at(14), until=at(16))})
    run = await run_day(client, world)
    assert run.result.first_published_at == at(13, 15)
    assert [item.step for item in run.result.attention] == ["ml_feature_store"]
    assert run.result.data_quality is DataQuality.DEGRADED
    assert run.result.state is RunState.COMPLETE


async def test_a_critical_step_that_never_succeeds_fails_the_day(client: Client) -> None:
    run = await run_day(client, World(failures={"upcoming_player_game_context": ScriptedFailure()}))
    assert run.result.state is RunState.FAILED
    assert run.result.first_published_at is None
    parked = {item.step: item.reason for item in run.result.attention}
    assert "the file is corrupt" in parked["upcoming_player_game_context"]
    assert "upcoming_player_game_context" in run.status.sentence
    assert step(run.status, "nbac_player_boxscores").state is StepState.COMPLETE, "results do not wait for it"


async def test_a_failed_day_closes_as_failed_after_everything_was_exported(client: Client) -> None:
    world = World({"nbac_schedule": []})
    async with serving(client, world), started_day(client) as handle:
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        described = await handle.describe()
        status = await handle.query(DailyPipelineWorkflow.status)
        result = await wait_for_result(handle)
    assert described.status is WorkflowExecutionStatus.FAILED
    assert described.typed_search_attributes.get(RUN_STATE) == RunState.FAILED
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.message, cause.non_retryable) == (status.sentence, True)
    assert cause.failure is not None
    assert cause.failure.stack_trace == ""
    assert result.state is status.state is world.statuses[-1].status.state is RunState.FAILED
    assert [item.step for item in result.attention] == ["nbac_schedule"]
    (run,) = world.logged_runs
    assert (run.state, [log.step for log in run.steps]) == (RunState.FAILED, ["nbac_schedule"])
    assert {execution.outcome for execution in run.steps[0].executions} == {Outcome.NOT_PUBLISHED_YET}


async def test_a_slate_that_never_comes_fails_the_day(client: Client) -> None:
    run = await run_day(client, World({"nbac_schedule": []}))
    assert run.result.state is RunState.FAILED
    assert [item.step for item in run.result.attention] == ["nbac_schedule"]
    assert len(poll_times(run, "nbac_schedule")) <= 2 * 24


async def test_a_failing_system_is_reported_and_the_others_predict(client: Client) -> None:
    run = await run_day(client, World(happy_script(lines_at=at(11)), failures={"catboost_v8": ScriptedFailure()}))
    assert run.result.state is RunState.COMPLETE
    assert run.result.first_published_at == at(11)
    assert runs_of(run, "moving_average") == [(at(11), BOTH)]
    failed = step(run.status, "catboost_v8")
    assert "the file is corrupt" in failed.reason
    assert "catboost_v8" in {item.step for item in run.result.degradations}
    assert run.result.data_quality is DataQuality.DEGRADED


async def test_a_failing_optional_source_delays_the_day_no_longer_than_a_late_one(client: Client) -> None:
    failures = {"nbac_injury_report:read": ScriptedFailure()}
    run = await run_day(client, World(happy_script(lines_at=at(11)), failures=failures))
    out, due = run.result.first_published_at, run.status.predictions_due
    assert out == step(run.status, "nbac_injury_report").soft_deadline, "the last poll before its deadline"
    assert out is not None
    assert due is not None
    assert out < due
    assert "nbac_injury_report" in {item.step for item in run.result.degradations}


async def test_a_failed_status_export_delays_nothing_and_is_retried(client: Client) -> None:
    world = World(
        happy_script(lines_at=at(9)), failures={"publish_status": ScriptedFailure(since=MORNING, until=at(10))}
    )
    run = await run_day(client, world)
    assert run.result.state is RunState.COMPLETE
    assert run.result.first_published_at == at(9)
    assert at(10) <= world.statuses[0].status.now <= at(10, 5)
    assert world.statuses[0].status.first_published_at == at(9)


async def test_a_throttling_provider_is_polled_again_at_its_retry_time(client: Client) -> None:
    script = happy_script(lines_at=at(9))
    script["nbac_injury_report"] = [
        ScriptedResponse(MORNING, Outcome.THROTTLED, reason="HTTP 429", retry_after=timedelta(minutes=17)),
        ScriptedResponse(at(8, 10)),
    ]
    run = await run_day(client, World(script))
    assert poll_times(run, "nbac_injury_report")[:3] == [at(8), at(8, 17), at(10)]


async def test_a_spent_quota_parks_the_step_and_the_day_degrades_at_its_deadline(client: Client) -> None:
    script = happy_script()
    spent = [ScriptedResponse(MORNING, Outcome.QUOTA_SPENT, reason="the month's credits are used up")]
    script |= {"odds_api_player_points_props": spent}
    run = await run_day(client, World(script))
    assert run.result.state is RunState.COMPLETE
    assert run.result.first_published_at == at(13, 15)
    assert ("odds_api_player_points_props:parked", "warning") in {
        (alert.key, alert.severity) for alert in run.status.alerts
    }


async def test_a_late_input_raises_an_alert_before_its_deadline(late: DayRun) -> None:
    alerts = {alert.key: alert.at for alert in late.status.alerts}
    assert alerts["odds_api_player_points_props:overdue"] == at(12, 15)
    assert alerts["odds_api_player_points_props:degraded"] == at(13, 15)


async def test_a_day_of_fifteen_games_stays_within_the_history_limits(client: Client) -> None:
    games = tuple(game(number, at(19) + timedelta(minutes=15 * number)) for number in range(1, 16))
    script = happy_script(games)
    for source in ("nbac_scoreboard", "nbac_player_boxscores", "nbac_team_boxscore"):
        script[source] = [
            response._replace(since=response.since + timedelta(hours=2)) for response in final_responses(games)
        ]
    async with serving(client, World(script)), started_day(client) as handle:
        run = await wait_for_end(handle)
        events, largest = await history_size(handle)
    assert run.result.state is RunState.COMPLETE
    assert events < 2500
    assert largest < 50_000
    assert len([each for each in run.scheduled_activities if each.activity == Activity.COLLECT]) < 500
