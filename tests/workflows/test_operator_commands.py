"""Operator commands by signal and update, while a day waits, is parked, is held or has ended."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from tests.support import scenarios
from tests.support.days import (
    EARLY,
    LATE,
    MORNING,
    Pause,
    ScriptedFailure,
    ScriptedResponse,
    World,
    at,
    command,
    happy_script,
    poll_times,
    run_day,
    runs_of,
    scheduled_command,
    serving,
    started_day,
    step,
    virtual,
    wait_for_end,
    wait_until,
)
from tipoff.vocabulary import Phase, RunState, StepState
from workflows.contracts import Activity, ClockSpec, CommandName, CommandResult
from workflows.daily_pipeline import DailyPipelineWorkflow

BOTH = (EARLY.game_id, LATE.game_id)
LINES = "odds_api_player_points_props"


def no_lines_at_all() -> World:
    return World(happy_script(lines_at=at(30)))


async def test_a_signal_with_one_word_makes_the_day_predict_without_lines(client: Client) -> None:
    run = await scenarios.force_continue(client)
    assert run.result.first_published_at == at(10, 10)
    (entry,) = run.status.audit
    assert (entry.at, entry.via, entry.command, entry.target) == (at(10, 10), "signal", "force_continue", "lines")
    assert entry.accepted
    assert run.result.refreshed_at == (at(15),), "late lines still cause a refresh"


@pytest.mark.parametrize("via", ["signal", "update"])
async def test_the_audit_trail_and_the_degradation_name_who_forced_the_day_and_why(client: Client, via: str) -> None:
    run = await run_day(
        client, no_lines_at_all(), virtual(scheduled_command(at(10, 10), CommandName.FORCE_CONTINUE, "lines", via=via))
    )
    assert run.result.first_published_at == at(10, 10)
    (entry,) = run.status.audit
    assert (entry.via, entry.who, entry.why) == (via, "Ada", "the test wants it")
    assert {item.reason for item in run.result.degradations} == {"forced by Ada: the test wants it"}


@pytest.mark.parametrize("name", [CommandName.LINES_AVAILABLE, CommandName.REFRESH_LINES])
async def test_lines_are_polled_at_once_on_command(client: Client, name: CommandName) -> None:
    world = World(happy_script(lines_at=at(10, 5)))
    run = await run_day(client, world, virtual(scheduled_command(at(10, 7), name)))
    assert at(10, 7) in poll_times(run, "odds_api_player_points_props")
    assert run.result.first_published_at == at(10, 7)


async def test_refresh_lines_processes_even_an_unchanged_batch(client: Client) -> None:
    """After an alias resolved a name, the same batch gives other rows."""
    world = World(happy_script(lines_at=at(9)))
    commands = (
        scheduled_command(at(10, 7), CommandName.LINES_AVAILABLE),
        scheduled_command(at(10, 8), CommandName.REFRESH_LINES),
    )
    run = await run_day(client, world, virtual(*commands))
    props = [each for each in run.scheduled_activities if each.subject == "odds_api_player_points_props"]
    assert {at(10, 7), at(10, 8)} <= {each.as_of for each in props if each.activity == Activity.COLLECT}
    read = [each.as_of for each in props if each.activity == Activity.PROCESS]
    assert at(10, 8) in read
    assert at(10, 7) not in read
    assert [as_of for source, as_of in world.force if source == "odds_api_player_points_props"] == [at(10, 8)]


async def test_a_parked_step_is_retried_on_command(client: Client) -> None:
    run = await scenarios.parked_and_resumed(client)
    assert runs_of(run, "ml_feature_store") == [(at(9), BOTH), (at(12, 30), BOTH)]
    assert run.result.first_published_at == at(12, 30)
    assert run.result.state is RunState.COMPLETE
    assert run.result.attention == ()


async def test_a_parked_step_is_skipped_on_command(client: Client) -> None:
    world = World(happy_script(lines_at=at(9)), failures={"player_prop_lines": ScriptedFailure()})
    run = await run_day(
        client, world, virtual(scheduled_command(at(10, 20), CommandName.SKIP_STEP, "player_prop_lines"))
    )
    assert run.result.first_published_at == at(10, 20)
    assert step(run.status, "player_prop_lines").state is StepState.SKIPPED
    assert "skipped by Ada" in step(run.status, "player_prop_lines").reason


@pytest.mark.parametrize("via", ["signal", "update"])
async def test_withheld_picks_are_published_again_on_command(client: Client, via: str) -> None:
    world = World(happy_script(lines_at=at(9)), withheld={"market": "withheld: 40 of 40 picks are UNDER"})
    run = await run_day(client, world, virtual(scheduled_command(at(14), CommandName.RELEASE_PICKS, via=via)))
    before = [each.status for each in world.statuses if each.status.now < at(14) and each.status.withheld_picks]
    assert "starter.py release-picks --date 2024-03-29" in before[-1].commands
    (entry,) = run.status.audit
    assert (entry.command, entry.via, entry.accepted) == ("release_picks", via, True)
    assert at(14) in run.result.refreshed_at
    release = world.releases[0]
    assert (release.at, release.who, release.why) == (at(14), "Ada", "the test wants it")
    assert {view for _, view in release.views} == {"market"}
    assert run.status.withheld_picks == ()


async def test_a_repeated_command_is_executed_once(client: Client) -> None:
    twice = [
        scheduled_command(at(10, 10), CommandName.FORCE_CONTINUE, "lines"),
        scheduled_command(at(10, 20), CommandName.FORCE_CONTINUE, "lines"),
    ]
    run = await run_day(client, no_lines_at_all(), virtual(*twice))
    assert [entry.accepted for entry in run.status.audit] == [True, True]
    assert "waits for nothing" in run.status.audit[1].result
    assert len({item.step for item in run.result.degradations}) == len(run.result.degradations)
    assert len(runs_of(run, "moving_average")) == 1


# ── a day whose clock is held ────────────────────────────────────────────────────────────────────────────────


def held_at(time: Any) -> ClockSpec:
    return virtual(hold_at=time)


async def test_a_held_clock_stands_until_it_is_resumed(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(Phase.LINES)) as handle:
        status = await wait_until(handle, lambda status: status.held)
        assert (status.now, status.phase) == (at(8), Phase.LINES)
        assert "resume_clock" in status.sentence
        again = await handle.query(DailyPipelineWorkflow.status)
        assert again == status
        result = await handle.execute_update(DailyPipelineWorkflow.resume_clock, command(CommandName.RESUME_CLOCK))
        assert result.accepted
        run = await wait_for_end(handle)
    assert run.result.state is RunState.COMPLETE


async def test_a_held_day_executes_commands(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        await wait_until(handle, lambda status: status.held)
        await handle.execute_update(DailyPipelineWorkflow.force_continue, command(CommandName.FORCE_CONTINUE, "lines"))
        status = await wait_until(handle, lambda status: status.first_published_at is not None)
        assert (status.now, status.held) == (at(10), True)
        await handle.signal("resume_clock")
        run = await wait_for_end(handle)
    assert run.result.first_published_at == at(10)


REFUSED = [
    ("force_continue", command(CommandName.FORCE_CONTINUE, "lnies"), "no phase 'lnies'"),
    ("retry_step", command(CommandName.RETRY_STEP, "odds"), "no step 'odds'"),
    ("skip_step", command(CommandName.SKIP_STEP, "odds"), "no step 'odds'"),
    ("lines_available", command(CommandName.LINES_AVAILABLE, games=("XXX@YYY",)), "no game XXX@YYY"),
    ("refresh_lines", command(CommandName.REFRESH_LINES, game_date=date(2024, 3, 30)), "this run is of 2024-03-29"),
    (
        "force_continue",
        command(CommandName.RETRY_STEP, "lines"),
        "the command retry_step was sent to force_continue",
    ),
]


async def test_an_invalid_update_is_refused_and_changes_nothing(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        before = await wait_until(handle, lambda status: status.held)
        for name, wrong, why in REFUSED:
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await handle.execute_update(name, wrong, result_type=CommandResult)
            assert why in str(refused.value.cause)
        assert await handle.query(DailyPipelineWorkflow.status) == before


INVALID_ARGUMENTS: list[list[Any]] = [
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


async def test_an_invalid_signal_never_fails_the_day_and_is_audited(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        before = await wait_until(handle, lambda status: status.held)
        for arguments in INVALID_ARGUMENTS:
            await handle.signal("force_continue", args=arguments)
        status = await wait_until(handle, lambda status: len(status.audit) >= len(INVALID_ARGUMENTS))
        assert not any(entry.accepted for entry in status.audit)
        assert all(entry.result for entry in status.audit)
        assert len(status.model_dump_json()) < 50_000
        assert status.model_copy(update={"audit": ()}) == before
        await handle.signal("resume_clock")
        assert (await wait_for_end(handle)).result.state is RunState.COMPLETE


def typed(text: str) -> RawValue:
    """What the Temporal UI sends for the text in its input field."""
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=text.encode()))


async def test_a_signal_that_is_no_json_or_unknown_is_refused_and_audited(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        await wait_until(handle, lambda status: status.held)
        await handle.signal("force_continue", typed('{"phase": '))
        await handle.signal("retry", args=["ml_feature_store", 2])
        await handle.signal("resume_clock")
        run = await wait_for_end(handle)
    assert run.result.state is RunState.COMPLETE
    refused = [(entry.command, entry.result) for entry in run.status.audit if not entry.accepted]
    assert [command for command, _ in refused] == ["force_continue", "retry"]
    assert "no phase '{\"phase\":'" in refused[0][1]
    assert "no signal 'retry'; the signals are force_continue" in refused[1][1]


SHORT_INPUTS = [
    LINES,
    typed(LINES),
    typed(f'"{LINES}"'),
    {"step": LINES, "who": "Ada", "why": "tea"},
    {"target": LINES},
]


@pytest.mark.parametrize("argument", SHORT_INPUTS, ids=["word", "typed", "typed in quotes", "object", "payload"])
async def test_signals_and_updates_take_the_same_short_inputs(client: Client, argument: Any) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        await wait_until(handle, lambda status: status.held)
        await handle.signal("skip_step", argument)
        skipped = await wait_until(handle, lambda status: len(status.audit) == 1)
        retried = await handle.execute_update("retry_step", argument, result_type=CommandResult)
        status = await wait_until(handle, lambda status: len(status.audit) == 2)
    assert step(skipped, LINES).state is StepState.SKIPPED
    assert retried == CommandResult(accepted=True, text=f"{step(status, LINES).label} is retried")
    assert [(entry.command, entry.via, entry.target, entry.accepted) for entry in status.audit] == [
        ("skip_step", "signal", LINES, True),
        ("retry_step", "update", LINES, True),
    ]
    assert {(entry.who, entry.why) for entry in status.audit} == {
        ("Ada", "tea") if isinstance(argument, dict) and "who" in argument else ("", "")
    }


WRONG_INPUTS: list[list[Any]] = [[42], ["lines", 2], [{"phase": "lines", "whom": "Ada"}], [typed("{")], [[1]]]


@pytest.mark.parametrize("name", ["force_continue", "retry_step", "refresh_lines"])
async def test_an_update_with_a_wrong_input_is_refused_in_one_sentence(client: Client, name: str) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        await wait_until(handle, lambda status: status.held)
        for arguments in WRONG_INPUTS:
            with pytest.raises(WorkflowUpdateFailedError) as refused:
                await handle.execute_update(name, args=arguments)
            cause = refused.value.cause
            assert isinstance(cause, ApplicationError)
            assert cause.message.splitlines() == [cause.message]
            assert "nothing was changed" in cause.message
            assert cause.failure is not None
            assert cause.failure.stack_trace == ""
            assert not cause.failure.HasField("cause")


async def test_the_ui_describes_each_command_and_its_input_as_signal_and_update(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10))) as handle:
        await wait_until(handle, lambda status: status.held)
        metadata: WorkflowMetadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    signals = {each.name: each.description for each in metadata.definition.signal_definitions}
    updates = {each.name: each.description for each in metadata.definition.update_definitions}
    assert set(CommandName) == set(signals), "the handler of unknown signals has no name to send"
    assert set(CommandName) == set(updates)
    assert all(signals[name] == description for name, description in updates.items())
    assert signals["retry_step"] == (
        'Retry a parked step now. Input: a word such as "nbac_injury_report", '
        'or an object such as {"step": "nbac_injury_report", "who": "your name", "why": "a reason"}'
    )


async def test_a_signal_before_the_first_plan_is_audited(client: Client) -> None:
    world = World(pauses={"plan_day": Pause()})
    async with serving(client, world), started_day(client) as handle:
        await world.pauses["plan_day"].reached.wait()
        await handle.signal("lines_available")
        world.pauses["plan_day"].released.set()
        run = await wait_for_end(handle)
    assert [(entry.command, entry.accepted) for entry in run.status.audit] == [("lines_available", False)]
    assert "has no plan yet" in run.status.audit[0].result


async def test_the_clock_is_held_at_the_exact_time_even_if_nothing_is_due(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(10, 7))) as handle:
        assert (await wait_until(handle, lambda status: status.held)).now == at(10, 7)


# ── while activities run ─────────────────────────────────────────────────────────────────────────


async def test_commands_are_executed_while_activities_run(client: Client) -> None:
    world = no_lines_at_all()
    world.pauses = {name: Pause() for name in ("nbac_player_history", "espn_scoreboard")}
    async with serving(client, world), started_day(client) as handle:
        for pause in world.pauses.values():
            await pause.reached.wait()
        result = await handle.execute_update(
            DailyPipelineWorkflow.force_continue, command(CommandName.FORCE_CONTINUE, "lines", yes=True)
        )
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await handle.execute_update(
                DailyPipelineWorkflow.retry_step, command(CommandName.RETRY_STEP, "nbac_team_history")
            )
        for pause in world.pauses.values():
            pause.released.set()
        run = await wait_for_end(handle)
    assert "odds_api_player_points_props" in result.text
    assert "is running" in str(refused.value.cause)
    assert run.status.audit[0].at == at(6)
    assert run.result.first_published_at == at(8), "with the first injury report"


async def test_lines_available_during_a_poll_causes_another_poll(
    client: Client,
) -> None:
    world = no_lines_at_all()
    pause = Pause()
    world.pauses = {"odds_api_player_points_props": pause}
    async with serving(client, world), started_day(client) as handle:
        await pause.reached.wait()
        await handle.execute_update(DailyPipelineWorkflow.lines_available, command(CommandName.LINES_AVAILABLE))
        pause.released.set()
        run = await wait_for_end(handle)
    assert poll_times(run, "odds_api_player_points_props")[:3] == [at(8), at(8), at(8, 30)]


# ── the status ────────────────────────────────────────────────────────────────────────────────


async def test_the_status_of_a_waiting_day_names_the_input_and_the_deadline(client: Client) -> None:
    async with serving(client, no_lines_at_all()), started_day(client, held_at(at(12, 10))) as handle:
        status = await wait_until(handle, lambda status: status.held)
        props = step(status, "odds_api_player_points_props")
        assert (props.state, props.next_poll, props.hard_deadline) == (StepState.LATE, at(12, 30), at(13, 15))
        assert step(status, "player_prop_lines").waits_for == ("odds_api_player_points_props",)
        assert status.state is RunState.WAITING
        words = {key.name: value for key, value in _attributes(await handle.describe())}
        assert words["WaitsFor"] == list(status.late_steps)
        assert LINES in words["WaitsFor"]
        assert "AttentionSteps" not in words


async def test_the_status_of_a_parked_day_names_the_step_the_reason_and_the_options(client: Client) -> None:
    world = World(happy_script(lines_at=at(9)), failures={"ml_feature_store": ScriptedFailure()})
    async with serving(client, world), started_day(client, held_at(at(10))) as handle:
        status = await wait_until(handle, lambda status: status.held)
        (attention,) = status.attention
        assert (attention.step, attention.since) == ("ml_feature_store", at(9))
        assert "the file is corrupt" in attention.reason
        assert "starter.py retry-step --step ml_feature_store --date 2024-03-29" in attention.options
        assert set(attention.options) <= set(status.all_commands)
        assert status.state is RunState.NEEDS_ATTENTION
        described = await handle.describe()
        words = {key.name: value for key, value in _attributes(described)}
        assert words["RunState"] == "NEEDS_ATTENTION"
        assert words["AttentionSteps"] == ["ml_feature_store"]
        assert words["GameDate"] == "2024-03-29"
        assert await described.memo_value("status") == status.sentence


def _attributes(described: Any) -> list[tuple[Any, Any]]:
    return [(pair.key, pair.value) for pair in described.typed_search_attributes]


async def test_an_ended_day_answers_queries_and_refuses_commands(client: Client) -> None:
    async with (
        serving(client, World({"nbac_schedule": [ScriptedResponse(MORNING, games=())]})),
        started_day(client) as handle,
    ):
        run = await wait_for_end(handle)
        assert run.status.state is RunState.COMPLETE
        with pytest.raises(RPCError):
            await handle.execute_update(DailyPipelineWorkflow.refresh_lines, command(CommandName.REFRESH_LINES))
        with pytest.raises(RPCError):
            await handle.signal("lines_available")
        assert await handle.query(DailyPipelineWorkflow.status) == run.status


async def test_the_last_exported_status_is_the_final_one(client: Client) -> None:
    world = World(happy_script(lines_at=at(15)))
    run = await run_day(client, world)
    assert world.statuses[-1].status.state is RunState.COMPLETE
    assert world.statuses[-1].status.refreshed_at == run.status.refreshed_at
    alerts = [key for request in world.statuses for key in request.new_alerts]
    assert sorted(alerts) == sorted({alert.key for alert in run.status.alerts}), "each alert is reported once"
