"""The scenarios of incidents: their files, the evidence of a day as tables, and the verdict of checks."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from pydantic import ValidationError
from rich.console import Console

from devtools.incidents.__main__ import Replayed, lines_of, make_checks, print_scenario, print_table
from devtools.incidents.evidence import CommandRun, Evidence, Observed, poll_times, request_bounds
from devtools.incidents.scenario import Check, Scenario, every_day_checks, load_scenario, scenario_files
from tests.support.ledgers import evening_plan
from tests.support.rows import rows_of
from tipoff.errors import BadInputError, ConfigurationError
from tipoff.replay.upstream.fault_file import format_faults, load_faults
from tipoff.vocabulary import RunState, eastern
from tipoff.warehouse.duckdb_adapter import DuckDbWarehouse
from workflows.day_state import DayLedger
from workflows.day_status import day_result, day_status

DAY = date(2024, 3, 29)
INCIDENTS = {
    *("2025-12-29", "2026-01-16", "2026-01-17", "2026-01-18", "2026-01-25", "2026-01-26", "2026-01-27"),
    *("2026-02-03", "2026-02-09", "off-season"),
}
PROPS = "odds_api_player_points_props"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A day on which lines were late."""
    tmp_path = tmp_path_factory.mktemp("incident")
    plan = evening_plan()
    ledger = DayLedger(plan)
    ledger.adopt(plan)
    ledger.ended, ledger.published = RunState.COMPLETE, [eastern(DAY, 13, 15)]
    ledger.park(plan.steps[-1], "no rows", eastern(DAY, 19))
    status = day_status(ledger, eastern(DAY, 23), virtual=True, held=False)
    today = tmp_path / "exports" / "v1" / "predictions" / "today.json"
    today.parent.mkdir(parents=True)
    today.write_text(json.dumps({"game_date": str(DAY)}))
    request = {"source": PROPS, "status": 200, "fault": "never", "path": "v4", "as_of": "2024-03-29T14:20:00+00:00"}
    (tmp_path / "requests.jsonl").write_text(json.dumps(request) + "\n")
    (tmp_path / "writes.txt").write_text("raw_player_props\nraw_player_props\n")
    file = tmp_path / "stored.duckdb"
    warehouse = DuckDbWarehouse(file)
    warehouse.migrate()
    for day in (DAY, DAY - timedelta(days=1)):
        warehouse.append(
            "raw_player_props",
            rows_of("raw_player_props", [{"line": 20.5, "as_of": eastern(DAY, 16)}], game_date=day),
        )
    warehouse.close()
    observed = Observed(status, tmp_path / "exports")
    commands = tuple(CommandRun(number, "schedules apply --json", 0, "[]") for number in range(1, 6))
    refused = {"catboost": "an import failed"}
    return Evidence(observed, day_result(status), tmp_path, file, 12.0, observed, refused, commands, restarts=1)


def test_every_incident_has_a_scenario() -> None:
    assert {load_scenario(file).incident for file in scenario_files().values()} == INCIDENTS


@pytest.mark.parametrize("name", scenario_files())
def test_the_replay_accepts_the_faults_of_a_scenario(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(scenario_files()[name])
    file = tmp_path / "faults.toml"
    file.write_text(format_faults(scenario.faults))
    assert load_faults(file) == scenario.faults
    assert len({check.what for check in scenario.all_checks}) == len(scenario.all_checks)


@pytest.mark.parametrize("name", scenario_files())
def test_every_check_is_a_select_that_the_evidence_answers(name: str, evidence: Evidence) -> None:
    scenario = load_scenario(scenario_files()[name])
    assert [result.error for result in make_checks(evidence, scenario.all_checks) if result.error] == []


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT state FROM end_day", "COMPLETE"),
        ("SELECT first_published_at = TIMESTAMPTZ '2024-03-29 13:15' FROM held_day", True),
        ("SELECT COUNT(*) FROM end_attention", 1),
        ("SELECT COUNT(*) FROM raw_player_props", 1),
        ("SELECT COUNT(*) FROM warehouse.raw_player_props", 2),
        ("SELECT hour(as_of) FROM requests", 10),
        ("SELECT content->>'game_date' FROM end_exports WHERE path = 'predictions/today.json'", "2024-03-29"),
        ("SELECT COUNT(*) FROM writes WHERE table_name = 'raw_player_props'", 2),
        ("SELECT typed FROM commands WHERE number = 1 AND output = '[]'", "schedules apply --json"),
        ("SELECT said FROM broken_imports WHERE module = 'catboost'", "an import failed"),
        ("SELECT bound > 0 FROM request_bounds WHERE source = 'nbac_schedule'", True),
    ],
)
def test_evidence_is_read_by_sql(sql: str, value: bool | int | str, evidence: Evidence) -> None:
    (result,) = make_checks(evidence, [Check(what="it is so", sql=sql, equals=value)])
    assert (result.error, result.value, result.passed) == ("", value, True)


def test_a_wrong_value_a_missing_row_and_a_wrong_select_fail(evidence: Evidence) -> None:
    checks = [
        Check(what="wrong", sql="SELECT 3", equals=4),
        Check(what="nothing", sql="SELECT 1 WHERE false", equals=1),
        Check(what="no such table", sql="SELECT * FROM moon", equals=1),
    ]
    results = list(make_checks(evidence, checks))
    assert [result.passed for result in results] == [False, False, False]
    assert "moon" in results[2].error


@pytest.mark.parametrize(
    ("demands", "met", "missed"),
    [
        ({"equals": 0}, 0, 1),
        ({"equals": True}, True, 1),
        ({"equals": "COMPLETE"}, "COMPLETE", None),
        ({"at_least": 150}, 150, 149),
        ({"at_most": 0.7, "at_least": 0.3}, 0.7, 0.71),
        ({"at_least": 1}, 1, None),
    ],
)
def test_a_check_demands_a_value(
    demands: dict[str, int | float | str], met: int | str, missed: int | float | None
) -> None:
    check = Check.model_validate({"what": "it is so", "sql": "SELECT 1", **demands})
    assert check.is_met_by(met)
    assert not check.is_met_by(missed)


def test_a_check_without_a_demand_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs equals, at_least or at_most"):
        Check(what="it is so", sql="SELECT 1")


def test_requests_are_bounded_by_the_polls_of_the_plan() -> None:
    plan = evening_plan()
    step = next(step for step in plan.steps if step.name == PROPS)
    bounds = request_bounds(plan)
    polls, games, attempts = len(poll_times(step)), 3, 4
    assert 0 < bounds[PROPS] <= polls * games * attempts
    assert bounds["bettingpros_player_points_props"] > 0
    assert "bigdataball_play_by_play" in bounds
    assert poll_times(step)[0] == eastern(DAY, 8)


def test_the_report_names_what_happened_and_every_check(evidence: Evidence) -> None:
    scenario = Scenario.model_validate(
        {
            "incident": "2026-01-27",
            "title": "late lines",
            "went_wrong": "no lines until 16:46",
            "checks_every_day": False,
            "check": [{"what": "it is so", "sql": "SELECT 1", "equals": 2}],
        }
    )
    replayed = Replayed(scenario, evidence, tuple(make_checks(evidence, scenario.all_checks)))
    text = StringIO()
    console = Console(file=text, width=250)
    print_scenario("late-lines", replayed, console)
    print_table({"late-lines": replayed}, console)
    lines = dict(lines_of(replayed))
    assert lines["went wrong"] == "no lines until 16:46"
    assert lines["predictions"].startswith("13:15 ET, due 13:30 ET")
    assert "2 writes, most to raw_player_props: 2" in lines["load"]
    assert lines["FAIL"] == "it is so: 1 (must be 2)"
    assert "0 of 1" in text.getvalue()
    failed = Replayed(scenario, None, problem="the day failed")
    assert not failed.passed
    assert dict(lines_of(failed))["FAIL"] == "the day failed"


def test_an_unknown_scenario_and_a_wrong_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="SCENARIOS: no scenario moon; use some of 2025-12-29"):
        scenario_files(["moon"])
    file = tmp_path / "moon.toml"
    file.write_text('incident = "2026"\n')
    with pytest.raises(ConfigurationError, match=r"(?s)scenario moon.toml: .*title"):
        load_scenario(file)


def test_the_checks_of_all_scenarios_cover_end_time_games_grades_and_load() -> None:
    assert len(every_day_checks()) >= 10
