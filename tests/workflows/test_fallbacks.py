"""Sources that refuse or fail, and their fallback sources."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio.client import Client

from tests.support.days import (
    GAMES,
    MORNING,
    DayRun,
    ScriptedFailure,
    ScriptedResponse,
    World,
    at,
    final_responses,
    happy_script,
    partial_response,
    poll_times,
    run_day,
    runs_of,
    scheduled_command,
    step,
    virtual,
)
from tipoff.vocabulary import DataQuality, Outcome, RunState, StepState
from workflows.contracts import Activity, CollectRequest, CommandName

PROPS, FALLBACK_PROPS, FALLBACK_IDS = (
    *("odds_api_player_points_props", "bettingpros_player_points_props"),
    "bettingpros_events",
)
BLOCKED = ScriptedResponse(MORNING, Outcome.BLOCKED, reason="the address is refused")
IDS = tuple(game.game_id for game in GAMES)


def world(**responses: list[ScriptedResponse]) -> World:
    return World({**happy_script(lines_at=at(9)), **responses})


def degraded(run: DayRun, name: str) -> list[tuple[str, bool]]:
    """The reason of each degradation and whether it was resolved."""
    return [(item.reason, item.resolved_at is not None) for item in run.result.degradations if item.step == name]


def games_polled(run: DayRun, source: str, as_of: datetime) -> tuple[str, ...]:
    """The games that a source was polled for at a time."""
    scheduled = [event.activity_task_scheduled_event_attributes for event in run.history.events]
    polls = [each.input.payloads[0].data for each in scheduled if each.activity_type.name == Activity.COLLECT]
    (poll,) = (
        poll for poll in map(CollectRequest.model_validate_json, polls) if (poll.source, poll.as_of) == (source, as_of)
    )
    return tuple(game.game_id for game in poll.games)


async def test_refused_lines_come_from_the_fallback_source_and_are_refreshed_there(client: Client) -> None:
    run = await run_day(
        client,
        world(**{PROPS: [BLOCKED], FALLBACK_PROPS: [ScriptedResponse(at(11)), ScriptedResponse(at(16), changed=IDS)]}),
        virtual(),
    )
    assert (run.result.state, run.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    assert run.result.first_published_at == at(11)
    assert run.result.refreshed_at[0] == at(16)
    ((reason, resolved),) = degraded(run, PROPS)
    assert reason.startswith("the address is refused; ")
    assert reason.endswith(" games from BettingPros player points (bettingpros_player_points_props)")
    assert not resolved
    assert step(run.status, PROPS).state is StepState.DEGRADED
    assert poll_times(run, FALLBACK_IDS)[0] == poll_times(run, FALLBACK_PROPS)[0], "it is polled by its own ids"
    assert run.result.attention == ()


async def test_a_primary_source_that_recovers_replaces_its_fallback(client: Client) -> None:
    recovering = world(**{PROPS: [BLOCKED, ScriptedResponse(at(16))], FALLBACK_PROPS: [ScriptedResponse(at(11))]})
    run = await run_day(client, recovering, virtual())
    assert run.result.data_quality is DataQuality.COMPLETE
    assert [resolved for _, resolved in degraded(run, PROPS)] == [True]
    assert max(poll for poll in poll_times(run, FALLBACK_PROPS) if poll) < at(16)


async def test_a_report_refused_after_its_first_success_comes_from_the_fallback_before_the_prediction(
    client: Client,
) -> None:
    report = [ScriptedResponse(MORNING), BLOCKED._replace(since=at(9))]
    run = await run_day(client, world(nbac_injury_report=report, bdl_injuries=[ScriptedResponse(at(9))]), virtual())
    polls = poll_times(run, "bdl_injuries")
    due = run.status.predictions_due
    assert due is not None
    assert at(10) < min(poll for poll in polls if poll) < due
    ((reason, _),) = degraded(run, "nbac_injury_report")
    assert reason.startswith("the address is refused; ")
    assert reason.endswith(" games from balldontlie injuries (bdl_injuries)")


async def test_during_a_cooldown_the_fallback_source_is_polled_at_the_usual_times(client: Client) -> None:
    blocked = BLOCKED._replace(retry_after=timedelta(hours=2))
    report = {"nbac_injury_report": [blocked], "bdl_injuries": [ScriptedResponse(MORNING)]}
    run = await run_day(client, world(**report), virtual())
    assert poll_times(run, "nbac_injury_report") == [at(hour) for hour in range(8, 20, 2)]
    before_the_tip = [poll for poll in poll_times(run, "bdl_injuries") if poll and poll >= at(17, 30)]
    assert before_the_tip[:6] == [at(17, 35), at(17, 50), at(18), at(18, 5), at(18, 20), at(18, 35)]


async def test_an_unchanged_batch_is_processed_again_after_another_source_of_its_chain(client: Client) -> None:
    report = [BLOCKED, ScriptedResponse(at(9)), BLOCKED._replace(since=at(11)), ScriptedResponse(at(15))]
    run = await run_day(client, world(nbac_injury_report=report, bdl_injuries=[ScriptedResponse(MORNING)]), virtual())
    read = [
        (each.subject, each.as_of)
        for each in run.scheduled_activities
        if each.activity == Activity.PROCESS and each.subject in ("nbac_injury_report", "bdl_injuries")
    ]
    assert [source for source, _ in read] == ["bdl_injuries", "nbac_injury_report"] * 2


async def test_a_report_that_no_source_has_any_more_degrades_the_day(client: Client) -> None:
    report = [ScriptedResponse(MORNING), BLOCKED._replace(since=at(9))]
    run = await run_day(client, world(nbac_injury_report=report), virtual())
    assert (run.result.state, run.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    ((reason, _),) = degraded(run, "nbac_injury_report")
    assert reason.endswith("using the data of 08:00 ET")


async def test_the_fallback_source_of_late_lines_is_polled_from_the_soft_deadline_on(client: Client) -> None:
    run = await run_day(
        client, world(**{PROPS: [ScriptedResponse(at(15))], FALLBACK_PROPS: [ScriptedResponse(MORNING)]}), virtual()
    )
    polls = [poll for poll in poll_times(run, FALLBACK_PROPS) if poll]
    soft = step(run.status, PROPS).soft_deadline
    assert soft is not None
    assert soft <= polls[0] < at(15)
    assert run.result.first_published_at == polls[0]


async def test_a_failing_source_is_not_parked_if_its_fallback_has_everything(client: Client) -> None:
    failing = world(**{FALLBACK_PROPS: [ScriptedResponse(at(9))]})
    failing.failures = {PROPS: ScriptedFailure()}
    run = await run_day(client, failing, virtual())
    assert (run.result.state, run.result.attention) == (RunState.COMPLETE, ())
    ((reason, _),) = degraded(run, PROPS)
    assert reason.startswith("the file is corrupt; ")
    assert reason.endswith(" games from BettingPros player points (bettingpros_player_points_props)")


async def test_results_come_from_the_first_source_of_the_chain_that_has_them(client: Client) -> None:
    chain = {
        "nbac_player_boxscores": [BLOCKED],
        "nbac_live_boxscore": [BLOCKED],
        "bdl_player_boxscores": final_responses(GAMES),
        "espn_boxscores": final_responses(GAMES),
    }
    run = await run_day(client, world(**chain), virtual())
    assert run.result.state is RunState.COMPLETE
    assert poll_times(run, "espn_boxscores") == []
    assert runs_of(run, "grade")[-1][1] == IDS
    assert "games from balldontlie player box scores" in degraded(run, "nbac_player_boxscores")[0][0]


async def test_results_from_a_fallback_game_by_game_are_all_reported_and_still_polled_for(client: Client) -> None:
    first, both = at(26), at(28)
    chain = {
        "nbac_play_by_play": [BLOCKED],
        "bigdataball_play_by_play": [partial_response(GAMES, first, {IDS[0]}), partial_response(GAMES, both, set(IDS))],
    }
    run = await run_day(client, world(**chain), virtual())
    (degradation,) = (item for item in run.result.degradations if item.step == "nbac_play_by_play")
    assert degradation.games == IDS
    last = max(poll for poll in poll_times(run, "nbac_play_by_play") if poll)
    assert last > both
    assert games_polled(run, "nbac_play_by_play", last) == IDS


async def test_a_retried_step_is_polled_for_all_games_even_if_complete(client: Client) -> None:
    others = {"nbac_player_boxscores": [BLOCKED], "nbac_live_boxscore": [BLOCKED]}
    again = ("nbac_player_boxscores", "nbac_gamebook_player_stats")
    run = await run_day(
        client,
        world(**others, bdl_player_boxscores=final_responses(GAMES)),
        virtual(*(scheduled_command(at(24), CommandName.RETRY_STEP, name) for name in again)),
    )
    for name in ("nbac_player_boxscores", "nbac_gamebook_player_stats", "bdl_player_boxscores"):
        assert games_polled(run, name, at(24)) == IDS, name
    assert at(24, 30) not in poll_times(run, "bdl_player_boxscores"), "the schedule polls for results once"


async def test_the_slate_comes_from_the_fallback_source_if_the_league_has_none(client: Client) -> None:
    chain = {"nbac_schedule": [BLOCKED], "espn_schedule": [ScriptedResponse(MORNING, games=GAMES)]}
    run = await run_day(client, world(**chain), virtual())
    assert (run.result.state, run.result.data_quality) == (RunState.COMPLETE, DataQuality.DEGRADED)
    assert run.result.games == 2
    assert run.result.first_published_at is not None
    (degradation,) = (item for item in run.result.degradations if item.step == "nbac_schedule")
    assert degradation.reason.endswith("from ESPN schedule (espn_schedule)")
    assert degradation.games == IDS
    assert len(poll_times(run, "espn_schedule")) > 1, "it may report a postponed game"


async def test_a_refused_key_needs_attention_though_the_fallback_has_the_lines(client: Client) -> None:
    refused = ScriptedResponse(MORNING, Outcome.BAD_KEY, reason="INVALID_KEY")
    refusing = world(**{PROPS: [refused], FALLBACK_PROPS: [ScriptedResponse(at(9))]})
    run = await run_day(client, refusing, virtual())
    assert run.result.first_published_at == at(9)
    assert [item.step for item in run.result.attention] == [PROPS]
    assert len(poll_times(run, PROPS)) == 1, "it is polled once"
    assert len(poll_times(run, FALLBACK_PROPS)) > 1
    reasons = {item.reason for each in refusing.statuses for item in each.status.attention}
    assert max(reason.count("games from") for reason in reasons) == 1, "the reason does not grow from poll to poll"


async def test_an_unreachable_player_list_delays_other_sources_only_until_its_deadline(client: Client) -> None:
    run = await run_day(client, world(nbac_player_list_current=[BLOCKED]), virtual())
    assert {item.step for item in run.result.degradations} == {"nbac_player_list_current"}
    due = run.status.predictions_due
    assert due is not None
    assert run.result.first_published_at is not None
    assert run.result.first_published_at <= due
