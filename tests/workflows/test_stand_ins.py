"""Sources that refuse or fail, and those that are asked in their place."""

from __future__ import annotations

from temporalio.client import Client

from tests.support.days import (
    GAMES,
    MORNING,
    Beat,
    Played,
    Trouble,
    World,
    at,
    final_beats,
    happy_script,
    looks_at,
    play,
    runs_of,
    step,
    virtual,
)
from tipoff.vocabulary import DataQuality, Outcome, RunState, StepState

PROPS, OTHER_PROPS, OTHER_IDS = (
    *("odds_api_player_points_props", "bettingpros_player_points_props"),
    "bettingpros_events",
)
BLOCKED = Beat(MORNING, Outcome.BLOCKED, reason="the address is refused")
IDS = tuple(game.game_id for game in GAMES)


def world(**beats: list[Beat]) -> World:
    return World({**happy_script(lines_at=at(9)), **beats})


def degraded(played: Played, name: str) -> list[tuple[str, bool]]:
    """Why, and whether it came after all."""
    return [(item.reason, item.resolved_at is not None) for item in played.result.degradations if item.step == name]


async def test_lines_that_one_refuses_come_from_the_other_and_are_followed_there(client: Client) -> None:
    played = await play(
        client, world(**{PROPS: [BLOCKED], OTHER_PROPS: [Beat(at(11)), Beat(at(16), changed=IDS)]}), virtual()
    )
    assert (played.result.state, played.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    assert played.result.first_published_at == at(11)
    assert played.result.refreshed_at[0] == at(16)
    ((reason, resolved),) = degraded(played, PROPS)
    assert reason.startswith("the address is refused; ")
    assert reason.endswith(" games from BettingPros player points")
    assert not resolved
    assert step(played.status, PROPS).state is StepState.DEGRADED
    assert looks_at(played, OTHER_IDS)[0] == looks_at(played, OTHER_PROPS)[0], "it is asked by ids of its own"
    assert played.result.attention == ()


async def test_a_first_choice_that_comes_back_takes_its_place_again(client: Client) -> None:
    back = world(**{PROPS: [BLOCKED, Beat(at(16))], OTHER_PROPS: [Beat(at(11))]})
    played = await play(client, back, virtual())
    assert played.result.data_quality is DataQuality.COMPLETE
    assert [resolved for _, resolved in degraded(played, PROPS)] == [True]
    assert max(look for look in looks_at(played, OTHER_PROPS) if look) < at(16)


async def test_lines_that_are_only_late_are_asked_of_the_other_when_it_is_late_and_not_before(client: Client) -> None:
    played = await play(client, world(**{PROPS: [Beat(at(15))], OTHER_PROPS: [Beat(MORNING)]}), virtual())
    asked = [look for look in looks_at(played, OTHER_PROPS) if look]
    soft = step(played.status, PROPS).soft_deadline
    assert soft is not None
    assert soft <= asked[0] < at(15)
    assert played.result.first_published_at == asked[0]


async def test_a_source_that_fails_for_good_is_not_parked_where_another_has_it_all(client: Client) -> None:
    failing = world(**{OTHER_PROPS: [Beat(at(9))]})
    failing.trouble = {PROPS: Trouble()}
    played = await play(client, failing, virtual())
    assert (played.result.state, played.result.attention) == (RunState.COMPLETE, ())
    ((reason, _),) = degraded(played, PROPS)
    assert reason.startswith("ContractError: the file is corrupt; ")
    assert reason.endswith(" games from BettingPros player points")


async def test_results_come_from_the_first_of_the_chain_that_has_them(client: Client) -> None:
    chain = {
        "nbac_player_boxscores": [BLOCKED],
        "nbac_live_boxscore": [BLOCKED],
        "bdl_player_boxscores": final_beats(GAMES),
        "espn_boxscores": final_beats(GAMES),
    }
    played = await play(client, world(**chain), virtual())
    assert played.result.state is RunState.COMPLETE
    assert looks_at(played, "espn_boxscores") == []
    assert runs_of(played, "grade")[-1][1] == IDS
    assert "games from balldontlie player box scores" in degraded(played, "nbac_player_boxscores")[0][0]


async def test_a_slate_that_the_league_does_not_tell_is_taken_from_the_other(client: Client) -> None:
    chain = {"nbac_schedule": [BLOCKED], "espn_schedule": [Beat(MORNING, games=GAMES)]}
    played = await play(client, world(**chain), virtual())
    assert (played.result.state, played.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    assert played.result.games == 2
    assert played.result.first_published_at is not None
    (gone_without,) = (item for item in played.result.degradations if item.step == "nbac_schedule")
    assert gone_without.reason.endswith("from ESPN schedule")
    assert gone_without.games == IDS
    assert len(looks_at(played, "espn_schedule")) > 1, "it may tell of a postponed game"


async def test_a_refused_key_calls_a_person_though_another_has_the_lines(client: Client) -> None:
    refused = Beat(MORNING, Outcome.BAD_KEY, reason="INVALID_KEY")
    played = await play(client, world(**{PROPS: [refused], OTHER_PROPS: [Beat(at(9))]}), virtual())
    assert played.result.first_published_at == at(9)
    assert [item.step for item in played.result.attention] == [PROPS]
    assert len(looks_at(played, PROPS)) == 1, "it is asked once and left alone"
    assert len(looks_at(played, OTHER_PROPS)) > 1


async def test_a_player_list_that_is_dead_all_day_holds_up_nobody_until_all_are_given_up(client: Client) -> None:
    played = await play(client, world(nbac_player_list_current=[BLOCKED]), virtual())
    assert {item.step for item in played.result.degradations} == {"nbac_player_list_current"}
    due = played.status.predictions_due
    assert due is not None
    assert played.result.first_published_at is not None
    assert played.result.first_published_at <= due
