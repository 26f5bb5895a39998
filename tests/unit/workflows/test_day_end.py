"""A day is complete only with predictions out, every game over and every prediction graded; else it failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ledgers import DAY, DAYS, evening_plan, run_ready_steps, settled_ledger, step_of, successful_report
from tipoff.plan import plan_day, plan_slate
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import ComputeReport, DayPlan, PlanStep, RunState, SourceReport, StepKind, StepState, eastern
from workflows import day_end
from workflows.day_state import DayLedger
from workflows.day_status import day_status
from workflows.step_records import ComputeRecord, Records

PLAN = evening_plan()
FIRST, SECOND, _ = PLAN.games
NIGHT = eastern(DAY + timedelta(days=1), 2)


def complete_records() -> Records:
    return settled_ledger(PLAN, NIGHT).records


def with_grading(records: Records, **changes: Any) -> Records:
    grading = records["grade"]
    assert isinstance(grading, ComputeRecord)
    return {**records, "grade": replace(grading, **changes)}


def test_a_day_with_everything_graded_is_complete() -> None:
    records = complete_records()
    assert day_end.shortfalls(PLAN, records) == ()
    assert day_end.end_state(PLAN, records) is RunState.COMPLETE


@pytest.mark.parametrize(
    ("changes", "shortfall"),
    [
        ({"predictions": 0}, "no predictions"),
        ({"completed_inputs": {}, "state": StepState.SKIPPED}, "no grades"),
        (
            {"unfinished_games": (FIRST.game_id,), "missing_games": (FIRST.game_id,)},
            f"no result of {FIRST.label}: neither final nor postponed",
        ),
        ({"missing_games": (SECOND.game_id,)}, f"ungraded predictions of {SECOND.label}"),
        ({"missing_games": ("0022300999",)}, "ungraded predictions of 0022300999"),
    ],
)
def test_a_day_that_lacks_anything_failed_and_says_what(changes: dict[str, Any], shortfall: str) -> None:
    records = with_grading(complete_records(), **changes)
    assert day_end.shortfalls(PLAN, records) == (shortfall,)
    assert day_end.end_state(PLAN, records) is RunState.FAILED


@given(DAYS)
def test_a_complete_day_lacks_nothing(day: tuple[DayPlan, Records]) -> None:
    plan, records = day
    grading = records["grade"]
    assert isinstance(grading, ComputeRecord)
    is_complete = (
        all(records[step.name].settled for step in plan.steps if step.critical)
        and grading.has_succeeded
        and grading.predictions > 0
        and not grading.missing_games
        and not grading.unfinished_games
    )
    assert (day_end.end_state(plan, records) is RunState.COMPLETE) == is_complete


@given(day=DAYS, seed=st.integers(0, 100))
def test_no_lost_step_makes_a_day_better(day: tuple[DayPlan, Records], seed: int) -> None:
    plan, records = day
    step = plan.steps[seed % len(plan.steps)]
    lost = {**records, step.name: replace(records[step.name], state=StepState.FAILED)}
    if day_end.end_state(plan, lost) is RunState.COMPLETE:
        assert day_end.end_state(plan, records) is RunState.COMPLETE


def settled_records(plan: DayPlan) -> Records:
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    records = {name: replace(record, state=StepState.COMPLETE) for name, record in ledger.records.items()}
    return with_grading(records, completed_inputs={"publish_predictions": 1}) if "grade" in records else records


def test_a_date_without_games_is_complete_and_one_without_a_slate_failed() -> None:
    no_games, unknown = plan_day(DAY, (), SOURCES), plan_slate(DAY, SOURCES)
    assert day_end.end_state(no_games, settled_records(no_games)) is RunState.COMPLETE
    (schedule,) = unknown.steps
    lost = {schedule.name: replace(settled_records(unknown)[schedule.name], state=StepState.FAILED)}
    assert day_end.end_state(unknown, lost) is RunState.FAILED


def test_published_predictions_of_games_that_were_called_off_must_be_void() -> None:
    plan = plan_day(DAY, (), SOURCES, published=True)
    records = settled_records(plan)
    assert day_end.end_state(plan, records) is RunState.COMPLETE
    assert day_end.end_state(plan, with_grading(records, missing_games=(FIRST.game_id,))) is RunState.FAILED


def nothing_predicted(step: PlanStep, games: tuple[str, ...]) -> SourceReport | ComputeReport:
    if step.kind in {StepKind.GRADE, StepKind.EXPORT}:
        return ComputeReport(reason="no player")
    return successful_report(step, games)


def test_a_day_without_predictions_needs_attention_when_they_are_due_and_failed_at_its_end() -> None:
    ledger = DayLedger(PLAN)
    ledger.adopt(PLAN)
    run_ready_steps(ledger, eastern(DAY, 13, 20), nothing_predicted)
    status = day_status(ledger, eastern(DAY, 13, 31), virtual=True, held=False)
    assert status.state is RunState.NEEDS_ATTENTION
    assert status.sentence.startswith("needs attention: no predictions are out")
    run_ready_steps(ledger, NIGHT, nothing_predicted)
    ledger.end()
    status = day_status(ledger, NIGHT, virtual=True, held=False)
    assert (status.state, status.sentence) == (RunState.FAILED, "ended with no predictions")


def test_the_steps_that_a_day_ended_without_are_named() -> None:
    records = {**complete_records(), "grade": replace(complete_records()["grade"], state=StepState.FAILED)}
    assert day_end.lost_steps(PLAN, records) == (step_of(PLAN, "grade").name,)
