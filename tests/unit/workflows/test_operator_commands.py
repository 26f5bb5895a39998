"""What people say to a day: understood, judged without changing anything, carried out once."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ledgers import DAY, carry_on, evening_plan, no_lines, settled_ledger, step_of
from tipoff.vocabulary import Outcome, Phase, RunState, StepState, eastern
from workflows import gates, operator_commands
from workflows.contracts import Message, OperatorCommand, StepReport
from workflows.day_state import DayLedger

NOON = eastern(DAY, 12)
_KEYS = st.sampled_from(("phase", "step", "target", "games", "game_date", "who", "why", "message"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=150),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def waiting() -> DayLedger:
    """A day at noon that has all but the lines."""
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    carry_on(ledger, NOON, no_lines)
    return ledger


def say(ledger: DayLedger, message: Message, target: str = "", **fields: Any) -> str:
    """Judge an order and, when it is accepted, carry it out; the answer."""
    command = OperatorCommand(message=message, target=target, who="Ada", why="they never come", **fields)
    answer = operator_commands.judge(command, ledger, held=False)
    if answer.accepted:
        operator_commands.apply(command, ledger, NOON)
    return answer.answer


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (
            OperatorCommand(message=Message.FORCE_CONTINUE, target="lnies"),
            "no phase 'lnies'; the phases are slate, collect",
        ),
        (OperatorCommand(message=Message.FORCE_CONTINUE), "no phase ''"),
        (
            OperatorCommand(message=Message.RETRY_STEP, target="odds_api"),
            "no step 'odds_api'; the steps are nbac_schedule",
        ),
        (OperatorCommand(message=Message.SKIP_STEP), "no step ''"),
        (
            OperatorCommand(message=Message.RETRY_STEP, target="bdl_injuries"),
            "it stands in for nbac_injury_report; nothing was",
        ),
        (
            OperatorCommand(message=Message.LINES_AVAILABLE, games=("LAL@BOS",)),
            "no game LAL@BOS on this slate (DEN@MIN, BOS@ATL",
        ),
        (
            OperatorCommand(message=Message.FORCE_CONTINUE, target="lines", game_date=date(2024, 3, 30)),
            "this run is of 2024-03-29, not of 2024-03-30",
        ),
        (OperatorCommand(message=Message.RESUME_CLOCK), "the clock is not held"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_could_be_and_changes_nothing(
    waiting: DayLedger, command: OperatorCommand, why: str
) -> None:
    before = copy.deepcopy(waiting)
    answer = operator_commands.judge(command, waiting, held=False)
    assert not answer.accepted
    assert why in answer.answer
    assert waiting == before


@pytest.mark.parametrize("message", list(Message))
def test_a_day_that_has_ended_accepts_nothing_and_says_how_to_start_it_again(
    waiting: DayLedger, message: Message
) -> None:
    waiting.ended = RunState.COMPLETE
    answer = operator_commands.judge(OperatorCommand(message=message, target="lines"), waiting, held=True)
    assert not answer.accepted
    assert "--rerun" in answer.answer


def test_a_step_whose_inputs_are_lacking_is_not_said_to_be_tried_at_once() -> None:
    plan = evening_plan()
    day = DayLedger(plan)
    day.adopt(plan)
    rosters = StepReport(outcome=Outcome.THROTTLED, reason="HTTP 429", changed=False)
    carry_on(day, eastern(DAY, 9), lambda step, games: rosters if "rosters" in step.name else no_lines(step, games))
    answer = say(day, Message.RETRY_STEP, "nbac_injury_report")
    assert answer == "nbac_injury_report is tried again when espn_team_rosters came or is gone without"
    day.degrade(step_of(plan, "espn_team_rosters"), "HTTP 429", NOON)
    assert say(day, Message.RETRY_STEP, "nbac_injury_report") == "nbac_injury_report is tried again"


def test_a_step_that_runs_is_not_retried(waiting: DayLedger) -> None:
    waiting.start(step_of(waiting.plan, "odds_api_game_lines"), NOON)
    assert "is running" in say(waiting, Message.RETRY_STEP, "odds_api_game_lines")
    assert waiting.records["odds_api_game_lines"].running


@pytest.mark.parametrize(
    ("message", "target", "state"),
    [
        (Message.SKIP_STEP, "odds_api_game_lines", StepState.SKIPPED),
        (Message.FORCE_CONTINUE, "lines", StepState.DEGRADED),
    ],
)
def test_a_look_that_takes_long_is_gone_on_without_at_once(
    waiting: DayLedger, message: Message, target: str, state: StepState
) -> None:
    lines = step_of(waiting.plan, "odds_api_game_lines")
    waiting.start(lines, NOON)
    say(waiting, message, target)
    assert "upcoming_team_game_context" in carry_on(waiting, NOON, no_lines)
    waiting.finish(lines, StepReport(outcome=Outcome.NOT_PUBLISHED_YET, changed=False), NOON)
    assert waiting.records[lines.name].state is state


def test_a_system_that_takes_long_is_gone_on_without(waiting: DayLedger) -> None:
    system = step_of(waiting.plan, "catboost_v8")
    waiting.start(system, NOON)
    assert system.name in say(waiting, Message.FORCE_CONTINUE, "predict")


@pytest.mark.parametrize(
    ("message", "target", "why"),
    [
        (Message.RETRY_STEP, "ml_feature_store", "is not parked in it"),
        (Message.SKIP_STEP, "ml_feature_store", "is not parked in it"),
        (Message.REFRESH_LINES, "", "asks no provider"),
        (Message.LINES_AVAILABLE, "", "asks no provider"),
    ],
)
def test_a_rerun_hears_only_of_what_is_parked_in_it(
    waiting: DayLedger, message: Message, target: str, why: str
) -> None:
    waiting.recorded = True
    assert why in say(waiting, message, target)


def test_the_slate_cannot_be_done_without() -> None:
    ledger = DayLedger(evening_plan())
    ledger.adopt(ledger.plan)
    assert "cannot go on without a slate" in say(ledger, Message.SKIP_STEP, "nbac_schedule")
    assert "the slate is not known yet" in say(ledger, Message.FORCE_CONTINUE, "lines")
    assert all(record.state is StepState.PENDING for record in ledger.records.values())


def test_forcing_on_predicts_without_lines_at_once(waiting: DayLedger) -> None:
    assert say(waiting, Message.FORCE_CONTINUE, "lines") == (
        "going on without odds_api_game_lines, odds_api_player_points_props"
    )
    assert "moving_average" in carry_on(waiting, NOON, no_lines)
    assert {item.reason for item in waiting.degradations} == {"forced on by Ada: they never come"}


def test_forcing_on_a_later_phase_forces_what_it_waits_for_however_far_up(waiting: DayLedger) -> None:
    steps = operator_commands.forced_steps(Phase.PUBLISH, waiting.plan, waiting.records)
    assert [step.name for step in steps] == ["odds_api_game_lines", "odds_api_player_points_props"]


def test_forcing_on_leaves_what_is_only_to_be_computed_alone(waiting: DayLedger) -> None:
    say(waiting, Message.FORCE_CONTINUE, "predict")
    assert waiting.records["ml_feature_store"].state is StepState.PENDING


def test_forcing_on_a_phase_that_waits_for_nothing_changes_nothing() -> None:
    ledger = settled_ledger(evening_plan(), eastern(DAY, 16))
    before = copy.deepcopy(ledger)
    assert "waits for nothing" in say(ledger, Message.FORCE_CONTINUE, "lines")
    assert ledger == before


@pytest.mark.parametrize(
    ("message", "target"),
    [
        (Message.FORCE_CONTINUE, "lines"),
        (Message.SKIP_STEP, "odds_api_game_lines"),
        (Message.RETRY_STEP, "odds_api_game_lines"),
        (Message.LINES_AVAILABLE, ""),
        (Message.REFRESH_LINES, ""),
    ],
)
def test_saying_it_twice_is_saying_it_once(waiting: DayLedger, message: Message, target: str) -> None:
    say(waiting, message, target)
    once = copy.deepcopy(waiting)
    say(waiting, message, target)
    assert waiting == once


def test_a_skipped_step_stays_skipped_until_it_is_retried(waiting: DayLedger) -> None:
    say(waiting, Message.SKIP_STEP, "odds_api_player_points_props")
    assert isinstance(
        gates.decide(waiting.plan, waiting.records, eastern(DAY, 15))["odds_api_player_points_props"], gates.Closed
    )
    say(waiting, Message.RETRY_STEP, "odds_api_player_points_props")
    assert "odds_api_player_points_props" in carry_on(waiting, NOON)


@pytest.mark.parametrize("message", [Message.LINES_AVAILABLE, Message.REFRESH_LINES])
def test_lines_are_looked_for_at_once_when_somebody_says_so(waiting: DayLedger, message: Message) -> None:
    later = eastern(DAY, 12, 1)
    assert carry_on(waiting, later, no_lines) == {}
    command = OperatorCommand(message=message, games=("DEN@MIN",))
    operator_commands.apply(command, waiting, later)
    done = carry_on(waiting, later, no_lines)
    assert set(done) == {"odds_api_events", "odds_api_game_lines", "odds_api_player_points_props"}


@given(st.sampled_from(list(Message)), JSON)
def test_whatever_is_typed_in_the_ui_is_an_order_or_refused_with_an_example(message: Message, argument: Any) -> None:
    told = None
    try:
        assert operator_commands.command_from(message, [argument]).message is message
    except ValueError as error:
        told = str(error)
    assert told is None or f"{message} takes a word or an object such as {{" in told


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
    assert operator_commands.command_from(Message.FORCE_CONTINUE, [argument]).target == target
