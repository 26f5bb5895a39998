"""Sources that refuse or fail, and those that are asked in their place."""

from __future__ import annotations

from datetime import datetime, timedelta

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
    part_of,
    play,
    poll_times,
    runs_of,
    says,
    step,
    virtual,
)
from tipoff.vocabulary import DataQuality, Outcome, RunState, StepState
from workflows.contracts import Activity, CollectRequest, CommandName

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


def games_asked(played: Played, source: str, moment: datetime) -> tuple[str, ...]:
    """The games that a source was asked about at a moment."""
    scheduled = [event.activity_task_scheduled_event_attributes for event in played.history.events]
    polls = [each.input.payloads[0].data for each in scheduled if each.activity_type.name == Activity.COLLECT]
    (poll,) = (
        poll for poll in map(CollectRequest.model_validate_json, polls) if (poll.source, poll.as_of) == (source, moment)
    )
    return tuple(game.game_id for game in poll.games)


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
    assert poll_times(played, OTHER_IDS)[0] == poll_times(played, OTHER_PROPS)[0], "it is asked by ids of its own"
    assert played.result.attention == ()


async def test_a_first_choice_that_comes_back_takes_its_place_again(client: Client) -> None:
    back = world(**{PROPS: [BLOCKED, Beat(at(16))], OTHER_PROPS: [Beat(at(11))]})
    played = await play(client, back, virtual())
    assert played.result.data_quality is DataQuality.COMPLETE
    assert [resolved for _, resolved in degraded(played, PROPS)] == [True]
    assert max(poll for poll in poll_times(played, OTHER_PROPS) if poll) < at(16)


async def test_a_report_that_is_refused_after_its_first_success_is_had_of_another_before_it_is_predicted_from(
    client: Client,
) -> None:
    report = [Beat(MORNING), BLOCKED._replace(since=at(9))]
    played = await play(client, world(nbac_injury_report=report, bdl_injuries=[Beat(at(9))]), virtual())
    asked = poll_times(played, "bdl_injuries")
    due = played.status.predictions_due
    assert due is not None
    assert at(10) < min(poll for poll in asked if poll) < due
    ((reason, _),) = degraded(played, "nbac_injury_report")
    assert reason.startswith("the address is refused; ")
    assert reason.endswith(" games from balldontlie injuries")


async def test_while_a_provider_that_blocked_rests_the_other_is_asked_as_often_as_it_would_be(client: Client) -> None:
    blocked = BLOCKED._replace(retry_after=timedelta(hours=2))
    report = {"nbac_injury_report": [blocked], "bdl_injuries": [Beat(MORNING)]}
    played = await play(client, world(**report), virtual())
    assert poll_times(played, "nbac_injury_report") == [at(hour) for hour in range(8, 20, 2)]
    before_the_tip = [poll for poll in poll_times(played, "bdl_injuries") if poll and poll >= at(17, 30)]
    assert before_the_tip[:6] == [at(17, 30), at(17, 45), at(18), at(18, 15), at(18, 30), at(18, 45)]


async def test_the_same_answer_is_read_again_where_another_source_of_the_chain_was_read_since(client: Client) -> None:
    report = [BLOCKED, Beat(at(9)), BLOCKED._replace(since=at(11)), Beat(at(15))]
    played = await play(client, world(nbac_injury_report=report, bdl_injuries=[Beat(MORNING)]), virtual())
    read = [
        (deed.subject, deed.as_of)
        for deed in played.deeds
        if deed.activity == Activity.PROCESS and deed.subject in ("nbac_injury_report", "bdl_injuries")
    ]
    assert [source for source, _ in read] == ["bdl_injuries", "nbac_injury_report"] * 2


async def test_a_report_that_nobody_has_any_more_is_gone_without_by_name(client: Client) -> None:
    report = [Beat(MORNING), BLOCKED._replace(since=at(9))]
    played = await play(client, world(nbac_injury_report=report), virtual())
    assert (played.result.state, played.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    ((reason, _),) = degraded(played, "nbac_injury_report")
    assert reason.endswith("going on with what came by 08:00 ET")


async def test_lines_that_are_only_late_are_asked_of_the_other_when_it_is_late_and_not_before(client: Client) -> None:
    played = await play(client, world(**{PROPS: [Beat(at(15))], OTHER_PROPS: [Beat(MORNING)]}), virtual())
    asked = [poll for poll in poll_times(played, OTHER_PROPS) if poll]
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
    assert poll_times(played, "espn_boxscores") == []
    assert runs_of(played, "grade")[-1][1] == IDS
    assert "games from balldontlie player box scores" in degraded(played, "nbac_player_boxscores")[0][0]


async def test_results_that_another_brings_game_by_game_are_all_named_and_all_looked_for_still(client: Client) -> None:
    first, both = at(26), at(28)
    chain = {
        "nbac_play_by_play": [BLOCKED],
        "bigdataball_play_by_play": [part_of(GAMES, first, {IDS[0]}), part_of(GAMES, both, set(IDS))],
    }
    played = await play(client, world(**chain), virtual())
    (gone_without,) = (item for item in played.result.degradations if item.step == "nbac_play_by_play")
    assert gone_without.games == IDS
    last = max(poll for poll in poll_times(played, "nbac_play_by_play") if poll)
    assert last > both
    assert games_asked(played, "nbac_play_by_play", last) == IDS


async def test_what_a_person_has_read_again_is_read_again_though_it_is_complete_or_from_another(client: Client) -> None:
    others = {"nbac_player_boxscores": [BLOCKED], "nbac_live_boxscore": [BLOCKED]}
    again = ("nbac_player_boxscores", "nbac_gamebook_player_stats")
    played = await play(
        client,
        world(**others, bdl_player_boxscores=final_beats(GAMES)),
        virtual(*(says(at(24), CommandName.RETRY_STEP, name) for name in again)),
    )
    for name in ("nbac_player_boxscores", "nbac_gamebook_player_stats", "bdl_player_boxscores"):
        assert games_asked(played, name, at(24)) == IDS, name
    assert at(24, 30) not in poll_times(played, "bdl_player_boxscores"), "by itself it asks for results once"


async def test_a_slate_that_the_league_does_not_tell_is_taken_from_the_other(client: Client) -> None:
    chain = {"nbac_schedule": [BLOCKED], "espn_schedule": [Beat(MORNING, games=GAMES)]}
    played = await play(client, world(**chain), virtual())
    assert (played.result.state, played.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    assert played.result.games == 2
    assert played.result.first_published_at is not None
    (gone_without,) = (item for item in played.result.degradations if item.step == "nbac_schedule")
    assert gone_without.reason.endswith("from ESPN schedule")
    assert gone_without.games == IDS
    assert len(poll_times(played, "espn_schedule")) > 1, "it may tell of a postponed game"


async def test_a_refused_key_calls_a_person_though_another_has_the_lines(client: Client) -> None:
    refused = Beat(MORNING, Outcome.BAD_KEY, reason="INVALID_KEY")
    blind = world(**{PROPS: [refused], OTHER_PROPS: [Beat(at(9))]})
    played = await play(client, blind, virtual())
    assert played.result.first_published_at == at(9)
    assert [item.step for item in played.result.attention] == [PROPS]
    assert len(poll_times(played, PROPS)) == 1, "it is asked once and left alone"
    assert len(poll_times(played, OTHER_PROPS)) > 1
    told = {item.reason for each in blind.statuses for item in each.status.attention}
    assert max(reason.count("games from") for reason in told) == 1, "the reason does not grow from look to look"


async def test_a_player_list_that_is_dead_all_day_holds_up_nobody_until_all_are_given_up(client: Client) -> None:
    played = await play(client, world(nbac_player_list_current=[BLOCKED]), virtual())
    assert {item.step for item in played.result.degradations} == {"nbac_player_list_current"}
    due = played.status.predictions_due
    assert due is not None
    assert played.result.first_published_at is not None
    assert played.result.first_published_at <= due
