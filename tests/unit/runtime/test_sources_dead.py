"""Which days are played with a dead source, and what of how they went is called wrong."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from runtime.sources_dead import DAY, EVERY_SOURCE, Case, Day, cases, wrong_with
from runtime.sources_page import NUMBERED, endpoint_of
from tipoff.plan import plan_day
from tipoff.replay.faults import Source as Struck
from tipoff.replay.faults import load_faults
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import RunState, SlateGame, eastern
from workflows.contracts import Degradation
from workflows.day_report import day_result, day_status
from workflows.day_state import DayLedger

NOON, TIP = eastern(DAY, 12), eastern(DAY, 19)
PROPS = Case("odds_api_player_points_props", Struck.PROPS)
MORNING = Case("nbac_player_history", Struck.PLAYER_BOXSCORES, eastern(DAY, 18))


def day(*, state: RunState = RunState.COMPLETE, out: datetime = NOON, refused: int = 9, players: int = 200) -> Day:
    plan = plan_day(DAY, (SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=TIP),), SOURCES)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    ledger.ended, ledger.published = state, [out]
    status = day_status(ledger, TIP, virtual=True, held=False)
    return Day(day_result(status), status, {"players_predicted": players}, refused, 1.0)


def losing(of: Day, step: str, resolved_at: datetime | None = None) -> Day:
    lost = Degradation(step=step, reason="blocked", since=TIP, resolved_at=resolved_at)
    result = of.result.model_copy(update={"degradations": (lost,)})
    return Day(result, of.status, of.summary, of.refused, of.wall_seconds)


def test_every_source_with_an_address_is_dead_once_and_the_first_day_has_them_all() -> None:
    first, *others = cases()
    assert first is EVERY_SOURCE
    names = {case.name for case in others}
    assert {name for name in NUMBERED if endpoint_of(SOURCES[name])} <= names
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
        (PROPS, day(), ["it does not say what it lost"]),
        (PROPS, losing(day(), PROPS.name, TIP), ["it says that the dead source came"]),
        (MORNING, losing(day(), MORNING.name, TIP), []),
        (PROPS, losing(day(state=RunState.FAILED), PROPS.name), ["it ended FAILED"]),
        (PROPS, losing(day(players=0), PROPS.name), ["no predictions came out"]),
        (PROPS, losing(day(out=TIP), PROPS.name), ["its predictions came late"]),
        (PROPS, day(refused=0), ["nobody asked the dead source"]),
        (Case("bdl_injuries", Struck.BDL_INJURIES), day(refused=0), []),
        (PROPS, "it did not come to its end: TimeoutError", ["it did not come to its end: TimeoutError"]),
    ],
)
def test_what_did_not_go_by_the_rule_is_told(case: Case, went: Day | str, wrong: list[str]) -> None:
    assert wrong_with(case, went) == wrong
