"""The log of a day: each execution of a step, why it ran, and what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.ledgers import DAY, evening_plan, no_lines, run_ready_steps, settled_ledger, step_of
from tipoff.vocabulary import (
    ComputeReport,
    NoResult,
    Outcome,
    SourceReport,
    StepExecution,
    StepResult,
    Trigger,
    eastern,
)
from workflows.day_state import DayLedger
from workflows.execution_log import ERROR_LENGTH

PLAN = evening_plan()
PROPS, FEATURES = step_of(PLAN, "odds_api_player_points_props"), step_of(PLAN, "ml_feature_store")
NOON, LATER = eastern(DAY, 12), eastern(DAY, 12, 5)
NONE_YET = SourceReport(outcome=Outcome.NOT_PUBLISHED_YET, reason="no market", changed=False)


@pytest.fixture
def ledger() -> DayLedger:
    started = DayLedger(PLAN)
    started.adopt(PLAN)
    return started


def executions(ledger: DayLedger, step: str) -> tuple[StepExecution, ...]:
    return next((log.executions for log in ledger.executions.end(LATER) if log.step == step), ())


def triggers(ledger: DayLedger, step: str) -> list[Trigger]:
    return [execution.trigger for execution in executions(ledger, step)]


def test_a_source_is_polled_first_then_again_for_data_that_it_lacks_then_to_refresh_them(ledger: DayLedger) -> None:
    for result in (NONE_YET, "no answer within 45 s", SourceReport(rows=300), SourceReport(rows=301)):
        ledger.start(PROPS, NOON)
        ledger.finish(PROPS, result, LATER)
    assert triggers(ledger, PROPS.name) == [Trigger.FIRST_RUN, Trigger.RETRY, Trigger.RETRY, Trigger.REFRESH]


def test_a_source_that_had_all_data_and_failed_is_polled_again_as_a_retry(ledger: DayLedger) -> None:
    for result in (SourceReport(rows=300), "no answer within 45 s", SourceReport(rows=300)):
        ledger.start(PROPS, NOON)
        ledger.finish(PROPS, result, LATER)
    assert triggers(ledger, PROPS.name) == [Trigger.FIRST_RUN, Trigger.REFRESH, Trigger.RETRY]


def test_a_computation_runs_again_for_changed_inputs_after_a_failure_and_for_an_operator(ledger: DayLedger) -> None:
    for result in (ComputeReport(rows=1), "the file is corrupt", ComputeReport(rows=2)):
        ledger.start(FEATURES, NOON)
        ledger.finish(FEATURES, result, LATER)
    ledger.retry(FEATURES.name, LATER)
    ledger.start(FEATURES, LATER)
    ledger.finish(FEATURES, ComputeReport(rows=2), LATER)
    ledger.start(FEATURES, LATER)
    ledger.finish(FEATURES, ComputeReport(rows=2), LATER)
    expected = [
        *(Trigger.FIRST_RUN, Trigger.CHANGED_INPUTS, Trigger.RETRY),
        *(Trigger.OPERATOR, Trigger.CHANGED_INPUTS),
    ]
    assert triggers(ledger, FEATURES.name) == expected


def test_lines_that_an_operator_wants_now_are_polled_for_the_operator(ledger: DayLedger) -> None:
    ledger.poll_now(PROPS, NOON)
    ledger.start(PROPS, NOON)
    ledger.finish(PROPS, NONE_YET, LATER)
    assert triggers(ledger, PROPS.name) == [Trigger.OPERATOR]


def test_the_steps_of_a_rerun_run_for_it() -> None:
    ledger = DayLedger(PLAN, recorded=True)
    ledger.adopt(PLAN)
    for _ in range(2):
        ledger.start(FEATURES, NOON)
        ledger.finish(FEATURES, ComputeReport(rows=1), NOON)
        ledger.retry(FEATURES.name, NOON)
    assert triggers(ledger, FEATURES.name) == [Trigger.RERUN, Trigger.RERUN]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (ComputeReport(rows=40, reason="40 rows"), (1, 40, Outcome.OK, "")),
        (ComputeReport(rows=4, lacking="no box score"), (1, 4, Outcome.PARTIAL, "no box score")),
        (ComputeReport(rows=4, missing_games=("1",)), (1, 4, Outcome.PARTIAL, "")),
        ("the file is corrupt", (1, 0, NoResult.FAILED, "the file is corrupt")),
    ],
)
def test_an_execution_has_the_result_of_a_computation(
    ledger: DayLedger, result: StepResult, expected: tuple[object, ...]
) -> None:
    ledger.start(FEATURES, NOON)
    ledger.finish(FEATURES, result, LATER)
    assert executions(ledger, FEATURES.name) == ((Trigger.FIRST_RUN, NOON, LATER, *expected),)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (SourceReport(rows=300, reason="300 rows", polls=7), (7, 300, Outcome.OK, "")),
        (NONE_YET, (1, 0, Outcome.NOT_PUBLISHED_YET, "no market")),
    ],
)
def test_an_execution_has_the_result_of_a_poll(
    ledger: DayLedger, result: StepResult, expected: tuple[object, ...]
) -> None:
    ledger.start(PROPS, NOON)
    ledger.finish(PROPS, result, LATER)
    assert executions(ledger, PROPS.name) == ((Trigger.FIRST_RUN, NOON, LATER, *expected),)


def test_an_error_is_shortened(ledger: DayLedger) -> None:
    ledger.start(FEATURES, NOON)
    ledger.finish(FEATURES, "x " * 500, LATER)
    assert len(executions(ledger, FEATURES.name)[0].error) <= ERROR_LENGTH


def test_what_runs_when_the_day_ends_is_cancelled(ledger: DayLedger) -> None:
    ledger.start(FEATURES, NOON)
    (execution,) = executions(ledger, FEATURES.name)
    assert execution == (Trigger.FIRST_RUN, NOON, LATER, 0, 0, NoResult.CANCELLED, "")
    assert executions(ledger, FEATURES.name) == (execution,), "it is cancelled once"


def test_every_execution_of_a_day_is_logged_with_the_phase_of_its_step() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    ran = [run_ready_steps(ledger, eastern(DAY, hour), no_lines) for hour in (8, 10, 12)]
    logs = {log.step: log for log in ledger.executions.end(NOON + timedelta(days=1))}
    assert set(logs) == {name for steps in ran for name in steps}
    assert all(log.phase is step_of(PLAN, name).phase for name, log in logs.items())
    assert {name: len(log.executions) for name, log in logs.items()} == {
        name: ledger.records[name].polls for name in logs
    }
    assert len(settled_ledger(PLAN, eastern(DAY, 23)).executions.end(LATER)) > 20
