"""Days on which the tip-off of a game is not fixed in the morning: the plan follows it, and no time is no end."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from tests.support.days import (
    EARLY,
    LATE,
    MORNING,
    ScriptedResponse,
    World,
    at,
    final_responses,
    happy_script,
    poll_times,
    run_day,
    runs_of,
)
from tipoff.vocabulary import RunState

NOT_FIXED = EARLY.model_copy(update={"tip_off": None})
AFTER_THE_GAMES = ("nbac_player_boxscores", "nbac_team_boxscore", "nbac_play_by_play", "nbac_gamebook_player_stats")


async def test_the_plan_follows_a_tip_off_that_becomes_known_at_noon(client: Client) -> None:
    script = happy_script((EARLY,), lines_at=at(11))
    known = ScriptedResponse(at(12), games=(EARLY,), changed=(EARLY.game_id,))
    script |= {"nbac_schedule": [ScriptedResponse(MORNING, games=(NOT_FIXED,)), known]}
    run = await run_day(client, World(script))
    assert (run.result.state, run.result.slate) == (RunState.COMPLETE, (EARLY,))
    assert run.result.first_published_at is not None
    assert at(8) <= run.result.first_published_at <= at(13, 30)
    assert poll_times(run, "nbac_schedule")[:9] == [at(hour) for hour in (5, 6, 7, 8, 9, 10, 11, 12, 13)]
    (alert,) = (alert for alert in run.status.alerts if alert.key == "nbac_schedule:tip_off_not_fixed")
    assert alert.text.startswith(f"tip-off not fixed: {EARLY.label};")


@pytest.mark.long
async def test_a_day_whose_only_game_never_gets_a_time_publishes_in_time_and_fails_at_its_end(client: Client) -> None:
    script = happy_script((LATE,), lines_at=at(11))
    never = ScriptedResponse(MORNING, missing=(EARLY.game_id,))
    script |= {"nbac_schedule": [ScriptedResponse(MORNING, games=(NOT_FIXED,))], "nbac_scoreboard": [never]}
    script |= {name: [] for name in AFTER_THE_GAMES}
    run = await run_day(client, World(script, unfinished=(EARLY.game_id,)))
    assert run.result.first_published_at is not None
    assert at(8) <= run.result.first_published_at <= at(13, 30)
    assert run.result.state is RunState.FAILED
    assert run.status.sentence == (
        f"ended with no result of {EARLY.label} (tip-off not fixed): neither final nor postponed"
    )
    assert (poll_times(run, "nbac_schedule")[-1], poll_times(run, "nbac_scoreboard")[0]) == (at(23), at(12))


async def test_a_game_that_begins_without_a_fixed_tip_off_is_not_predicted_any_more(client: Client) -> None:
    """The scoreboard shows it in play at 19:00; its lines change at 20:00."""
    begun = NOT_FIXED.model_copy(update={"tip_off": at(19)})
    script = happy_script((EARLY,), lines_at=at(11))
    later_lines = ScriptedResponse(at(20), changed=(EARLY.game_id,))
    script |= {
        "nbac_schedule": [ScriptedResponse(MORNING, games=(NOT_FIXED,))],
        "nbac_injury_report": [ScriptedResponse(MORNING), later_lines],
        "nbac_scoreboard": [
            ScriptedResponse(MORNING, missing=(EARLY.game_id,)),
            ScriptedResponse(at(19), missing=(EARLY.game_id,), games=(begun,)),
            *final_responses((EARLY.model_copy(update={"tip_off": at(21)}),)),
        ],
    }
    run = await run_day(client, World(script))
    assert (run.result.state, run.result.slate) == (RunState.COMPLETE, (begun,))
    assert all(as_of and as_of < at(19) for as_of, _ in runs_of(run, "moving_average"))
