"""Re-runs of an ended day, from its landed batches as of the recorded times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowFailureError

from tests.support.days import (
    EARLY,
    GAMES,
    LATE,
    MORNING,
    ScriptedFailure,
    ScriptedResponse,
    World,
    at,
    command,
    partial_response,
    poll_times,
    run_day,
    runs_of,
    serving,
    started_day,
    step,
    virtual,
    wait_for_end,
    wait_until,
)
from tipoff.systems.registry import SYSTEMS
from tipoff.vocabulary import Degradation, Phase, PredictionRun, RecordedBatch, RecordedDay, RunState, StepState
from workflows.contracts import Activity, CommandName, Rerun
from workflows.daily_pipeline import DailyPipelineWorkflow

BOTH = (EARLY.game_id, LATE.game_id)
RECORDED = RecordedDay(
    games=GAMES,
    batches=(
        RecordedBatch(source="nbac_schedule", batch_key="nbac_schedule/0", as_of=at(5)),
        RecordedBatch(source="odds_api_player_points_props", batch_key="odds_api_player_points_props/0", as_of=at(15)),
        RecordedBatch(source="nbac_player_boxscores", batch_key="nbac_player_boxscores/0", as_of=at(21, 15)),
    ),
    prediction_runs=(
        PredictionRun(as_of=at(13, 15), game_ids=BOTH, systems=tuple(SYSTEMS)),
        PredictionRun(as_of=at(15), game_ids=(LATE.game_id,), systems=tuple(SYSTEMS)),
    ),
)


async def test_predictions_are_repeated_as_of_their_recorded_times(client: Client) -> None:
    run = await run_day(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.PREDICT, who="Ada"))
    assert run.result.state is RunState.COMPLETE
    for system in ("moving_average", "catboost_v8"):
        assert runs_of(run, system) == [(at(13, 15), BOTH), (at(15), (LATE.game_id,))]
    contexts = [as_of for as_of, _ in runs_of(run, "upcoming_player_game_context")]
    assert contexts == [at(13, 15), at(15)], "context is computed as of each prediction: it may have changed since"
    assert [(entry.command, entry.target, entry.who) for entry in run.status.audit] == [("rerun", "predict", "Ada")]


async def test_each_system_repeats_its_own_predictions(client: Client) -> None:
    """One predicted later than the other, as after a training."""
    first, second = at(13, 15), at(14)
    runs = (
        PredictionRun(as_of=first, game_ids=BOTH, systems=("moving_average",)),
        PredictionRun(as_of=second, game_ids=BOTH, systems=("catboost_v8",)),
    )
    recorded = RECORDED.model_copy(update={"prediction_runs": runs})
    run = await run_day(client, World(recorded=recorded), rerun=Rerun(from_phase=Phase.PREDICT))
    assert runs_of(run, "moving_average") == [(first, BOTH)]
    assert runs_of(run, "catboost_v8") == [(second, BOTH)]


async def test_a_rerun_polls_no_provider_and_processes_batches_in_order(client: Client) -> None:
    run = await run_day(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.SLATE))
    assert not [each for each in run.scheduled_activities if each.activity == Activity.COLLECT]
    read = [(each.subject, each.as_of) for each in run.scheduled_activities if each.activity == Activity.PROCESS]
    assert read == [(batch.source, batch.as_of) for batch in RECORDED.batches]


async def test_a_batch_landed_after_a_prediction_is_processed_after_it(client: Client) -> None:
    run = await run_day(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.SLATE))
    done = [
        (each.subject, each.as_of)
        for each in run.scheduled_activities
        if each.activity == Activity.PROCESS or each.subject == "ml_feature_store"
    ]
    assert done == [
        ("nbac_schedule", at(5)),
        ("ml_feature_store", at(13, 15)),
        ("odds_api_player_points_props", at(15)),
        ("ml_feature_store", at(15)),
        ("nbac_player_boxscores", at(21, 15)),
    ]


async def test_an_export_names_the_degradations_at_its_time(client: Client) -> None:
    without = Degradation(step="odds_api_player_points_props", reason="no lines", since=at(13, 15), resolved_at=at(15))
    recorded = RECORDED.model_copy(update={"degradations": (without,)})
    run = await run_day(client, World(recorded=recorded), rerun=Rerun(from_phase=Phase.PUBLISH))
    reasons = [each.degraded for each in run.scheduled_activities if each.subject == "predictions"]
    assert reasons == [("odds_api_player_points_props: no lines",), ()]
    assert run.result.degradations == (without,)


async def test_a_degradation_is_recorded_once_however_often_the_day_is_rerun(client: Client) -> None:
    without = Degradation(step="nbac_injury_report", reason="blocked", games=BOTH, since=at(10), resolved_at=at(13))
    from_others = Degradation(step="nbac_player_boxscores", reason="blocked", games=BOTH[:1], since=at(21))
    recorded = RECORDED.model_copy(
        update={
            "degradations": (without, from_others),
            "batches": (
                RecordedBatch(source="bdl_injuries", batch_key="bdl_injuries/0", as_of=at(9, 59)),
                RecordedBatch(source="nbac_injury_report", batch_key="nbac_injury_report/0", as_of=at(13)),
                RecordedBatch(source="nbac_live_boxscore", batch_key="nbac_live_boxscore/0", as_of=at(21)),
            ),
        }
    )
    script = {
        name: [ScriptedResponse(MORNING)] for name in ("bdl_injuries", "nbac_injury_report", "nbac_live_boxscore")
    }
    run = await run_day(client, World(script, recorded=recorded), rerun=Rerun(from_phase=Phase.COLLECT))
    assert run.result.degradations == (without, from_others)


async def test_results_processed_again_game_by_game_cover_all_games(client: Client) -> None:
    plays, other = "nbac_play_by_play", "bigdataball_play_by_play"
    games = [partial_response(GAMES, MORNING, {game_id}) for game_id in BOTH]
    batches = ((plays, 0), (other, 1), ("nbac_team_boxscore", 0), ("nbac_team_boxscore", 1))
    recorded = RECORDED.model_copy(
        update={
            "batches": tuple(
                RecordedBatch(source=source, batch_key=f"{source}/{index}", as_of=at(22, minute))
                for minute, (source, index) in enumerate(batches)
            )
        }
    )
    world = World({plays: games, other: games, "nbac_team_boxscore": games}, recorded=recorded)
    run = await run_day(client, world, rerun=Rerun(from_phase=Phase.RESULTS))
    steps = {name: step(run.status, name) for name in (plays, "nbac_team_boxscore")}
    assert [(each.rows, each.missing_games) for each in steps.values()] == [(20, ()), (20, ())]
    assert [each.state for each in steps.values()] == [StepState.DEGRADED, StepState.COMPLETE]
    (from_other,) = run.result.degradations
    assert (from_other.step, from_other.games) == (plays, BOTH[1:])


async def test_a_day_without_predictions_is_predicted_as_of_now(client: Client) -> None:
    recorded = RECORDED.model_copy(update={"prediction_runs": ()})
    run = await run_day(client, World(recorded=recorded), rerun=Rerun(from_phase=Phase.PREDICT))
    assert runs_of(run, "moving_average") == [(at(5), BOTH)]


async def test_a_rerun_from_the_grade_phase_predicts_nothing(client: Client) -> None:
    run = await run_day(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.GRADE))
    assert not [each for each in run.scheduled_activities if each.activity == Activity.PREDICT]
    assert runs_of(run, "grade") == [(at(21, 15), BOTH)]
    assert step(run.status, "moving_average").reason == "kept as recorded, not re-run"


async def test_a_rerun_to_a_phase_ends_complete_after_it(client: Client) -> None:
    phases = Rerun(from_phase=Phase.CONTEXT, to_phase=Phase.PREDICT, who="Ada")
    run = await run_day(client, World(recorded=RECORDED), rerun=phases)
    assert run.result.state is RunState.COMPLETE
    assert runs_of(run, "moving_average") == [(at(13, 15), BOTH), (at(15), (LATE.game_id,))]
    assert {each.phase for each in run.status.steps} == {*Phase} - {
        *(Phase.PUBLISH, Phase.FOLLOW, Phase.RESULTS, Phase.GRADE)
    }
    assert [entry.result for entry in run.status.audit] == ["re-run context to predict"]


async def test_a_critical_step_that_fails_in_a_rerun_is_parked_until_an_operator_decides(client: Client) -> None:
    world = World(recorded=RECORDED, failures={"ml_feature_store": ScriptedFailure(until=at(14))})
    async with serving(client, world), started_day(client, virtual(), Rerun(from_phase=Phase.PREDICT)) as handle:
        status = await wait_until(handle, lambda status: bool(status.attention))
        assert status.attention[0].step == "ml_feature_store"
        await handle.execute_update(
            DailyPipelineWorkflow.force_continue, command(CommandName.FORCE_CONTINUE, Phase.PREDICT.value)
        )
        run = await wait_for_end(handle)
    assert run.result.state is RunState.COMPLETE
    assert len(runs_of(run, "ml_feature_store")) == 2, "one failed run and one as of the next prediction"


async def test_a_system_that_fails_in_a_rerun_delays_nothing(client: Client) -> None:
    world = World(recorded=RECORDED, failures={"catboost_v8": ScriptedFailure()})
    run = await run_day(client, world, rerun=Rerun(from_phase=Phase.PREDICT))
    assert run.result.state is RunState.COMPLETE
    assert [item.step for item in run.result.attention] == ["catboost_v8"]
    assert len(runs_of(run, "moving_average")) == 2


async def test_one_step_is_rerun_with_what_depends_on_it(client: Client) -> None:
    run = await run_day(client, World(recorded=RECORDED), rerun=Rerun(step="catboost_v8", who="Ada"))
    assert run.result.state is RunState.COMPLETE
    assert runs_of(run, "catboost_v8") == [(at(13, 15), BOTH), (at(15), (LATE.game_id,))]
    assert runs_of(run, "moving_average") == []
    assert [(entry.target, entry.result) for entry in run.status.audit] == [
        ("catboost_v8", "re-run of catboost_v8 and what depends on it")
    ]


async def test_a_rerun_of_results_polls_for_the_games_that_no_landed_batch_has(client: Client) -> None:
    """Before the games there are none, so the clock of this re-run stands after them."""
    script = {"nbac_play_by_play": [ScriptedResponse(at(23))]}
    night = virtual().model_copy(update={"starts_at": at(24 + 1)})
    run = await run_day(client, World(script, recorded=RECORDED), night, rerun=Rerun(step="nbac_play_by_play"))
    assert poll_times(run, "nbac_play_by_play") == [at(24 + 1)]
    assert step(run.status, "nbac_play_by_play").state is StepState.COMPLETE
    assert [name for name in {each.subject for each in run.scheduled_activities} if name.startswith("odds_")] == []


async def test_an_unknown_step_fails_the_rerun_with_a_hint(client: Client) -> None:
    async with serving(client, World(recorded=RECORDED)), started_day(client, virtual(), Rerun(step="grad")) as handle:
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    assert "no step 'grad'" in str(failed.value.cause)


NEVER_RAN = RecordedDay(games=GAMES, batches=(), prediction_runs=(), has_run=False)
LATER = virtual().model_copy(update={"starts_at": at(24 + 20)})


async def test_a_past_date_that_never_ran_is_backfilled(client: Client) -> None:
    run = await run_day(client, World(recorded=NEVER_RAN, landed=frozenset()), LATER, Rerun(who="Ada"))
    assert run.result.state is RunState.COMPLETE
    assert run.status.backfilled
    assert run.status.sentence == "complete: 2 games (backfilled)"
    assert poll_times(run, "nbac_player_boxscores") == [at(24 + 20)]
    assert [entry.result for entry in run.status.audit] == ["it never ran: the date is backfilled"]


async def test_a_past_date_that_was_imported_is_computed_from_what_is_stored(client: Client) -> None:
    phases = Rerun(from_phase=Phase.CONTEXT, to_phase=Phase.PREDICT)
    run = await run_day(client, World(recorded=NEVER_RAN), LATER, phases)
    assert (run.result.state, run.status.backfilled) == (RunState.COMPLETE, True)
    assert not [each for each in run.scheduled_activities if each.activity == Activity.COLLECT]
    assert runs_of(run, "ml_feature_store") == [(at(19) - timedelta(seconds=1), BOTH)]
    assert runs_of(run, "moving_average") == [(at(24 + 20), BOTH)], "the predictions tell when they were made"


async def test_a_backfill_to_a_phase_runs_no_later_step(client: Client) -> None:
    run = await run_day(client, World(recorded=NEVER_RAN), LATER, Rerun(to_phase=Phase.PREDICT))
    assert run.result.state is RunState.COMPLETE
    assert poll_times(run, "nbac_schedule") == [at(24 + 20)]
    assert len(runs_of(run, "catboost_v8")) == 1
    assert {"predictions", "grade", "nbac_player_boxscores"}.isdisjoint(
        each.subject for each in run.scheduled_activities
    )


async def test_a_date_that_is_not_over_and_recorded_nothing_is_not_rerun(client: Client) -> None:
    async with serving(client, World(recorded=NEVER_RAN)), started_day(client, virtual(), Rerun()) as handle:
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    assert "nothing was recorded of 2024-03-29" in str(failed.value.cause)


async def test_a_rerun_of_a_backfilled_day_repeats_it_and_reads_nothing_landed_later(client: Client) -> None:
    collected = RecordedBatch(source="espn_team_rosters", batch_key="espn_team_rosters/0", as_of=at(24 + 20))
    results = RecordedBatch(source="nbac_player_boxscores", batch_key="nbac_player_boxscores/0", as_of=at(24 + 20))
    predicted = at(24 + 20, 1)
    recorded = RecordedDay(
        games=GAMES,
        batches=(collected, results),
        prediction_runs=(PredictionRun(as_of=predicted, game_ids=BOTH, systems=tuple(SYSTEMS)),),
        backfilled=True,
    )
    run = await run_day(client, World(recorded=recorded), rerun=Rerun())
    assert run.result.state is RunState.COMPLETE
    assert run.status.backfilled
    processed = [each.subject for each in run.scheduled_activities if each.activity == Activity.PROCESS]
    assert processed == ["nbac_player_boxscores"]
    assert runs_of(run, "ml_feature_store") == [(at(19) - timedelta(seconds=1), BOTH)]
    assert runs_of(run, "moving_average") == [(predicted, BOTH)]
    assert runs_of(run, "grade") == [(predicted, BOTH)], "no earlier than the predictions that it grades"
