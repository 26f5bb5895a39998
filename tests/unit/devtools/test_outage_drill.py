"""The outages of the drill, and the problems it reports."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from devtools.drill import DAY, DayReport
from devtools.outage_drill import (
    BASELINE,
    PARALLEL_DAYS,
    Outage,
    outages,
    parallel_days,
    print_report,
    problems,
    selected_outages,
)
from devtools.sources_page import is_replayed
from tipoff.errors import BadInputError
from tipoff.plan import plan_day
from tipoff.replay.upstream.fault_file import format_faults, load_faults
from tipoff.sources.registry import SOURCES
from tipoff.vocabulary import Degradation, RunState, SlateGame, eastern
from workflows.day_state import DayLedger
from workflows.day_status import day_result, day_status

NOON, TIP = eastern(DAY, 12), eastern(DAY, 19)
PROPS = Outage("odds_api_player_points_props", "odds_api_player_points_props")
BOXES = Outage("nbac_player_boxscores", "nbac_player_boxscores")
MORNING = Outage("nbac_player_history", "nbac_player_boxscores", eastern(DAY, 18))


def day(
    *,
    state: RunState = RunState.COMPLETE,
    published: datetime = NOON,
    refused: int = 9,
    players: int = 200,
    lined: int = 130,
    graded: int = 400,
    parked: bool = False,
) -> DayReport:
    plan = plan_day(DAY, (SlateGame(game_id="0022301062", away="GSW", home="CHA", tip_off=TIP),), SOURCES)
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    ledger.ended, ledger.published = state, [published]
    if parked:
        ledger.park(plan.steps[-1], "no rows", TIP)
    status = day_status(ledger, TIP, virtual=True, held=False)
    systems = {"moving_average": {"model": {"predictions": 400, "outcomes": {"win": graded, "void": 0}}}}
    summary = {"players_predicted": players, "lined_players": lined, "systems": systems}
    return DayReport(day_result(status), status, summary, refused, 1.0)


def degraded(
    report: DayReport, step: str, resolved_at: datetime | None = None, fallback: str = "BettingPros player points"
) -> DayReport:
    reason = f"blocked; games from {fallback}"
    degradation = Degradation(step=step, reason=reason, since=TIP, resolved_at=resolved_at)
    result = report.result.model_copy(update={"degradations": (degradation,)})
    return DayReport(result, report.status, report.summary, report.refused, report.wall_seconds)


def test_every_replayed_source_is_down_once_after_the_baseline() -> None:
    first, *others = outages()
    assert first is BASELINE
    names = {outage.name for outage in others}
    assert {name for name, source in SOURCES.items() if source.number and is_replayed(source)} <= names
    assert {"nbac_player_history", "nbac_team_history"} <= names
    assert [outage.name for outage in outages(["bdl_injuries"])] == [BASELINE.name, "bdl_injuries"]


@pytest.mark.parametrize("outage", list(outages()), ids=lambda outage: outage.name)
def test_the_replay_accepts_the_fault_file(outage: Outage, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(format_faults(outage.faults))
    assert [(fault.source, fault.begins, fault.until) for fault in load_faults(file)] == (
        [(outage.replay_source, None, outage.until)] if outage.replay_source else []
    )


@pytest.mark.parametrize(
    ("outage", "result", "expected"),
    [
        (BASELINE, day(refused=0), []),
        (PROPS, degraded(day(), PROPS.name), []),
        (PROPS, day(), ["it did not report the missing source", "it did not name the fallback source"]),
        (PROPS, degraded(day(), PROPS.name, fallback="nobody"), ["it did not name the fallback source"]),
        (PROPS, degraded(day(), PROPS.name, TIP), ["it reported data from the source that is down"]),
        (MORNING, degraded(day(), MORNING.name, TIP), []),
        (PROPS, degraded(day(state=RunState.FAILED), PROPS.name), ["it ended FAILED"]),
        (PROPS, degraded(day(parked=True), PROPS.name), ["it needed attention"]),
        (PROPS, degraded(day(published=TIP), PROPS.name), ["its predictions were late"]),
        (PROPS, day(refused=0), ["the source that is down was not polled"]),
        (Outage("bdl_injuries", "bdl_injuries"), day(refused=0), []),
        (PROPS, "it did not complete: TimeoutError", ["it did not complete: TimeoutError"]),
        (PROPS, degraded(day(players=190), PROPS.name), []),
        (
            PROPS,
            degraded(day(players=1, lined=0), PROPS.name),
            ["1 predicted, fewer than 190", "0 with lines, fewer than 130"],
        ),
        (BOXES, degraded(day(graded=0), BOXES.name, fallback="NBA live box scores"), ["0 graded, fewer than 400"]),
        (MORNING, degraded(day(graded=379, lined=124), MORNING.name, TIP), ["379 graded, fewer than 380"]),
    ],
)
def test_missed_requirements_are_problems(outage: Outage, result: DayReport | str, expected: list[str]) -> None:
    assert problems(outage, result, day(refused=0)) == expected


def test_the_report_has_a_row_for_each_outage() -> None:
    text = StringIO()
    print_report({BASELINE: day(refused=0), PROPS: degraded(day(), PROPS.name)}, Console(file=text, width=300))
    assert "400 of 400" in text.getvalue()
    assert "BettingPros player points" in text.getvalue()


def test_a_baseline_without_lines_or_grades_is_a_problem() -> None:
    bare = day(refused=0, lined=0, graded=0)
    assert problems(BASELINE, bare, bare) == ["0 with lines, fewer than 1", "0 graded, fewer than 1"]


def test_an_unknown_source_name_is_refused() -> None:
    assert [outage.name for outage in selected_outages({"SOURCES": "bdl_injuries"})] == [BASELINE.name, "bdl_injuries"]
    with pytest.raises(BadInputError, match=r"no outage for bdl_injurys; use some of nbac_schedule, "):
        selected_outages({"SOURCES": "bdl_injuries bdl_injurys"})


@pytest.mark.parametrize("given", ["0", "x", "-1", "1.5"])
def test_parallel_days_are_one_or_more(given: str) -> None:
    assert (parallel_days({}), parallel_days({"JOBS": ""}), parallel_days({"JOBS": "3"})) == (
        PARALLEL_DAYS,
        PARALLEL_DAYS,
        3,
    )
    with pytest.raises(BadInputError, match=f"JOBS={given}: "):
        parallel_days({"JOBS": given})
