"""The drill of all faults: which it replays, what the watchdog would have done, and who ended a fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devtools.drill import DAY
from devtools.incidents.__main__ import Replayed
from devtools.incidents.evidence import Evidence, Observed
from devtools.repair_drill import (
    Ending,
    Verdict,
    cases,
    commands_of_watchdog,
    selected_cases,
    share_without_person,
    why_a_person,
)
from tests.support.days import at
from tests.support.observations import parked, status
from tipoff.errors import BadInputError
from tipoff.replay.faults import FaultKind
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import AuditEntry, Channel, DataQuality, DayStatus, RunState, step_names
from workflows.contracts import DayResult

MINUTE = timedelta(minutes=1)
COMPLETE = status(state=RunState.COMPLETE)
CASE = next(cases())


def replayed(end: DayStatus) -> Replayed:
    result = DayResult(
        game_date=DAY,
        state=end.state,
        data_quality=DataQuality.COMPLETE,
        games=12,
        first_published_at=None,
        refreshed_at=(),
        counts={},
        degradations=(),
        attention=(),
    )
    folder = Path()
    return Replayed(CASE.scenario, Evidence(Observed(end, folder), result, folder, folder, 1.0))


def test_every_kind_of_fault_and_every_source_is_a_case() -> None:
    names = [case.name for case in cases()]
    assert len(names) == len(set(names))
    kinds = {fault.kind for case in cases() for fault in case.scenario.faults}
    assert kinds == set(FaultKind)
    down = {name.removeprefix("down: ") for name in names if name.startswith("down: ")}
    assert {step_names.SCHEDULE, step_names.BETTING_LINES} <= down <= set(SOURCES)


def test_the_watchdog_retries_a_step_parked_at_the_end_at_its_passes_with_growing_waits() -> None:
    commands = commands_of_watchdog(parked(step_names.FEATURES, at(12, 1)))
    assert [command.at for command in commands] == [
        at(12, 6),
        at(12, 16),
        at(12, 31),
        at(12, 56),
        at(13, 46),
        at(15, 26),
    ]
    assert {(command.command, command.target, command.who) for command in commands} == {
        ("retry_step", step_names.FEATURES, "watchdog")
    }
    assert commands_of_watchdog(COMPLETE) == ()


def test_a_day_that_ends_complete_needed_no_person() -> None:
    assert why_a_person(replayed(COMPLETE)) == ""


def command_by(who: str) -> DayStatus:
    entry = AuditEntry(
        at=at(12), via=Channel.UPDATE, command="retry_step", target="x", who=who, why="", accepted=True, result=""
    )
    return COMPLETE.model_copy(update={"audit": (entry,)})


def test_a_parked_step_a_failed_day_and_an_operators_command_needed_one() -> None:
    assert "disk full" in why_a_person(replayed(parked(step_names.FEATURES, at(12))))
    assert why_a_person(replayed(status(state=RunState.FAILED, sentence="no predictions"))) == "no predictions"
    assert why_a_person(replayed(command_by("operator"))) == "retry_step by an operator"
    assert why_a_person(replayed(command_by("watchdog"))) == ""
    assert why_a_person(Replayed(CASE.scenario, None, problem="the day failed")) == "the day failed"


def test_the_share_counts_what_the_day_and_the_watchdog_ended() -> None:
    verdict = Verdict(CASE, Ending.DAY, replayed(COMPLETE))
    three = [verdict, replace(verdict, ending=Ending.WATCHDOG), replace(verdict, ending=Ending.PERSON)]
    assert share_without_person(three) == pytest.approx(2 / 3)


def test_cases_are_selected_by_a_part_of_their_name() -> None:
    assert {case.name.partition(":")[0] for case in selected_cases({"CASES": "hang down"})} == {"hang", "down"}
    with pytest.raises(BadInputError, match="no case has such a name"):
        selected_cases({"CASES": "nothing"})
