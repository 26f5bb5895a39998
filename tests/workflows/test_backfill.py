"""Days whose run starts after the games."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio.client import Client

from tests.support.days import (
    GAMES,
    MORNING,
    DayRun,
    ScriptedResponse,
    World,
    at,
    happy_script,
    poll_times,
    run_day,
    runs_of,
    step,
)
from tipoff.systems.registry import ENSEMBLE, SYSTEMS
from tipoff.vocabulary import RunState, StepState
from workflows.contracts import Activity, ClockSpec

START = at(24 + 20)
"""In the evening of the next day."""
IDS = tuple(game.game_id for game in GAMES)
KNOWN_BY = at(19) - timedelta(seconds=1)
"""The second before the first tip-off."""
NOT_LANDED = {
    *("nbac_player_list_current", "espn_team_rosters", "nbac_injury_report", "nbac_standings"),
    *("nbac_player_movement", "odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"),
}
"""The steps that request nothing once the games have begun."""


async def backfill(client: Client, world: World, start: datetime = START) -> DayRun:
    return await run_day(client, world, ClockSpec(starts_at=start))


def nothing_landed() -> World:
    """Of sources that do not answer for a past date nothing was landed."""
    return World(landed=frozenset())


async def test_a_past_date_is_collected_predicted_and_graded_at_once(client: Client) -> None:
    run = await backfill(client, nothing_landed())
    assert run.result.state is RunState.COMPLETE
    assert run.status.now == START, "nothing was waited for"
    assert run.result.first_published_at == START
    assert runs_of(run, "grade") == [(START, IDS)]
    assert {item.step for item in run.result.degradations} == NOT_LANDED


async def test_inputs_are_read_as_of_the_second_before_the_first_tip_off(client: Client) -> None:
    run = await backfill(client, nothing_landed())
    for table in ("upcoming_team_game_context", "upcoming_player_game_context", "ml_feature_store"):
        assert runs_of(run, table) == [(KNOWN_BY, IDS)]
    assert runs_of(run, "moving_average") == [(START, IDS)], "the predictions tell when they were made"
    assert runs_of(run, "team_offense_game_summary") == [(KNOWN_BY, IDS), (START, IDS)], "of past games, and results"


async def test_what_speaks_about_now_is_read_from_landing_and_nothing_follows_the_games(client: Client) -> None:
    world = World(landed=frozenset({"odds_api_player_points_props", "nbac_player_list_current"}))
    run = await backfill(client, world)
    assert world.landed_by == dict.fromkeys(
        (
            *("nbac_player_list_current", "espn_team_rosters", "nbac_injury_report", "bdl_injuries", "nbac_standings"),
            *("nbac_player_movement", "odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"),
        ),
        KNOWN_BY,
    )
    assert poll_times(run, "nbac_scoreboard") == []
    lines = step(run.status, "odds_api_player_points_props")
    assert (lines.state, lines.rows) == (StepState.COMPLETE, 20)


async def test_models_are_trained_once_before_the_systems_predict_and_the_ensemble_is_the_last(client: Client) -> None:
    run = await backfill(client, nothing_landed())
    kinds = (Activity.TRAIN, Activity.PREDICT)
    order = [(each.activity, each.subject) for each in run.scheduled_activities if each.activity in kinds]
    training, *predicted = order
    assert training[0] == Activity.TRAIN
    assert sorted(subject for _, subject in predicted) == sorted(SYSTEMS)
    assert predicted[-1] == (Activity.PREDICT, ENSEMBLE)


async def test_results_that_come_back_after_an_outage_end_the_day(client: Client) -> None:
    world = nothing_landed()
    back = START + timedelta(minutes=25)
    world.script = {**world.script, "nbac_player_boxscores": [ScriptedResponse(back)]}
    run = await backfill(client, world)
    assert run.result.state is RunState.COMPLETE
    assert run.status.now == START + timedelta(minutes=30)


async def test_results_that_never_come_end_the_day_failed_after_a_few_hours(client: Client) -> None:
    world = nothing_landed()
    world.script = {**world.script, "nbac_player_boxscores": []}
    world.unfinished = IDS
    run = await backfill(client, world)
    assert run.result.state is RunState.FAILED
    assert run.status.now == START + timedelta(hours=3)
    assert "no result of" in run.status.sentence


async def test_a_run_that_starts_during_the_games_follows_them_and_reads_the_inputs_from_landing(
    client: Client,
) -> None:
    start = at(19, 31)
    world = nothing_landed()
    run = await backfill(client, world, start)
    assert run.result.state is RunState.COMPLETE
    assert min(time for time in poll_times(run, "nbac_scoreboard") if time) >= start
    assert runs_of(run, "ml_feature_store") == [(KNOWN_BY, IDS)]
    assert set(world.landed_by.values()) == {KNOWN_BY}
    assert {item.step for item in run.result.degradations} == NOT_LANDED
    assert runs_of(run, "announcement") == runs_of(run, "predictions") == [(start, IDS)]
    assert [alert.key for alert in run.status.alerts if alert.key.endswith(":overdue")] == []


async def test_a_past_date_without_games_is_complete_and_empty(client: Client) -> None:
    world = World({**happy_script(), "nbac_schedule": [ScriptedResponse(MORNING, games=())]})
    run = await backfill(client, world)
    assert (run.result.state, run.result.games) == (RunState.COMPLETE, 0)
    assert run.status.sentence == "complete: no games on this date"
