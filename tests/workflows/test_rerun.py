"""A finished day done again: from what was recorded, as of the moments it was recorded at."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from tests.support.days import (
    EARLY,
    GAMES,
    LATE,
    Trouble,
    World,
    at,
    ended,
    order,
    play,
    runs_of,
    started,
    step,
    until,
    virtual,
    working,
)
from tipoff.vocabulary import Phase, RunState, StepState
from workflows.contracts import Activity, Message, Moment, RecordedBatch, RecordedDay, Rerun
from workflows.daily_pipeline import DailyPipelineWorkflow

BOTH = (EARLY.game_id, LATE.game_id)
RECORDED = RecordedDay(
    games=GAMES,
    batches=(
        RecordedBatch(source="nbac_schedule", batch="nbac_schedule/0", as_of=at(5)),
        RecordedBatch(source="odds_api_player_points_props", batch="odds_api_player_points_props/0", as_of=at(15)),
        RecordedBatch(source="nbac_player_boxscores", batch="nbac_player_boxscores/0", as_of=at(21, 15)),
    ),
    moments=(Moment(as_of=at(13, 15), game_ids=BOTH), Moment(as_of=at(15), game_ids=(LATE.game_id,))),
)


async def test_predictions_are_made_again_as_of_the_moments_they_were_made_at(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.PREDICT, who="Ada"))
    assert played.result.state is RunState.COMPLETE
    for system in ("moving_average", "catboost_v8"):
        assert runs_of(played, system) == [(at(13, 15), BOTH), (at(15), (LATE.game_id,))]
    assert not runs_of(played, "player_daily_cache"), "context is taken as it was recorded"


async def test_a_rerun_asks_no_provider_and_reads_what_was_landed_in_its_order(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.SLATE))
    assert not [deed for deed in played.deeds if deed.activity == Activity.COLLECT]
    read = [(deed.subject, deed.as_of) for deed in played.deeds if deed.activity == Activity.PROCESS]
    assert read == [(batch.source, batch.as_of) for batch in RECORDED.batches]


@pytest.mark.parametrize("phase", list(Phase))
def test_there_is_a_phase_to_start_again_from_for_every_phase(phase: Phase) -> None:
    assert Rerun(from_phase=phase).from_phase is phase


async def test_a_rerun_from_the_grades_predicts_nothing_again(client: Client) -> None:
    played = await play(client, World(recorded=RECORDED), rerun=Rerun(from_phase=Phase.GRADE))
    assert not [deed for deed in played.deeds if deed.activity == Activity.PREDICT]
    assert runs_of(played, "grade") == [(at(21, 15), BOTH)]
    assert step(played.status, "moving_average").reason == "taken as it was recorded"


async def test_a_step_that_fails_in_a_rerun_is_parked_until_a_person_decides(client: Client) -> None:
    world = World(recorded=RECORDED, trouble={"catboost_v8": Trouble()})
    async with working(client, world), started(client, virtual(), Rerun(from_phase=Phase.PREDICT)) as handle:
        status = await until(handle, lambda status: bool(status.attention))
        assert status.attention[0].step == "catboost_v8"
        await handle.execute_update(DailyPipelineWorkflow.skip_step, order(Message.SKIP_STEP, "catboost_v8"))
        played = await ended(handle)
    assert step(played.status, "catboost_v8").state is StepState.SKIPPED
    assert played.result.state is RunState.COMPLETE
    assert len(runs_of(played, "moving_average")) == 2
