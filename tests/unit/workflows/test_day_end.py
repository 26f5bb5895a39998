"""A day is complete only with predictions out, every game over and every prediction graded; else it failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ledgers import DAY, evening_plan, run_ready_steps, settled_ledger, successful_report
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
COMPLETE_RECORDS = settled_ledger(PLAN, NIGHT).records


def with_grading(records: Records, **changes: Any) -> Records:
    grading = records["grade"]
    assert isinstance(grading, ComputeRecord)
    return {**records, "grade": replace(grading, **changes)}


def test_a_day_with_everything_graded_is_complete() -> None:
    assert day_end.shortfalls(PLAN, COMPLETE_RECORDS) == ()
    assert day_end.end_state(PLAN, COMPLETE_RECORDS) is RunState.COMPLETE


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
    records = with_grading(COMPLETE_RECORDS, **changes)
    assert day_end.shortfalls(PLAN, records) == (shortfall,)
    assert day_end.end_state(PLAN, records) is RunState.FAILED


_GAMES = st.lists(st.sampled_from(PLAN.game_ids), min_size=1, unique=True).map(tuple)
_LACKING: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({"predictions": 0}),
    st.just({"completed_inputs": {}}),
    _GAMES.map(lambda games: {"missing_games": games}),
    _GAMES.map(lambda games: {"unfinished_games": games}),
)


@given(st.just({}) | _LACKING)
def test_a_day_is_complete_when_its_grading_lacks_nothing(lacking: dict[str, Any]) -> None:
    records = with_grading(COMPLETE_RECORDS, **lacking)
    assert (day_end.end_state(PLAN, records) is RunState.COMPLETE) is (not lacking)
    assert (day_end.shortfalls(PLAN, records) == ()) is (not lacking)


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.PENDING, StepState.LATE])
@pytest.mark.parametrize("step", PLAN.steps, ids=lambda step: step.name)
def test_a_day_needs_its_critical_steps_and_no_other(step: PlanStep, state: StepState) -> None:
    records = {**COMPLETE_RECORDS, step.name: replace(COMPLETE_RECORDS[step.name], state=state)}
    assert day_end.lost_steps(PLAN, records) == ((step.name,) if step.critical else ())
    assert day_end.end_state(PLAN, records) is (RunState.FAILED if step.critical else RunState.COMPLETE)


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
