"""A day on which everything comes before it is due."""

from __future__ import annotations

from temporalio.client import Client

from tests.support.days import EARLY, GAMES, LATE, Played, at, poll_times, runs_of, step
from tests.support.scenarios import no_games
from tipoff.vocabulary import DataQuality, Phase, RunState, StepState
from workflows.contracts import Activity

BOTH = (EARLY.game_id, LATE.game_id)


async def test_it_ends_complete_with_nothing_gone_without(happy: Played) -> None:
    assert happy.result.state is RunState.COMPLETE
    assert happy.result.data_quality is DataQuality.COMPLETE
    assert happy.result.games == 2
    assert happy.result.degradations == ()
    assert {item.state for item in happy.status.steps} == {StepState.COMPLETE}


async def test_it_predicts_as_soon_as_the_lines_are_there(happy: Played) -> None:
    assert happy.result.first_published_at == at(11)
    for system in ("moving_average", "catboost_v8"):
        assert runs_of(happy, system)[0] == (at(11), BOTH)


async def test_it_asks_for_lines_every_half_hour_until_found_then_every_two_hours_and_before_each_tip(
    happy: Played,
) -> None:
    until_found = [at(8), at(8, 30), at(9), at(9, 30), at(10), at(10, 30), at(11)]
    once_found = [at(12), at(14), at(16), at(18)]
    closes = [at(18, 50), at(19, 20)]
    assert poll_times(happy, "odds_api_player_points_props") == [*until_found, *once_found, *closes]


async def test_an_unchanged_answer_is_not_read_again_and_nothing_runs_for_it(happy: Played) -> None:
    reads = [deed for deed in happy.deeds if deed.activity == Activity.PROCESS]
    assert [deed.subject for deed in reads].count("odds_api_player_points_props") == 1
    assert len(runs_of(happy, "moving_average")) == 1


async def test_games_are_graded_when_the_last_of_them_is_final(happy: Played) -> None:
    assert runs_of(happy, "grade") == [(at(21, 15), BOTH)]
    assert [name for name in ("results", "summary") if runs_of(happy, name) == [(at(21, 15), BOTH)]] == [
        "results",
        "summary",
    ]


async def test_each_step_follows_all_it_needs(happy: Played) -> None:
    command = [deed.subject for deed in happy.deeds if deed.activity not in {Activity.COLLECT, Activity.PLAN_DAY}]
    chain = ["upcoming_player_game_context", "player_daily_cache", "ml_feature_store", "moving_average"]
    assert [command.index(name) for name in chain] == sorted(command.index(name) for name in chain)


async def test_the_morning_knows_no_game_and_the_plan_made_for_the_slate_knows_both(happy: Played) -> None:
    assert happy.status.games == GAMES
    assert [deed.activity for deed in happy.deeds if deed.activity == Activity.PLAN_DAY] == [Activity.PLAN_DAY] * 2
    assert happy.status.phase is Phase.GRADE


async def test_a_date_without_games_is_complete_and_empty_and_says_so(client: Client) -> None:
    played = await no_games(client)
    assert played.result.state is RunState.COMPLETE
    assert played.result.data_quality is DataQuality.EMPTY
    assert played.status.sentence == "complete: no games today"
    assert {deed.subject for deed in played.deeds if deed.activity == Activity.EXPORT} == {"predictions", "page"}
    assert step(played.status, "nbac_schedule").polls == 1
