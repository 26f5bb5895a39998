"""Injury reports that change shortly before a tip-off."""

from __future__ import annotations

from temporalio.client import Client

from tests.support.days import EARLY, LATE, MORNING, ScriptedResponse, World, at, happy_script, run_day, runs_of
from tipoff.vocabulary import RunState

BOTH = (EARLY.game_id, LATE.game_id)


async def test_a_status_that_changes_near_tip_off_is_predicted_and_published_within_minutes(
    client: Client,
) -> None:
    """It changes for both games at 18:47, and again at 19:16, when the first game has begun."""
    script = happy_script(lines_at=at(11))
    script["nbac_injury_report"] = [
        ScriptedResponse(MORNING),
        ScriptedResponse(at(18, 47), changed=BOTH),
        ScriptedResponse(at(19, 16), changed=BOTH),
    ]
    run = await run_day(client, World(script))
    assert run.result.state is RunState.COMPLETE
    late = [predicted for predicted in runs_of(run, "moving_average") if predicted[0] and predicted[0] >= at(18)]
    assert late == [(at(18, 50), BOTH), (at(19, 20), (LATE.game_id,))]
    assert run.result.refreshed_at[-2:] == (at(18, 50), at(19, 20))
