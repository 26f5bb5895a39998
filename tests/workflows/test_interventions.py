"""People push a day on: by signal and update, while it waits, is parked, is held or has ended."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.service import RPCError

from tests.support import scenarios
from tests.support.days import (
    EARLY,
    LATE,
    MORNING,
    Beat,
    Stop,
    Trouble,
    World,
    at,
    command,
    ended,
    happy_script,
    play,
    poll_times,
    runs_of,
    says,
    started,
    step,
    until,
    virtual,
    working,
)
from tipoff.vocabulary import Phase, RunState, StepState
from workflows.contracts import Activity, ClockSpec, CommandName, CommandResult
from workflows.daily_pipeline import DailyPipelineWorkflow

BOTH = (EARLY.game_id, LATE.game_id)


def no_lines_at_all() -> World:
    return World(happy_script(lines_at=at(30)))


async def test_a_signal_with_one_word_makes_the_day_predict_without_lines(client: Client) -> None:
    played = await scenarios.force_continue(client)
    assert played.result.first_published_at == at(10, 10)
    (entry,) = played.status.audit
    assert (entry.at, entry.via, entry.command, entry.target) == (at(10, 10), "signal", "force_continue", "lines")
    assert entry.accepted
    assert played.result.refreshed_at == (at(15),), "lines that come later still refresh"


@pytest.mark.parametrize("via", ["signal", "update"])
async def test_who_forced_a_day_on_and_why_stands_in_its_audit_and_its_degradations(client: Client, via: str) -> None:
    played = await play(
        client, no_lines_at_all(), virtual(says(at(10, 10), CommandName.FORCE_CONTINUE, "lines", via=via))
    )
    assert played.result.first_published_at == at(10, 10)
    (entry,) = played.status.audit
    assert (entry.via, entry.who, entry.why) == (via, "Ada", "the test wants it")
    assert {item.reason for item in played.result.degradations} == {"forced by Ada: the test wants it"}


@pytest.mark.parametrize("message", [CommandName.LINES_AVAILABLE, CommandName.REFRESH_LINES])
async def test_lines_are_fetched_at_once_when_somebody_says_they_are_out(client: Client, message: CommandName) -> None:
    world = World(happy_script(lines_at=at(10, 5)))
    played = await play(client, world, virtual(says(at(10, 7), message)))
    assert at(10, 7) in poll_times(played, "odds_api_player_points_props")
    assert played.result.first_published_at == at(10, 7)


async def test_unchanged_lines_are_read_again_when_a_person_wants_them_refreshed(client: Client) -> None:
    """Whoever gave an unknown name its player wants the very same answer read otherwise."""
    world = World(happy_script(lines_at=at(9)))
    told = says(at(10, 7), CommandName.LINES_AVAILABLE), says(at(10, 8), CommandName.REFRESH_LINES)
    played = await play(client, world, virtual(*told))
    props = [deed for deed in played.deeds if deed.subject == "odds_api_player_points_props"]
    assert {at(10, 7), at(10, 8)} <= {deed.as_of for deed in props if deed.activity == Activity.COLLECT}
    read = [deed.as_of for deed in props if deed.activity == Activity.PROCESS]
    assert at(10, 8) in read
    assert at(10, 7) not in read
    assert [moment for source, moment in world.force if source == "odds_api_player_points_props"] == [at(10, 8)]


async def test_a_parked_step_is_retried_when_a_person_says_so(client: Client) -> None:
    played = await scenarios.parked_and_resumed(client)
    assert runs_of(played, "ml_feature_store") == [(at(9), BOTH), (at(12, 30), BOTH)]
    assert played.result.first_published_at == at(12, 30)
    assert played.result.state is RunState.COMPLETE
    assert played.result.attention == ()


async def test_a_parked_step_is_skipped_when_a_person_says_so(client: Client) -> None:
    world = World(happy_script(lines_at=at(9)), trouble={"player_prop_lines": Trouble()})
    played = await play(client, world, virtual(says(at(10, 20), CommandName.SKIP_STEP, "player_prop_lines")))
    assert played.result.first_published_at == at(10, 20)
    assert step(played.status, "player_prop_lines").state is StepState.SKIPPED
    assert "skipped by Ada" in step(played.status, "player_prop_lines").reason


async def test_an_order_given_twice_is_carried_out_once(client: Client) -> None:
    twice = [
        says(at(10, 10), CommandName.FORCE_CONTINUE, "lines"),
        says(at(10, 20), CommandName.FORCE_CONTINUE, "lines"),
    ]
    played = await play(client, no_lines_at_all(), virtual(*twice))
    assert [entry.accepted for entry in played.status.audit] == [True, True]
    assert "waits for nothing" in played.status.audit[1].result
    assert len({item.step for item in played.result.degradations}) == len(played.result.degradations)
    assert len(runs_of(played, "moving_average")) == 1


# ── a day whose clock is held ────────────────────────────────────────────────────────────────────────────────


def held_at(moment: Any) -> ClockSpec:
    return virtual(hold_at=moment)


async def test_a_held_clock_stands_until_somebody_lets_it_go_on(client: Client) -> None:
    async with working(client, no_lines_at_all()), started(client, held_at(Phase.LINES)) as handle:
        status = await until(handle, lambda status: status.held)
        assert (status.now, status.phase) == (at(8), Phase.LINES)
        assert "resume_clock" in status.sentence
        again = await handle.query(DailyPipelineWorkflow.status)
        assert again == status
        answer = await handle.execute_update(DailyPipelineWorkflow.resume_clock, command(CommandName.RESUME_CLOCK))
        assert answer.accepted
        played = await ended(handle)
    assert played.result.state is RunState.COMPLETE


async def test_a_held_day_hears_people_and_does_what_they_say(client: Client) -> None:
    async with working(client, no_lines_at_all()), started(client, held_at(at(10))) as handle:
        await until(handle, lambda status: status.held)
        await handle.execute_update(DailyPipelineWorkflow.force_continue, command(CommandName.FORCE_CONTINUE, "lines"))
        status = await until(handle, lambda status: status.first_published_at is not None)
        assert (status.now, status.held) == (at(10), True)
        await handle.signal("resume_clock")
        played = await ended(handle)
    assert played.result.first_published_at == at(10)


REFUSED = [
    ("force_continue", command(CommandName.FORCE_CONTINUE, "lnies"), "no phase 'lnies'"),
    ("retry_step", command(CommandName.RETRY_STEP, "odds"), "no step 'odds'"),
    ("skip_step", command(CommandName.SKIP_STEP, "odds"), "no step 'odds'"),
    ("lines_available", command(CommandName.LINES_AVAILABLE, games=("XXX@YYY",)), "no game XXX@YYY"),
    ("refresh_lines", command(CommandName.REFRESH_LINES, game_date=date(2024, 3, 30)), "this run is of 2024-03-29"),
    ("force_continue", command(CommandName.RETRY_STEP, "lines"), "this is force_continue, the command says retry_step"),
]


async def test_an_update_that_cannot_be_done_is_answered_with_an_error_and_changes_nothing(client: Client) -> None:
    async with working(client, no_lines_at_all()), started(client, held_at(at(10))) as handle:
        before = await until(handle, lambda status: status.held)
        for name, wrong, why in REFUSED:
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await handle.execute_update(name, wrong, result_type=CommandResult)
            assert why in str(refused.value.cause)
        assert await handle.query(DailyPipelineWorkflow.status) == before


RUBBISH: list[list[Any]] = [
    ["lines", "and more"],
    ["x" * 60_000],
    [{"phase": "lines", "games": ["DEN@MIN"] * 50}],
    [42],
    [[1, 2]],
    [True],
    ["nonsense"],
    [{"phase": 3}],
    [{"phase": "lines", "who": "x" * 200}],
    [{"phase": "lines", "game_date": "tomorrow"}],
    [{"phase": "lines", "game_date": "2024-03-30"}],
    [{"a": {"b": []}}],
    [{"phase": "<script>|", "games": ["|"]}],
]


async def test_a_signal_with_rubbish_never_fails_the_day_and_stands_in_its_audit(client: Client) -> None:
    async with working(client, no_lines_at_all()), started(client, held_at(at(10))) as handle:
        before = await until(handle, lambda status: status.held)
        for arguments in RUBBISH:
            await handle.signal("force_continue", args=arguments)
        status = await until(handle, lambda status: len(status.audit) >= len(RUBBISH))
        assert not any(entry.accepted for entry in status.audit)
        assert all(entry.result for entry in status.audit)
        assert len(status.model_dump_json()) < 50_000
        assert status.model_copy(update={"audit": ()}) == before
        await handle.signal("resume_clock")
        assert (await ended(handle)).result.state is RunState.COMPLETE


async def test_a_signal_that_cannot_even_be_decoded_harms_nobody(client: Client) -> None:
    broken = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b'{"phase": '))
    async with working(client, no_lines_at_all()), started(client, held_at(at(10))) as handle:
        await until(handle, lambda status: status.held)
        await handle.signal("force_continue", broken)
        await handle.signal("retry_step", args=["ml_feature_store", 2])
        await handle.signal("resume_clock")
        played = await ended(handle)
    assert played.result.state is RunState.COMPLETE
    told = [(entry.command, entry.result) for entry in played.status.audit if not entry.accepted]
    assert [command for command, _ in told] == ["retry_step"]
    assert "no signal 'retry_step'; the signals are force_continue" in told[0][1]


async def test_what_is_said_before_there_is_a_plan_stands_in_the_audit(client: Client) -> None:
    world = World(stops={"plan_day": Stop()})
    async with working(client, world), started(client) as handle:
        await world.stops["plan_day"].reached.wait()
        await handle.signal("lines_available")
        world.stops["plan_day"].released.set()
        played = await ended(handle)
    assert [(entry.command, entry.accepted) for entry in played.status.audit] == [("lines_available", False)]
    assert "only starting" in played.status.audit[0].result


async def test_a_clock_is_held_at_its_very_moment_though_nothing_is_due_then(client: Client) -> None:
    async with working(client, no_lines_at_all()), started(client, held_at(at(10, 7))) as handle:
        assert (await until(handle, lambda status: status.held)).now == at(10, 7)


# ── a day in the middle of something ─────────────────────────────────────────────────────────────────────────


async def test_messages_are_heard_while_activities_run_side_by_side(client: Client) -> None:
    world = no_lines_at_all()
    world.stops = {name: Stop() for name in ("nbac_player_history", "nbac_team_history")}
    async with working(client, world), started(client) as handle:
        for stop in world.stops.values():
            await stop.reached.wait()
        answer = await handle.execute_update(
            DailyPipelineWorkflow.force_continue, command(CommandName.FORCE_CONTINUE, "lines")
        )
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(
                DailyPipelineWorkflow.retry_step, command(CommandName.RETRY_STEP, "nbac_team_history")
            )
        for stop in world.stops.values():
            stop.released.set()
        played = await ended(handle)
    assert "odds_api_player_points_props" in answer.text
    assert "is running" in str(refused.value.cause)
    assert played.status.audit[0].at == at(6)
    assert played.result.first_published_at == at(8), "with the first injury report"


async def test_somebody_who_says_that_lines_are_out_while_they_are_looked_for_has_them_looked_for_again(
    client: Client,
) -> None:
    world = no_lines_at_all()
    stop = Stop()
    world.stops = {"odds_api_player_points_props": stop}
    async with working(client, world), started(client) as handle:
        await stop.reached.wait()
        await handle.execute_update(DailyPipelineWorkflow.lines_available, command(CommandName.LINES_AVAILABLE))
        stop.released.set()
        played = await ended(handle)
    assert poll_times(played, "odds_api_player_points_props")[:3] == [at(8), at(8), at(8, 30)]


# ── what a day says of itself ────────────────────────────────────────────────────────────────────────────────


async def test_a_waiting_day_says_what_it_waits_for_and_until_when(client: Client) -> None:
    async with working(client, no_lines_at_all()), started(client, held_at(at(12, 10))) as handle:
        status = await until(handle, lambda status: status.held)
        props = step(status, "odds_api_player_points_props")
        assert (props.state, props.next_poll, props.hard_deadline) == (StepState.LATE, at(12, 30), at(13, 15))
        assert step(status, "player_prop_lines").waits_for == ("odds_api_player_points_props",)
        assert status.state is RunState.WAITING


async def test_a_parked_day_says_which_step_why_since_when_and_what_a_person_may_do(client: Client) -> None:
    world = World(happy_script(lines_at=at(9)), trouble={"ml_feature_store": Trouble()})
    async with working(client, world), started(client, held_at(at(10))) as handle:
        status = await until(handle, lambda status: status.held)
        (attention,) = status.attention
        assert (attention.step, attention.since) == ("ml_feature_store", at(9))
        assert "the file is corrupt" in attention.reason
        assert "retry_step ml_feature_store" in attention.options
        assert status.state is RunState.NEEDS_ATTENTION
        described = await handle.describe()
        words = {key.name: value for key, value in _attributes(described)}
        assert words["RunState"] == "NEEDS_ATTENTION"
        assert words["GameDate"] == "2024-03-29"
        assert await described.memo_value("says") == status.sentence


def _attributes(described: Any) -> list[tuple[Any, Any]]:
    return [(pair.key, pair.value) for pair in described.typed_search_attributes]


async def test_a_day_that_ended_answers_questions_and_takes_no_orders(client: Client) -> None:
    async with working(client, World({"nbac_schedule": [Beat(MORNING, games=())]})), started(client) as handle:
        played = await ended(handle)
        assert played.status.state is RunState.COMPLETE
        with pytest.raises(RPCError):
            await handle.execute_update(DailyPipelineWorkflow.refresh_lines, command(CommandName.REFRESH_LINES))
        with pytest.raises(RPCError):
            await handle.signal("lines_available")
        assert await handle.query(DailyPipelineWorkflow.status) == played.status


async def test_the_last_status_that_was_exported_is_the_one_the_day_ended_with(client: Client) -> None:
    world = World(happy_script(lines_at=at(15)))
    played = await play(client, world)
    assert world.statuses[-1].status.state is RunState.COMPLETE
    assert world.statuses[-1].status.refreshed_at == played.status.refreshed_at
    told = [key for request in world.statuses for key in request.new_alerts]
    assert sorted(told) == sorted({alert.key for alert in played.status.alerts}), "each alert is told once"
