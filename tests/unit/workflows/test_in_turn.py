"""Computations that follow each other run in one activity."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from tests.support.ledgers import (
    DAY,
    DAYS,
    MOMENTS,
    evening_plan,
    report_of,
    set_record,
    settled_ledger,
    step_of,
    successful_report,
)
from tipoff.vocabulary import ComputeReport, DayPlan, Span, StepState, eastern
from workflows import gates
from workflows.contracts import Activity, Computation, ComputeRequest
from workflows.day_state import DayLedger
from workflows.in_turn import InTurn, computations_in_turn
from workflows.step_records import Records

AFTERNOON = eastern(DAY, 16)


def planned(ledger: DayLedger, now: datetime = AFTERNOON) -> tuple[InTurn, ...]:
    verdicts = gates.decide(ledger.plan, ledger.records, now)
    return computations_in_turn(ledger.plan, ledger.records, verdicts, now, ledger.degradations)


def after_new_lines(*games: str) -> DayLedger:
    """A day that has its predictions when lines change."""
    ledger = settled_ledger(evening_plan(), AFTERNOON)
    for name in ("odds_api_game_lines", "odds_api_player_points_props"):
        lines = step_of(ledger.plan, name)
        ledger.start(lines, AFTERNOON)
        ledger.finish(lines, report_of(lines, rows=10, changed_games=games or ledger.game_ids), AFTERNOON)
    return ledger


def test_new_lines_are_followed_by_contexts_and_features() -> None:
    computations = planned(after_new_lines())
    assert [each.step.name for each in computations] == [
        "player_prop_lines",
        "upcoming_team_game_context",
        "upcoming_player_game_context",
        "player_daily_cache",
        "player_composite_factors",
        "ml_feature_store",
    ]
    assert [each.ready for each in computations] == [True, True, False, False, False, False]


def test_they_run_for_the_games_with_new_lines() -> None:
    ledger = after_new_lines("0022300001")
    assert {each.games for each in planned(ledger)} == {("0022300001",)}


def test_nothing_runs_in_turn_after_a_step_that_was_degraded() -> None:
    """Its success resolves the degradation, which the requests of those after it would still name."""
    ledger = after_new_lines()
    set_record(ledger, "upcoming_team_game_context", state=StepState.DEGRADED)
    assert [each.step.name for each in planned(ledger)] == ["player_prop_lines", "upcoming_team_game_context"]


def test_nothing_runs_in_turn_after_a_retried_step_with_an_open_degradation() -> None:
    after_games = eastern(DAY, 23) + timedelta(hours=4)
    ledger = settled_ledger(evening_plan(), after_games)
    grade = step_of(ledger.plan, "grade")
    ledger.start(grade, after_games)
    ledger.finish(grade, report_of(grade, lacking="no results of BOS@NYK", predictions=10), after_games)
    ledger.retry("grade", after_games)
    assert [each.step.name for each in planned(ledger, after_games)] == ["grade"]


@given(DAYS, MOMENTS)
def test_a_day_ends_as_if_each_had_been_decided_alone(day: tuple[DayPlan, Records], now: datetime) -> None:
    in_turn, one_by_one = (DayLedger(day[0], dict(day[1])) for _ in range(2))
    run_computations(in_turn, now, together=True)
    run_computations(one_by_one, now, together=False)
    assert in_turn.records == one_by_one.records
    assert in_turn.degradations == one_by_one.degradations


def run_computations(ledger: DayLedger, now: datetime, *, together: bool) -> None:
    """Run computations until none is ready; each brings new data for all its games."""
    while computations := [each for each in planned(ledger, now) if each.ready or together]:
        for each in computations:
            if each.ready:
                ledger.start(each.step, now)
        for each in computations:
            if not each.ready:
                assert each.holds(ledger.records)
                ledger.start(each.step, now, each.inputs)
            ledger.finish(each.step, successful_report(each.step, each.games), now)


def test_a_result_is_dropped_when_something_happened_to_its_step_or_its_inputs_did_not_come() -> None:
    ledger = after_new_lines()
    follower = next(each for each in planned(ledger) if not each.ready)
    assert not follower.holds(ledger.records), "its inputs are still as before"
    run_computations(ledger, AFTERNOON, together=False)
    assert not follower.holds(ledger.records), "it ran alone meanwhile"


def test_a_result_is_kept_when_the_record_of_its_step_was_replaced_by_an_equal_one() -> None:
    """Every transition of the day replaces the records of steps with an open degradation."""
    ledger = after_new_lines()
    ready = next(each for each in planned(ledger) if each.ready)
    ledger.records[ready.step.name] = replace(ready.record)
    assert ready.holds(ledger.records)
    ledger.degrade(ready.step, "too late", AFTERNOON)
    assert not ready.holds(ledger.records)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({"one": 2, "two": 5}, True),
        ({"one": 2, "two": 4}, False),
        ({"one": 1, "two": 4}, False),
    ],
)
def test_the_next_one_runs_if_the_one_before_changed_all_its_games_and_lacks_nothing(
    versions: dict[str, int], *, expected: bool
) -> None:
    request = ComputeRequest(
        subject="player_daily_cache", span=Span.SLATE, game_date=DAY, game_ids=("one", "two"), as_of=AFTERNOON
    )
    computation = Computation(
        activity=Activity.TRANSFORM, request=request, consumed={request.data: {"one": 1, "two": 4}}
    )
    report = ComputeReport(versions={request.data: versions})
    assert computation.allows_next(report) is expected
    assert not computation.allows_next(report.model_copy(update={"lacking": "no results of the last games"}))
