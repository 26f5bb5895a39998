"""Operator commands: parsed, validated without a change, executed once."""

from __future__ import annotations

import copy
import json
import re
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.commands import parse
from cli.operator_commands import command_from
from tests.support.ledgers import (
    DAY,
    DAYS,
    MOMENTS,
    evening_plan,
    no_lines,
    run_ready_steps,
    settled_ledger,
    step_of,
    successful_report,
)
from tipoff.vocabulary import (
    ComputeReport,
    DayPlan,
    Outcome,
    Phase,
    PlanStep,
    RunState,
    SourceReport,
    StepKind,
    StepResult,
    StepState,
    eastern,
    step_names,
)
from workflows import gates, operator_commands, status_text
from workflows.contracts import TARGET_FIELDS, CommandName, OperatorCommand, PickRelease
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.step_records import Records

NOON = eastern(DAY, 12)
_KEYS = st.sampled_from(("phase", "step", "target", "games", "game_date", "who", "why", "name"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=150),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def waiting() -> DayLedger:
    """A day at noon that has everything except the lines."""
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    run_ready_steps(ledger, NOON, no_lines)
    return ledger


def send(ledger: DayLedger, name: CommandName, target: str = "", **fields: Any) -> str:
    """Validate a command and execute it if it is accepted; the text of the result."""
    command = OperatorCommand(name=name, target=target, who="Ada", why="they never come", **fields)
    result = operator_commands.validate(command, ledger, NOON, held=False)
    if result.accepted:
        operator_commands.execute(command, ledger, NOON)
    return result.text


def test_a_refusal_names_what_was_probably_meant(waiting: DayLedger) -> None:
    assert "(did you mean lines?); nothing was changed" in send(waiting, CommandName.FORCE_CONTINUE, "lnies")
    hint = send(waiting, CommandName.RETRY_STEP, "nbac_injury_repot")
    assert "(did you mean nbac_injury_report" in hint
    assert "(did you mean DEN@MIN?)" in send(waiting, CommandName.LINES_AVAILABLE, games=("DEN@MNI",))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (
            OperatorCommand(name=CommandName.FORCE_CONTINUE, target="lnies"),
            "no phase 'lnies'; the phases are slate, collect",
        ),
        (OperatorCommand(name=CommandName.FORCE_CONTINUE), "no phase ''"),
        (
            OperatorCommand(name=CommandName.RETRY_STEP, target="odds_api"),
            "no step 'odds_api'; the steps are nbac_schedule",
        ),
        (OperatorCommand(name=CommandName.SKIP_STEP), "no step ''"),
        (
            OperatorCommand(name=CommandName.RETRY_STEP, target="bdl_injuries"),
            "bdl_injuries is not a step, but a fallback source of NBA injury report (nbac_injury_report); nothing was",
        ),
        (
            OperatorCommand(name=CommandName.LINES_AVAILABLE, games=("LAL@BOS",)),
            "no game LAL@BOS on this slate (DEN@MIN, BOS@ATL",
        ),
        (
            OperatorCommand(name=CommandName.FORCE_CONTINUE, target="lines", game_date=date(2024, 3, 30)),
            "this run is of 2024-03-29, not of 2024-03-30",
        ),
        (OperatorCommand(name=CommandName.RESUME_CLOCK), "the clock is not held"),
        (OperatorCommand(name=CommandName.RELEASE_PICKS), "no picks are withheld"),
    ],
)
def test_a_refusal_names_the_valid_choices_and_changes_nothing(
    waiting: DayLedger, command: OperatorCommand, why: str
) -> None:
    before = copy.deepcopy(waiting)
    result = operator_commands.validate(command, waiting, NOON, held=False)
    assert not result.accepted
    assert why in result.text
    assert waiting == before


@pytest.mark.parametrize("name", list(CommandName))
def test_an_ended_day_refuses_every_command_and_names_the_rerun_option(waiting: DayLedger, name: CommandName) -> None:
    waiting.ended = RunState.COMPLETE
    result = operator_commands.validate(OperatorCommand(name=name, target="lines"), waiting, NOON, held=True)
    assert not result.accepted
    assert "starter.py --date 2024-03-29 --rerun" in result.text
    assert operator_commands.offers(waiting, NOON, held=True) == ("starter.py --date 2024-03-29 --rerun",)


def test_a_retry_names_the_inputs_it_still_waits_for() -> None:
    plan = evening_plan()
    day = DayLedger(plan)
    day.adopt(plan)
    rosters = SourceReport(outcome=Outcome.THROTTLED, reason="HTTP 429", changed=False)
    run_ready_steps(
        day, eastern(DAY, 9), lambda step, games: rosters if "rosters" in step.name else no_lines(step, games)
    )
    text = send(day, CommandName.RETRY_STEP, "nbac_injury_report")
    assert text == (
        "NBA injury report (nbac_injury_report) is retried"
        " when ESPN team rosters (espn_team_rosters) is complete, degraded or skipped"
    )
    day.degrade(step_of(plan, "espn_team_rosters"), "HTTP 429", NOON)
    assert (
        send(day, CommandName.RETRY_STEP, "nbac_injury_report") == "NBA injury report (nbac_injury_report) is retried"
    )


def test_a_running_step_cannot_be_retried(waiting: DayLedger) -> None:
    waiting.start(step_of(waiting.plan, "odds_api_game_lines"), NOON)
    assert "is running" in send(waiting, CommandName.RETRY_STEP, "odds_api_game_lines")
    assert waiting.records["odds_api_game_lines"].running


@pytest.mark.parametrize(
    ("name", "target", "state"),
    [
        (CommandName.SKIP_STEP, "odds_api_game_lines", StepState.SKIPPED),
        (CommandName.FORCE_CONTINUE, "lines", StepState.DEGRADED),
    ],
)
def test_the_day_continues_at_once_without_a_poll_that_takes_long(
    waiting: DayLedger, name: CommandName, target: str, state: StepState
) -> None:
    lines = step_of(waiting.plan, "odds_api_game_lines")
    waiting.start(lines, NOON)
    send(waiting, name, target)
    assert "upcoming_team_game_context" in run_ready_steps(waiting, NOON, no_lines)
    waiting.finish(lines, SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, changed=False), NOON)
    assert waiting.records[lines.name].state is state


def test_the_day_can_be_forced_on_without_a_system_that_takes_long(waiting: DayLedger) -> None:
    system = step_of(waiting.plan, "catboost_v8")
    waiting.start(system, NOON)
    assert system.name in send(waiting, CommandName.FORCE_CONTINUE, "predict")


@pytest.mark.parametrize(
    ("name", "target", "why"),
    [
        (CommandName.RETRY_STEP, "ml_feature_store", "is not parked in it"),
        (CommandName.SKIP_STEP, "ml_feature_store", "is not parked in it"),
        (CommandName.REFRESH_LINES, "", "polls no provider"),
        (CommandName.LINES_AVAILABLE, "", "polls no provider"),
        (CommandName.RELEASE_PICKS, "", "stay withheld"),
    ],
)
def test_a_rerun_accepts_commands_only_for_its_parked_steps(
    waiting: DayLedger, name: CommandName, target: str, why: str
) -> None:
    waiting.recorded = True
    assert why in send(waiting, name, target)


def test_the_slate_cannot_be_skipped() -> None:
    ledger = DayLedger(evening_plan())
    ledger.adopt(ledger.plan)
    assert "cannot continue without a slate" in send(ledger, CommandName.SKIP_STEP, "nbac_schedule")
    assert "the slate is unknown" in send(ledger, CommandName.FORCE_CONTINUE, "lines")
    assert all(record.state is StepState.PENDING for record in ledger.records.values())


def one_sided(step: PlanStep, games: tuple[str, ...]) -> StepResult:
    """The report of a step on a day on which the market view of each system is one-sided."""
    if step.kind is StepKind.SYSTEM:
        return ComputeReport(rows=10, withheld={"market": "withheld: 40 of 40 picks of the slate are UNDER"})
    return successful_report(step, games)


def test_withheld_picks_are_reported_and_released_with_a_new_publication() -> None:
    day = DayLedger(evening_plan())
    day.adopt(day.plan)
    run_ready_steps(day, eastern(DAY, 13), one_sided)
    systems = [step.subject for step in day.plan.steps if step.kind is StepKind.SYSTEM]
    status = day_status(day, NOON, virtual=True, held=False)
    assert [(each.system_id, each.view) for each in status.withheld_picks] == [(each, "market") for each in systems]
    assert "starter.py release-picks --date 2024-03-29" in status.commands
    assert "40 of 40 picks of the slate are UNDER" in status_text.markdown(status)

    assert send(day, CommandName.RELEASE_PICKS).startswith(f"publishing the picks of {systems[0]} (market)")
    released = tuple((each, "market") for each in systems)
    assert day.release == PickRelease(at=NOON, who="Ada", why="they never come", views=released)
    assert day_status(day, NOON, virtual=True, held=False).withheld_picks == ()
    published = run_ready_steps(day, eastern(DAY, 13))
    assert step_names.PUBLISH_PREDICTIONS in published
    assert step_names.REPORT_PAGE in published
    assert systems[0] not in published, "the predictions are the same"


def test_a_later_release_keeps_the_views_of_an_earlier_one() -> None:
    """The publication with the earlier release may not have run yet."""
    day = DayLedger(evening_plan(), withheld={"xgboost_v1": {"market": "withheld"}})
    day.adopt(day.plan)
    send(day, CommandName.RELEASE_PICKS)
    day.withheld = {"ensemble_v1": {"model": "withheld"}}
    send(day, CommandName.RELEASE_PICKS)
    assert day.release is not None
    assert day.release.views == (("xgboost_v1", "market"), ("ensemble_v1", "model"))


def test_a_system_that_is_balanced_again_withholds_nothing() -> None:
    day = DayLedger(evening_plan())
    day.adopt(day.plan)
    run_ready_steps(day, eastern(DAY, 13), one_sided)
    for step in day.plan.steps:
        if step.kind is StepKind.SYSTEM:
            day.start(step, NOON)
            day.finish(step, ComputeReport(rows=10), NOON)
    assert "no picks are withheld" in send(day, CommandName.RELEASE_PICKS)


def test_force_continue_predicts_without_lines_at_once(waiting: DayLedger) -> None:
    assert send(waiting, CommandName.FORCE_CONTINUE, "lines") == (
        "continuing without The Odds API game lines (odds_api_game_lines), "
        "The Odds API player points (odds_api_player_points_props)"
    )
    assert "moving_average" in run_ready_steps(waiting, NOON, no_lines)
    assert {item.reason for item in waiting.degradations} == {"forced by Ada: they never come"}


def test_forcing_a_later_phase_degrades_every_awaited_step_before_it(waiting: DayLedger) -> None:
    steps = operator_commands.awaited_steps(Phase.PUBLISH, waiting.plan, waiting.records)
    assert [step.name for step in steps] == ["odds_api_game_lines", "odds_api_player_points_props"]


@pytest.mark.parametrize("phase", ["results", "grade", "follow"])
def test_a_phase_is_forced_on_before_its_data_can_exist_only_with_yes(waiting: DayLedger, phase: str) -> None:
    before = copy.deepcopy(waiting)
    refused = operator_commands.validate(
        OperatorCommand(name=CommandName.FORCE_CONTINUE, target=phase), waiting, NOON, held=False
    )
    assert (refused.accepted, refused.unconfirmed) == (False, True)
    assert f"phase {phase} cannot have its data yet: " in refused.text
    assert " opens " in refused.text
    assert "--yes" in refused.text
    assert waiting == before
    assert send(waiting, CommandName.FORCE_CONTINUE, phase, yes=True).startswith("continuing without ")
    assert waiting != before


def test_a_phase_forced_on_too_early_names_the_next_three_steps_and_counts_the_others(waiting: DayLedger) -> None:
    refused = operator_commands.validate(
        OperatorCommand(name=CommandName.FORCE_CONTINUE, target="results"), waiting, NOON, held=False
    )
    awaited = operator_commands.awaited_steps(Phase.RESULTS, waiting.plan, waiting.records)
    early = [step for step in awaited if step.opens_at > NOON]
    assert refused.text.count(" opens ") == 3
    assert f" and {len(early) - 3} more later; nothing was changed" in refused.text


def test_a_day_offers_only_commands_that_it_would_accept_and_that_help(waiting: DayLedger) -> None:
    assert operator_commands.offers(waiting, NOON, held=False) == (
        "starter.py lines-available --date 2024-03-29",
        "starter.py force-continue --phase lines --date 2024-03-29",
    )
    assert operator_commands.offers(waiting, NOON, held=True)[-1] == "starter.py resume-clock --date 2024-03-29"


def test_a_parked_step_offers_only_commands_that_would_be_accepted(waiting: DayLedger) -> None:
    report = step_of(waiting.plan, "nbac_injury_report")
    waiting.park(report, "HTTP 403", NOON)
    retry, *others = operator_commands.options(report, waiting, NOON, held=False)
    assert retry == "starter.py retry-step --step nbac_injury_report --date 2024-03-29"
    assert others == [
        "starter.py skip-step --step nbac_injury_report --date 2024-03-29",
        "starter.py force-continue --phase collect --date 2024-03-29",
    ]
    waiting.start(report, NOON)
    assert operator_commands.options(report, waiting, NOON, held=False) == tuple(others), "it is running"


def test_a_day_without_a_slate_offers_only_to_retry_it() -> None:
    ledger = DayLedger(evening_plan())
    ledger.adopt(ledger.plan)
    ledger.park(step_of(ledger.plan, "nbac_schedule"), "HTTP 403", NOON)
    assert operator_commands.options(ledger.plan.steps[0], ledger, NOON, held=False) == (
        "starter.py retry-step --step nbac_schedule --date 2024-03-29",
    )


@settings(deadline=None, max_examples=25)
@given(DAYS, MOMENTS, st.booleans(), st.booleans())
def test_every_offered_command_is_accepted_as_it_is_typed(
    day: tuple[DayPlan, Records], now: datetime, held: bool, recorded: bool
) -> None:
    ledger = DayLedger(*day, recorded=recorded)
    for step in ledger.plan.steps:
        if ledger.records[step.name].state is StepState.FAILED:
            ledger.park(step, "the file is corrupt", now)
    for typed in day_status(ledger, now, virtual=True, held=held).all_commands:
        command = command_from(parse(typed.split()[1:]))
        assert operator_commands.validate(command, ledger, now, held=held).accepted


def test_force_continue_leaves_pending_computations_alone(waiting: DayLedger) -> None:
    send(waiting, CommandName.FORCE_CONTINUE, "predict")
    assert waiting.records["ml_feature_store"].state is StepState.PENDING


def test_forcing_a_phase_that_waits_for_nothing_changes_nothing() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 16))
    before = copy.deepcopy(ledger)
    assert "waits for nothing" in send(ledger, CommandName.FORCE_CONTINUE, "lines")
    assert ledger == before


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (CommandName.FORCE_CONTINUE, "lines"),
        (CommandName.SKIP_STEP, "odds_api_game_lines"),
        (CommandName.RETRY_STEP, "odds_api_game_lines"),
        (CommandName.LINES_AVAILABLE, ""),
        (CommandName.REFRESH_LINES, ""),
    ],
)
def test_a_repeated_command_changes_nothing_more(waiting: DayLedger, name: CommandName, target: str) -> None:
    send(waiting, name, target)
    once = copy.deepcopy(waiting)
    send(waiting, name, target)
    assert waiting == once


def test_a_skipped_step_stays_skipped_until_it_is_retried(waiting: DayLedger) -> None:
    send(waiting, CommandName.SKIP_STEP, "odds_api_player_points_props")
    assert isinstance(
        gates.decide(waiting.plan, waiting.records, eastern(DAY, 15))["odds_api_player_points_props"], gates.Done
    )
    send(waiting, CommandName.RETRY_STEP, "odds_api_player_points_props")
    assert "odds_api_player_points_props" in run_ready_steps(waiting, NOON)


@pytest.mark.parametrize("name", [CommandName.LINES_AVAILABLE, CommandName.REFRESH_LINES])
def test_lines_are_polled_at_once_on_command(waiting: DayLedger, name: CommandName) -> None:
    later = eastern(DAY, 12, 1)
    assert run_ready_steps(waiting, later, no_lines) == {}
    command = OperatorCommand(name=name, games=("DEN@MIN",))
    operator_commands.execute(command, waiting, later)
    done = run_ready_steps(waiting, later, no_lines)
    assert set(done) == {"odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"}


@given(st.sampled_from(list(CommandName)), JSON)
def test_any_signal_argument_is_parsed_or_refused_with_an_example(name: CommandName, argument: Any) -> None:
    refusal = None
    try:
        assert operator_commands.command_from(name, [argument]).name is name
    except ValueError as error:
        refusal = str(error)
    assert refusal is None or f"{name} takes " in refusal or f"was sent to {name}" in refusal
    assert refusal is None or "; nothing was changed" in refusal


@pytest.mark.parametrize(
    ("argument", "target"),
    [
        ("lines", "lines"),
        ({"phase": "lines"}, "lines"),
        ({"target": "lines", "who": "Ada"}, "lines"),
        ({"step": "odds_api_events"}, "odds_api_events"),
        (None, ""),
        ("", ""),
    ],
)
def test_a_word_or_an_object_is_enough(argument: Any, target: str) -> None:
    assert operator_commands.command_from(CommandName.FORCE_CONTINUE, [argument]).target == target


@pytest.mark.parametrize("name", list(CommandName))
def test_the_input_that_a_command_describes_is_the_input_that_it_takes(name: CommandName) -> None:
    described = operator_commands.description(name)
    example = json.loads(described[described.index("{") :])
    command = operator_commands.command_from(name, [example])
    assert (command.who, command.why) == ("your name", "a reason")
    assert command_payloads(command) == example
    for word in re.findall(r'a word such as "(\w+)"', described):
        assert operator_commands.command_from(name, [word]).target == command.target


def command_payloads(command: OperatorCommand) -> dict[str, Any]:
    """The payload in the words of the description: the target by the name of what it is."""
    payload = command.payload
    if "target" in payload:
        payload["phase" if command.name is CommandName.FORCE_CONTINUE else "step"] = payload.pop("target")
    return payload


@pytest.mark.parametrize("name", [name for name in CommandName if name not in TARGET_FIELDS])
def test_a_command_about_no_phase_or_step_refuses_a_word(name: CommandName) -> None:
    with pytest.raises(ValueError, match=f"{name} takes nothing, or an object such as"):
        operator_commands.command_from(name, ["lines"])


def test_only_the_command_about_lines_is_described_with_games() -> None:
    described = {}
    for name in set(CommandName) - set(TARGET_FIELDS):
        with pytest.raises(ValueError, match="or an object such as") as refused:
            operator_commands.command_from(name, ["lines"])
        described[name] = '"games"' in str(refused.value)
    assert [name for name, has_games in described.items() if has_games] == [CommandName.LINES_AVAILABLE]


@pytest.mark.parametrize("name", list(CommandName))
def test_a_payload_is_parsed_as_the_command_it_was_made_of(name: CommandName) -> None:
    command = OperatorCommand(name=name, target="lines", games=("DEN@MIN",), game_date=DAY, who="Ada", why="tea")
    assert "name" not in command.payload
    assert operator_commands.command_from(name, [command.payload]) == command
