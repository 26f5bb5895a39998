"""A finished day done again: from what was recorded, as of the moments it was recorded at."""

from __future__ import annotations

from temporalio.client import Client

from tests.support.days import (
    EARLY,
    GAMES,
    LATE,
    MORNING,
    Beat,
    Trouble,
    World,
    at,
    command,
    ended,
    part_of,
    play,
    runs_of,
    started,
    step,
    until,
    virtual,
    working,
)
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
        PredictionRun(as_of=at(13, 15), game_ids=BOTH),
        PredictionRun(as_of=at(15), game_ids=(LATE.game_id,)),
    ),
)


async def test_predictions_are_made_again_as_of_the_moments_they_were_made_at(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.PREDICT, who="Ada"))
    assert played.result.state is RunState.COMPLETE
    for system in ("moving_average", "catboost_v8"):
        assert runs_of(played, system) == [(at(13, 15), BOTH), (at(15), (LATE.game_id,))]
    contexts = [as_of for as_of, _ in runs_of(played, "upcoming_player_game_context")]
    assert contexts == [at(13, 15), at(15)], "context is made again as of each moment: it may have changed since"
    assert [(entry.command, entry.target, entry.who) for entry in played.status.audit] == [("rerun", "predict", "Ada")]


async def test_a_rerun_asks_no_provider_and_reads_what_was_landed_in_its_order(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.SLATE))
    assert not [deed for deed in played.deeds if deed.activity == Activity.COLLECT]
    read = [(deed.subject, deed.as_of) for deed in played.deeds if deed.activity == Activity.PROCESS]
    assert read == [(batch.source, batch.as_of) for batch in RECORDED.batches]


async def test_what_was_landed_after_a_moment_is_read_after_it(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.SLATE))
    done = [
        (deed.subject, deed.as_of)
        for deed in played.deeds
        if deed.activity == Activity.PROCESS or deed.subject == "ml_feature_store"
    ]
    assert done == [
        ("nbac_schedule", at(5)),
        ("ml_feature_store", at(13, 15)),
        ("odds_api_player_points_props", at(15)),
        ("ml_feature_store", at(15)),
        ("nbac_player_boxscores", at(21, 15)),
    ]


async def test_an_export_of_a_moment_names_what_the_day_went_without_then(client: Client) -> None:
    without = Degradation(step="odds_api_player_points_props", reason="no lines", since=at(13, 15), resolved_at=at(15))
    recorded = RECORDED.model_copy(update={"degradations": (without,)})
    played = await play(client, World(recorded=recorded), rerun=Rerun(from_phase=Phase.PUBLISH))
    told = [deed.degraded for deed in played.deeds if deed.subject == "predictions"]
    assert told == [("odds_api_player_points_props: no lines",), ()]
    assert played.result.degradations == (without,)


async def test_what_a_day_went_without_is_named_once_however_often_it_is_done_again(client: Client) -> None:
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
    script = {name: [Beat(MORNING)] for name in ("bdl_injuries", "nbac_injury_report", "nbac_live_boxscore")}
    played = await play(client, World(script, recorded=recorded), rerun=Rerun(from_phase=Phase.COLLECT))
    assert played.result.degradations == (without, from_others)


async def test_results_read_again_game_by_game_are_all_covered(client: Client) -> None:
    plays, other = "nbac_play_by_play", "bigdataball_play_by_play"
    games = [part_of(GAMES, MORNING, {game_id}) for game_id in BOTH]
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
    played = await play(client, world, rerun=Rerun(from_phase=Phase.RESULTS))
    told = {name: step(played.status, name) for name in (plays, "nbac_team_boxscore")}
    assert [(each.rows, each.missing_games) for each in told.values()] == [(20, ()), (20, ())]
    assert [each.state for each in told.values()] == [StepState.DEGRADED, StepState.COMPLETE]
    (from_other,) = played.result.degradations
    assert (from_other.step, from_other.games) == (plays, BOTH[1:])


async def test_a_day_that_never_predicted_is_predicted_as_of_now(client: Client) -> None:
    recorded = RECORDED.model_copy(update={"moments": ()})
    played = await play(client, World(recorded=recorded), rerun=Rerun(from_phase=Phase.PREDICT))
    assert runs_of(played, "moving_average") == [(at(5), BOTH)]


async def test_a_rerun_from_the_grades_predicts_nothing_again(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.GRADE))
    assert not [deed for deed in played.deeds if deed.activity == Activity.PREDICT]
    assert runs_of(played, "grade") == [(at(21, 15), BOTH)]
    assert step(played.status, "moving_average").reason == "taken as it was recorded"


async def test_a_critical_step_that_fails_in_a_rerun_is_parked_until_a_person_decides(client: Client) -> None:
    world = World(recorded=RECORDED, trouble={"ml_feature_store": Trouble(until=at(14))})
    async with working(client, world), started(client, virtual(), Rerun(from_phase=Phase.PREDICT)) as handle:
        status = await until(handle, lambda status: bool(status.attention))
        assert status.attention[0].step == "ml_feature_store"
        await handle.execute_update(
            DailyPipelineWorkflow.force_continue, command(CommandName.FORCE_CONTINUE, Phase.PREDICT.value)
        )
        played = await ended(handle)
    assert played.result.state is RunState.COMPLETE
    assert len(runs_of(played, "ml_feature_store")) == 2, "once in vain, once as of the next moment"


async def test_a_system_that_fails_in_a_rerun_holds_nobody(client: Client) -> None:
    world = World(recorded=RECORDED, trouble={"catboost_v8": Trouble()})
    played = await play(client, world, rerun=Rerun(from_phase=Phase.PREDICT))
    assert played.result.state is RunState.COMPLETE
    assert [item.step for item in played.result.attention] == ["catboost_v8"]
    assert len(runs_of(played, "moving_average")) == 2
