"""Which days are played with a dead source, and what of how they went is called wrong."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from devtools.outage_drill import AT_ONCE, DAY, EVERY_SOURCE, Case, Day, cases, jobs, wanted_days, wrong_with
from devtools.sources_page import NUMBERED, is_replayed
from tipoff.errors import BadInputError
from tipoff.plan import plan_day
from tipoff.replay.faults import ReplaySource, load_faults
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Degradation, RunState, SlateGame, eastern
from workflows.day_state import DayLedger
from workflows.day_status import day_result, day_status

NOON, TIP = eastern(DAY, 12), eastern(DAY, 19)
PROPS = Case("odds_api_player_points_props", ReplaySource.PROPS)
BOXES = Case("nbac_player_boxscores", ReplaySource.PLAYER_BOXSCORES)
MORNING = Case("nbac_player_history", ReplaySource.PLAYER_BOXSCORES, eastern(DAY, 18))


def day(
    *,
    state: RunState = RunState.COMPLETE,
    out: datetime = NOON,
    refused: int = 9,
    players: int = 200,
    lined: int = 130,
    graded: int = 400,
    parked: bool = False,
) -> Day:
    plan = plan_day(DAY, (SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=TIP),), SOURCES)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    ledger.ended, ledger.published = state, [out]
    if parked:
        ledger.park(plan.steps[-1], "no rows", TIP)
    status = day_status(ledger, TIP, virtual=True, held=False)
    systems = {"moving_average": {"predictions": 400, "outcomes": {"win": graded, "void": 0}}}
    summary = {"players_predicted": players, "lined_players": lined, "systems": systems}
    return Day(day_result(status), status, summary, refused, 1.0)


def losing(of: Day, step: str, resolved_at: datetime | None = None, had: str = "BettingPros player points") -> Day:
    reason = f"blocked; games from {had}"
    lost = Degradation(step=step, reason=reason, since=TIP, resolved_at=resolved_at)
    result = of.result.model_copy(update={"degradations": (lost,)})
    return Day(result, of.status, of.summary, of.refused, of.wall_seconds)


def test_every_source_with_an_address_is_dead_once_and_the_first_day_has_them_all() -> None:
    first, *others = cases()
    assert first is EVERY_SOURCE
    names = {case.name for case in others}
    assert {name for name in NUMBERED if is_replayed(SOURCES[name])} <= names
    assert {"nbac_player_history", "nbac_team_history"} <= names
    assert [case.name for case in cases(["bdl_injuries"])] == [EVERY_SOURCE.name, "bdl_injuries"]


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_the_upstream_takes_its_fault_file(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(case.faults())
    assert tomllib.loads(case.faults()).keys() <= {"fault"}
    assert [(fault.source, fault.begins, fault.until) for fault in load_faults(file)] == (
        [(case.struck, None, case.until)] if case.struck else []
    )


@pytest.mark.parametrize(
    ("case", "went", "wrong"),
    [
        (EVERY_SOURCE, day(refused=0), []),
        (PROPS, losing(day(), PROPS.name), []),
        (PROPS, day(), ["it does not say what it lost", "it does not say who stood in"]),
        (PROPS, losing(day(), PROPS.name, had="nobody"), ["it does not say who stood in"]),
        (PROPS, losing(day(), PROPS.name, TIP), ["it says that the dead source came"]),
        (MORNING, losing(day(), MORNING.name, TIP), []),
        (PROPS, losing(day(state=RunState.FAILED), PROPS.name), ["it ended FAILED"]),
        (PROPS, losing(day(parked=True), PROPS.name), ["it called a person"]),
        (PROPS, losing(day(out=TIP), PROPS.name), ["its predictions came late"]),
        (PROPS, day(refused=0), ["nobody asked the dead source"]),
        (Case("bdl_injuries", ReplaySource.BDL_INJURIES), day(refused=0), []),
        (PROPS, "it did not come to its end: TimeoutError", ["it did not come to its end: TimeoutError"]),
        (PROPS, losing(day(players=190), PROPS.name), []),
        (
            PROPS,
            losing(day(players=1, lined=0), PROPS.name),
            ["1 predicted, not 190 or more", "0 lined, not 130 or more"],
        ),
        (BOXES, losing(day(graded=0), BOXES.name, had="NBA live box scores"), ["0 graded, not 400 or more"]),
        (MORNING, losing(day(graded=379, lined=124), MORNING.name, TIP), ["379 graded, not 380 or more"]),
    ],
)
def test_what_did_not_go_by_the_rule_is_told(case: Case, went: Day | str, wrong: list[str]) -> None:
    assert wrong_with(case, went, day(refused=0)) == wrong


def test_an_undisturbed_day_without_lines_or_grades_is_nothing_to_compare_with() -> None:
    bare = day(refused=0, lined=0, graded=0)
    assert wrong_with(EVERY_SOURCE, bare, bare) == ["0 lined, not 1 or more", "0 graded, not 1 or more"]


def test_a_name_that_nothing_can_be_dead_at_is_not_passed_over() -> None:
    assert [case.name for case in wanted_days({"SOURCES": "bdl_injuries"})] == [EVERY_SOURCE.name, "bdl_injuries"]
    with pytest.raises(BadInputError, match=r"no day to play for bdl_injurys; name some of nbac_schedule, "):
        wanted_days({"SOURCES": "bdl_injuries bdl_injurys"})


@pytest.mark.parametrize("given", ["0", "x", "-1", "1.5"])
def test_days_at_once_are_counted_from_one(given: str) -> None:
    assert (jobs({}), jobs({"JOBS": ""}), jobs({"JOBS": "3"})) == (AT_ONCE, AT_ONCE, 3)
    with pytest.raises(BadInputError, match=f"JOBS={given}: "):
        jobs({"JOBS": given})
